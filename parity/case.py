"""The records that run through the engine: what a case file says, and the trials that come of it.

Rules kept here: records are frozen plain data and hold no tensor; the loader alone makes a ``Case``; every trial's id
is stable (no clock, address or order in it), so that ``pytest -n`` and ``--case`` mean the same trial on every machine.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from itertools import product
from types import NoneType
from typing import Any, Literal, get_args

from parity.covering import combined

Dtype = Literal[
    "float16", "bfloat16", "float32", "float64", "complex64", "complex128",
    "uint8", "int8", "int16", "int32", "int64", "bool",
]  # fmt: skip
Layout = Literal["contiguous", "transposed", "strided", "expanded", "channels_last", "offset"]
Recipe = Literal[
    "values", "normal", "uniform", "integers", "probabilities", "signs", "permutation", "linspace", "full", "special",
    "neighbours",
]  # fmt: skip

Combine = Literal["product", "triples", "pairs"]
QuirkKind = Literal["parity_required", "improvement_allowed", "undefined"]
Patience = Literal["not yet", "never"]

DTYPES: tuple[Dtype, ...] = get_args(Dtype)
QUIRK_KINDS: tuple[QuirkKind, ...] = get_args(QuirkKind)
COMBINE: tuple[Combine, ...] = get_args(Combine)
PATIENCE: tuple[Patience, ...] = get_args(Patience)
SURVIVAL, REFERENCE = "survival", "reference"
"""What failures are called that no facet finds: the candidate fell, and it called torch's own losses."""
STRENGTHS: Mapping[Combine, int] = {"triples": 3, "pairs": 2}
FLOATS: tuple[Dtype, ...] = ("float16", "bfloat16", "float32", "float64")
DEFAULT_DTYPES: tuple[Dtype, ...] = ("float32", "float64")
DEPRECATED = ("size_average", "reduce")  # torch's deprecated spellings of ``reduction``; accepted, never suggested

Nested = Any
"""A number, bool, or a rectangular nest of tuples of them, as written in the file."""


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where something stands in a case file; lines and columns count from 1."""

    file: str
    line: int
    column: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


class DtypeName(str):
    """The name of a dtype, for an option that takes the dtype itself."""

    __slots__ = ()


@dataclass(frozen=True, slots=True, repr=False)
class Fields:
    """What a file says of an option whose type is a dataclass: the name of that class, and the fields by name."""

    of: str
    values: Mapping[str, Any]

    def __repr__(self) -> str:
        return f"{{{', '.join(f'{name}: {_spelled(value)}' for name, value in self.values.items())}}}"


@dataclass(frozen=True, slots=True)
class Argument:
    """One parameter of a loss, or one field of an option.

    ``array`` takes tensors, and whole numbers given to it become the case's dtype; ``labels`` takes tensors too, and
    whole numbers become int64 (class indices); ``option`` takes plain values of ``types``, and so does an array or
    labels that names any. Where ``Callable`` is one of these, it takes the name of a loss, and each side is given a
    function of that name; text is one of ``choices`` if there are any, and a mapping has ``fields`` where the type is a
    dataclass, which ``types`` holds then.
    """

    name: str
    kind: Literal["array", "labels", "option"]
    required: bool
    default: Any = None
    types: tuple[object, ...] = ()
    keyword_only: bool = False
    choices: tuple[str, ...] = ()
    fields: "tuple[Argument, ...]" = ()

    def names_function(self, value: Any) -> bool:
        """``value`` stands for a function."""
        return Callable in self.types and isinstance(value, str)

    @property
    def takes_plain(self) -> bool:
        return self.kind == "option" or any(one is not NoneType for one in self.types)


@dataclass(frozen=True, slots=True)
class Signature:
    """The parameters of a loss, in order."""

    loss: str
    arguments: tuple[Argument, ...]

    def __getitem__(self, name: str) -> Argument:
        return next(argument for argument in self.arguments if argument.name == name)

    @property
    def arrays(self) -> tuple[str, ...]:
        return tuple(a.name for a in self.arguments if a.kind != "option")

    @property
    def options(self) -> tuple[str, ...]:
        return tuple(a.name for a in self.arguments if a.takes_plain)


@dataclass(frozen=True, slots=True)
class Input:
    """One array as the file describes it.

    ``recipe`` is ``"values"`` for a literal (then ``values`` holds it) or the recipe's name (then ``parameters`` holds
    its other keys: low, high, value, seed, axis, mean, std, points). ``shape`` is known for both. ``whole`` says that
    every number of a literal was written as a whole number. ``dtype`` is None (the case's, or int64 for labels), a
    dtype's name, or ``"same"`` (the case's, whatever the argument).
    """

    place: Place
    recipe: Recipe
    shape: tuple[int, ...]
    values: Nested = None
    whole: bool = False
    parameters: Mapping[str, Any] = field(default_factory=dict)
    dtype: str | None = None
    layout: Layout = "contiguous"
    requires_grad: bool | None = None


@dataclass(frozen=True, slots=True)
class Printed:
    """A number to be met at the digits it was printed with: ``8.5050`` has four decimals.

    ``slack`` is half a unit of the last digit printed; 0 for inf and NaN.
    """

    value: float
    slack: float


@dataclass(frozen=True, slots=True)
class Tolerance:
    """Ulps allowed in this case instead of the table's, and the reason."""

    ulps: float
    because: str


@dataclass(frozen=True, slots=True)
class KnownGap:
    """Facets in which the shipped formula is known to deviate, and the reason; a pass there is a failure."""

    facets: tuple[str, ...]
    because: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """Both sides must raise this exception type; ``matching`` is a regular expression both messages hold."""

    error: str
    matching: str | None = None


@dataclass(frozen=True, slots=True)
class Application:
    """An expression of an identity: ``function`` of operands (input names, numbers, expressions) with options."""

    function: str
    operands: "tuple[str | float | Application, ...]"
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Quirk:
    """A place where the reference is wrong, undefined, inconsistent or surprising, and the cases that show it.

    ``torch`` are the versions it was seen in (PEP 440). What is ``undefined`` is never compared; where the kind is
    ``improvement_allowed`` a candidate may be more accurate; what is ``parity_required`` must be done as torch does it.
    """

    id: str
    loss: str
    what: str
    kind: QuirkKind
    torch: str
    cases: tuple[str, ...]
    place: Place
    devices: tuple[str, ...] = ("cpu",)
    link: str = ""


@dataclass(frozen=True, slots=True)
class Case:
    """One entry of a case file, checked. An identity has ``left`` and ``right``, and the loss ``"identities"``."""

    loss: str
    name: str
    place: Place
    inputs: Mapping[str, Input | None]
    about: str = ""
    source: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    each: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    combine: Combine = "product"
    dtypes: tuple[Dtype, ...] = DEFAULT_DTYPES
    devices: tuple[str, ...] = ()
    torch: str = ""
    expect: Nested = None
    expect_gradient: Mapping[str, Nested] = field(default_factory=dict)
    cotangent: Nested = None
    refused: Refusal | None = None
    warns: tuple[str, ...] | None = None
    only_facets: tuple[str, ...] | None = None
    with_facets: tuple[str, ...] = ()
    without_facets: tuple[str, ...] = ()
    tolerance: Tolerance | None = None
    known_gap: KnownGap | None = None
    module: str | bool = False
    left: Application | None = None
    right: Application | None = None

    @property
    def id(self) -> str:
        return f"{self.loss}/{self.name}"


@dataclass(frozen=True, slots=True)
class Trial:
    """A case at one dtype, device and choice of ``each``; ``inputs`` and ``options`` have the choice put in.

    ``form`` is ``"function"``, ``"module"`` (the loss's usual class), or the name of a class in ``torch.nn``. At a
    ``depth`` of 1 it is looked at through the costly facets too, at 2 through the dearest. ``undefined`` is the id of
    the quirk that leaves the numbers of the result undefined.
    """

    case: Case
    dtype: Dtype
    device: str
    inputs: Mapping[str, Input | None]
    options: Mapping[str, Any]
    choice: tuple[str, ...] = ()
    form: str = "function"
    depth: int = 0
    undefined: str = ""

    @property
    def id(self) -> str:
        return f"{self.case.id}[{'-'.join(self.labels)}]"

    @property
    def labels(self) -> tuple[str, ...]:
        """What tells it from the other trials of its case, one for each thing that there is to choose."""
        return self.dtype, self.device, *self.choice


def trials_of(case: Case, device: str) -> list[Trial]:
    """Every trial of ``case`` on ``device``: dtypes × the product of ``each`` × function and module forms, or as many
    as ``combine`` asks for."""
    forms = ("function", *_module_forms(case))
    every = [
        _trial(case, dtype, device, dict(zip(case.each, choice, strict=True)), form)
        for dtype in case.dtypes
        for choice in product(*(tuple(enumerate(values)) for values in case.each.values()))
        for form in forms
    ]
    if case.combine == "product":
        return every
    return [every[at] for at in combined([(trial.form, *trial.labels) for trial in every], STRENGTHS[case.combine])]


def reseeded(trial: Trial, by: int) -> Trial:
    """The same trial on other numbers: every seed moved by ``by``. What the case prints does not hold for them."""
    if not by or not is_drawn(trial):
        return trial
    inputs = {name: described and _reseeded(described, by) for name, described in trial.inputs.items()}
    case = replace(trial.case, inputs=inputs, expect=None, expect_gradient={})
    return replace(trial, case=case, inputs=inputs)


def is_drawn(trial: Trial) -> bool:
    """Whether any of its numbers come of a seed."""
    return any(described is not None and "seed" in described.parameters for described in trial.inputs.values())


def _reseeded(described: Input, by: int) -> Input:
    if "seed" not in described.parameters:
        return described
    return replace(described, parameters={**described.parameters, "seed": described.parameters["seed"] + by})


def _module_forms(case: Case) -> tuple[str, ...]:
    if not case.module:
        return ()
    return ("module",) if case.module is True else (str(case.module),)


def _trial(case: Case, dtype: Dtype, device: str, chosen: Mapping[str, tuple[int, Any]], form: str) -> Trial:
    inputs = dict(case.inputs)
    options = dict(case.options)
    for name, (_, value) in chosen.items():
        if name in inputs or isinstance(value, Input):
            inputs[name] = value
        else:
            options[name] = value
    labels = [_label(name, index, value) for name, (index, value) in chosen.items()]
    if form != "function":
        labels.append(form)
    return Trial(case, dtype, device, inputs, options, tuple(labels), form)


def _label(name: str, index: int, value: Any) -> str:
    """How a choice reads in a trial's id: ``mean``, ``beta=0.5``, and ``weight=0`` for the first of several arrays."""
    if isinstance(value, str):
        return value
    return f"{name}={index if isinstance(value, Input) else _spelled(value)}"


def _spelled(value: Any) -> str:
    """A plain value as a case file has it."""
    if isinstance(value, bool) or value is None:
        return "null" if value is None else str(value).lower()
    return str(value)
