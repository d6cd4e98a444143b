"""The facets: one file each, named as the facet, with ``compare(exam) -> Finding``.

The folder is the registry. A module may set ``COSTLY = True``: then it does not run in every trial and ``--quick``
leaves it out.
"""

from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType

from parity.exam import Exam, Finding

Compare = Callable[[Exam], Finding]


@cache
def facets() -> Mapping[str, ModuleType]:
    """Every facet's module by name, in alphabetical order."""
    return {found.name: import_module(f"{__name__}.{found.name}") for found in iter_modules(__path__)}


def is_costly(name: str) -> bool:
    return bool(getattr(facets()[name], "COSTLY", False))


def compare(name: str, exam: Exam) -> Finding:
    """What the facet ``name`` finds."""
    judge: Compare = facets()[name].compare
    return judge(exam)
