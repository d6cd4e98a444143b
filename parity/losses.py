"""Which losses there are, and where to find an implementation of each.

The folder ``reimpl/`` is the registry: a file there is a loss, its signature is read from the function in it. A
candidate is any module that has functions of the same names.
"""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import is_dataclass
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType, NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

import torch

import reimpl
from parity.bridge import FRAMEWORKS
from parity.case import Argument, DtypeName, Fields, Signature
from parity.errors import CandidateError
from parity.references import TORCH, References, reference_of
from reimpl._array import Array, Labels

Function = Callable[..., Any]

NAMED = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
ELEMENTARY = ("add", "subtract", "multiply", "divide", "negative", "log", "exp", "sum", "mean")
"""What an identity may do besides calling losses: functions of these names in torch and in NumPy."""


class Subject:
    """One implementation of the losses: the reference or a candidate.

    ``module`` holds the functions, each found by ``getattr`` under ``prefix`` + the loss's name, or under what
    ``names`` has for it; the nn.Module forms are found in it too, or in its attribute ``modules``. A package may have a
    function in a file of the same name. The functions take arrays of ``framework``, and torch's tensors as they are
    found here.
    """

    def __init__(
        self,
        name: str,
        module: Any,
        prefix: str = "",
        forms: Any = None,
        names: Mapping[str, str] | None = None,
        framework: str = "torch",
    ) -> None:
        self.name = name
        self.framework = FRAMEWORKS[framework]
        self._module = module
        self._prefix = prefix
        self._forms = forms
        self.names = names or {}

    def answer(self, way: Function, call: Any, **options: Any) -> Any:
        """What comes of calling this side a certain ``way``."""
        return way(self, call, **options)

    def has(self, loss: str) -> bool:
        return self.function(loss) is not None

    def has_form(self, name: str) -> bool:
        return self.form(name) is not None

    def function(self, loss: str) -> Function | None:
        """The function for ``loss``, or None where the subject lacks it."""
        found = self._function(loss)
        return None if found is None else self.framework.bridged(found)

    def _function(self, loss: str) -> Function | None:
        name = self.names.get(loss, self._prefix + loss)
        found = self._attribute(self._module, name)
        if found is None or isinstance(found, ModuleType):
            found = self._attribute(self._file(name), name)
        return found if callable(found) and not isinstance(found, ModuleType) else None

    def form(self, name: str) -> Function | None:
        """The nn.Module class ``name``, or None."""
        name = self.names.get(name, name)
        places = (self._forms or self._attribute(self._module, "modules"), self._module)
        found = (self._attribute(place, name) for place in places if place is not None)
        return next((form for form in found if inspect.isclass(form)), None)

    def takes(self, name: str) -> tuple[str, ...] | None:
        """The arguments that the function or the class ``name`` takes by name; None where it takes any, or does not
        say."""
        try:
            parameters = inspect.signature(self._function(name) or self.form(name) or _anything).parameters.values()
        except (TypeError, ValueError):
            return None
        if any(one.kind is inspect.Parameter.VAR_KEYWORD for one in parameters):
            return None
        return tuple(one.name for one in parameters if one.kind in NAMED)

    def made(self, value: Any) -> Any:
        """What a loss is called with where a case says ``value``: for fields an instance of the class of that name, the
        subject's own or else torch's; for a dtype's name the dtype; anything else as it is."""
        if isinstance(value, DtypeName):
            return getattr(torch, value)
        if not isinstance(value, Fields):
            return value
        form = self.form(value.of) or getattr(torch.nn, value.of)
        return form(**{name: self.made(field) for name, field in value.values.items()})

    def _file(self, name: str) -> ModuleType | None:
        """The file of a package that has this name.

        Raises:
            CandidateError: its import fails.
        """
        package = self._module
        if not isinstance(package, ModuleType) or not hasattr(package, "__path__"):
            return None
        try:
            there = find_spec(f"{package.__name__}.{name}") is not None
            return import_module(f"{package.__name__}.{name}") if there else None
        except (Exception, SystemExit) as error:
            raise CandidateError(f"{self.name}: {name} cannot be imported: {type(error).__name__}: {error}") from error

    def _attribute(self, place: Any, name: str) -> Any:
        """The attribute, or None.

        Raises:
            CandidateError: it is made on demand, and the making fails.
        """
        try:
            return getattr(place, name, None)
        except Exception as error:
            raise CandidateError(f"{self.name}: {name} cannot be had: {type(error).__name__}: {error}") from error


def _anything(**_: Any) -> None:
    """Stands for what is not there."""


@cache
def signatures() -> Mapping[str, Signature]:
    """The signature of every loss, by name."""
    folder = Path(reimpl.__file__).parent
    names = sorted(p.stem for p in folder.glob("*.py") if not p.stem.startswith("_") and p.stem != "modules")
    return {name: _signature(name, getattr(import_module(f"reimpl.{name}"), name)) for name in names}


def spellings() -> Mapping[str, Signature]:
    """The signature of every loss, by each name that a case file may give it: its own, and its reference's outside
    torch."""
    dotted = {reference_of(loss): signature for loss, signature in signatures().items()}
    return {**signatures(), **{name: s for name, s in dotted.items() if name and not name.startswith(TORCH)}}


def _signature(loss: str, function: Function) -> Signature:
    return Signature(loss, tuple(_argument(parameter) for parameter in _parameters(function)))


def _argument(parameter: inspect.Parameter) -> Argument:
    required = parameter.default is inspect.Parameter.empty
    parts = _parts(parameter.annotation)
    types = tuple(_type(part) for part in parts)
    kind = "labels" if Labels in types else "array" if Array in types else "option"
    plain = tuple(one for one in types if one not in (Array, Labels))
    return Argument(
        name=parameter.name,
        kind=kind,  # type: ignore[arg-type]  # mypy does not narrow a conditional of three literals
        required=required,
        default=None if required else parameter.default,
        types=plain,
        keyword_only=parameter.kind is inspect.Parameter.KEYWORD_ONLY,
        choices=tuple(word for part in parts if get_origin(part) is Literal for word in get_args(part)),
        fields=tuple(
            _argument(p) for one in types if isinstance(one, type) and is_dataclass(one) for p in _parameters(one)
        ),
    )


def _parameters(function: Function) -> Sequence[inspect.Parameter]:
    return tuple(inspect.signature(function).parameters.values())


def _parts(annotation: Any) -> tuple[Any, ...]:
    """The alternatives of an annotation."""
    if get_origin(annotation) in (Union, UnionType):
        return tuple(one for part in get_args(annotation) for one in _parts(part))
    return (annotation,)


def _type(part: Any) -> object:
    """The type that a case's plain value has for one part of an annotation; a list in a file becomes a tuple."""
    if get_origin(part) is Literal:
        return str
    plain = get_origin(part) or part
    return {None: NoneType, Sequence: tuple, torch.dtype: DtypeName}.get(plain, plain)


REFERENCE = Subject("torch", References(), forms=torch.nn)


def usual_form(loss: str) -> str | None:
    """The name of the module class that stands for ``loss`` in ``reimpl.modules``."""
    modules = import_module("reimpl.modules")
    forms = (name for name, value in vars(modules).items() if getattr(value, "loss", None) == loss)
    return next(forms, None)
