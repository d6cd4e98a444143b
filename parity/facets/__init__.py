"""The facets: one file each, named as the facet, with ``compare(exam) -> Finding``.

The folder is the registry. A module may set ``DEPTH``: then it looks at the trials of that depth only, and ``--quick``
leaves it out; ``NUMBERS = True``: it compares numbers, which a quirk of torch may leave undefined; and ``NEEDS``: what
the candidate's framework must have for it.
"""

from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType

from parity.case import Trial
from parity.exam import Exam, Finding, not_compared

Compare = Callable[[Exam], Finding]


@cache
def facets() -> Mapping[str, ModuleType]:
    """Every facet's module by name, in alphabetical order."""
    return {found.name: import_module(f"{__name__}.{found.name}") for found in iter_modules(__path__)}


def depth_of(name: str) -> int:
    """How deep a trial must be for this facet to look at it unasked: 0 for the cheap."""
    return int(getattr(facets()[name], "DEPTH", 0))


@cache
def _usual(depth: int) -> tuple[str, ...]:
    return tuple(name for name in facets() if depth_of(name) <= depth)


def facets_of(trial: Trial) -> list[str]:
    """The facets that look at a trial: the usual ones, or those that its case names."""
    case = trial.case
    usual = case.only_facets if case.only_facets is not None else _usual(trial.depth)
    return [name for name in (*usual, *case.with_facets) if name not in case.without_facets]


def compare(name: str, exam: Exam) -> Finding:
    """What the facet ``name`` finds."""
    facet = facets()[name]
    if lacking := exam.lacking(getattr(facet, "NEEDS", "")):
        return not_compared(lacking)
    if exam.trial.undefined and getattr(facet, "NUMBERS", False):
        return not_compared(f"torch leaves it undefined: {exam.trial.undefined}")
    judge: Compare = facet.compare
    return judge(exam)
