"""The vocabulary of case files and of expected files: which keys there are, what each takes, and the JSON schemas that
say so to editors.

Rules kept here: ``docs/cases.md``, ``docs/adopting.md``, these tables and the schemas in ``schema/`` say the same. The
loader asks the tables for the keys it accepts; a test holds the schemas against them. After a change here::

    python -c "import parity.loader.vocabulary as v; print(v.schema_text(), end='')" > schema/case.schema.json
    python -c "import parity.loader.vocabulary as v; print(v.expected_text(), end='')" > schema/expected.schema.json
"""

import builtins
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from pkgutil import iter_modules
from typing import Any, Literal, get_args

from parity.case import COMBINE, DTYPES, PATIENCE, QUIRK_KINDS, REFERENCE, SURVIVAL, Layout, Recipe
from parity.loader.scalars import HEXADECIMAL, SPECIAL

MAX_ELEMENTS = 2**27
MAX_DIMENSIONS = 32  # NumPy 1's limit
MAX_TRIALS = 100_000
MAX_NAME = 80
MAX_EXPRESSION_DEPTH = 32
DEVICES = ("cpu", "cuda", "mps")
REDUCTIONS = ("none", "mean", "sum", "elementwise_mean", "batchmean")
LAYOUTS: tuple[Layout, ...] = get_args(Layout)
LAYOUT_DIMENSIONS: Mapping[str, int] = {"transposed": 2, "strided": 1, "expanded": 1, "channels_last": 4}
ELEMENTARY: Mapping[str, int] = {
    "add": 2, "subtract": 2, "multiply": 2, "divide": 2, "negative": 1, "log": 1, "exp": 1, "sum": 1, "mean": 1,
}  # fmt: skip
"""The functions of an expression besides the losses, and how many operands each takes."""
WHOLE_RANGES: Mapping[str, tuple[int, int]] = {
    "bool": (0, 1),
    "uint8": (0, 255),
    **{f"int{bits}": (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) for bits in (8, 16, 32, 64)},
}
"""The dtypes without a fraction, and what they hold."""
FACETS_FOLDER = Path(__file__).parent.parent / "facets"

Takes = Literal["whole", "seed", "finite", "number"]
Schema = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Key:
    """A key: what it is for, the schema of its value, and whether it must be there."""

    about: str
    schema: Schema
    required: bool = False


@dataclass(frozen=True, slots=True)
class Parameter:
    """A key of a recipe; without a ``default`` it is required."""

    takes: Takes
    about: str
    default: float | None = None
    required: bool = True


@dataclass(frozen=True, slots=True)
class RecipeForm:
    """What a recipe draws, its parameters, and the least number of dimensions it needs."""

    about: str
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    dimensions: int = 0


def facet_names() -> tuple[str, ...]:
    """The facets there are: the modules in ``parity/facets``, found without importing them."""
    return tuple(sorted(m.name for m in iter_modules([str(FACETS_FOLDER)]) if not m.name.startswith("_")))


def failure_names() -> tuple[str, ...]:
    """Everything that a trial can fail in."""
    return (*facet_names(), SURVIVAL, REFERENCE)


@cache
def exception_names() -> tuple[str, ...]:
    """The exceptions that a side may be asked to raise; a warning is not one."""
    return tuple(n for n in _builtin_names(Exception) if n not in warning_names())


@cache
def warning_names() -> tuple[str, ...]:
    """The warning categories that both sides may be asked to give."""
    return _builtin_names(Warning)


def _builtin_names(parent: type) -> tuple[str, ...]:
    return tuple(name for name, it in vars(builtins).items() if isinstance(it, type) and issubclass(it, parent))


def _optional(takes: Takes, about: str, default: float | None) -> Parameter:
    return Parameter(takes, about, default, required=False)


_SEED = {"seed": Parameter("seed", "the seed of the draw, a whole number from 0 on")}
_ENDS = {"low": Parameter("finite", "the first value"), "high": Parameter("finite", "the last value")}

RECIPES: Mapping[Recipe, RecipeForm] = {
    "normal": RecipeForm(
        "normally distributed",
        {"mean": _optional("finite", "mean", 0.0), "std": _optional("finite", "standard deviation", 1.0), **_SEED},
    ),
    "uniform": RecipeForm(
        "evenly distributed in [low, high)",
        {"low": _optional("finite", "least value", 0.0), "high": _optional("finite", "upper bound", 1.0), **_SEED},
    ),
    "integers": RecipeForm(
        "whole numbers in [low, high)",
        {"low": Parameter("whole", "least value"), "high": Parameter("whole", "upper bound, left out"), **_SEED},
    ),
    "probabilities": RecipeForm(
        "positive numbers that sum to 1 along axis",
        {"axis": _optional("whole", "the axis of the sum: 1, or 0 in one dimension", None), **_SEED},
        dimensions=1,
    ),
    "signs": RecipeForm("-1 or 1", _SEED),
    "permutation": RecipeForm("0 to n-1 in random order along the last axis", _SEED, dimensions=1),
    "linspace": RecipeForm("evenly spaced from low to high, both in, row by row", _ENDS),
    "full": RecipeForm("one value everywhere", {"value": Parameter("number", "the value")}),
    "special": RecipeForm("the dtype's special values, over and over: zeros, subnormals, 1 ± ulp, max, inf, nan"),
    "neighbours": RecipeForm("shape (points, 3): the float before each point, the point, and the float after it"),
}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


def _listed(items: Schema, least: int = 1, unique: bool = True) -> Schema:
    return {"type": "array", "items": items, "minItems": least} | ({"uniqueItems": True} if unique else {})


def _object(keys: Mapping[str, Key], **rest: Any) -> Schema:
    required = [name for name, key in keys.items() if key.required]
    return {
        "type": "object",
        "properties": {name: {"description": key.about} | key.schema for name, key in keys.items()},
        "additionalProperties": False,
    } | ({"required": required} if required else {}) | rest  # fmt: skip


_PLAIN = {"type": ["string", "number", "boolean", "null"]}
_TEXT = {"type": "string", "pattern": "\\S"}
_NAME = {"type": "string", "minLength": 1, "maxLength": MAX_NAME, "pattern": "^[^/\\u0000-\\u001f\\u007f-\\u009f]*$"}
_WORD = {"type": "string", "pattern": "^[A-Za-z_][A-Za-z0-9_]*$"}
_DTYPES_KEY = Key("the dtypes it runs in; float32 and float64 unless said", _listed({"enum": list(DTYPES)}))
_LOSS_KEY = Key("a loss in reimpl/ (smooth_l1_loss) or a known dotted reference", _TEXT)
_LINK_KEY = Key("where it is discussed", {"type": "string", "pattern": "^https://"})
_WARNING = {"type": "string", "pattern": "Warning$", "examples": ["UserWarning", "FutureWarning", "RuntimeWarning"]}
_ERROR = {
    "type": "string",
    "pattern": "^[A-Z][A-Za-z]*$",
    "examples": ["RuntimeError", "ValueError", "TypeError", "IndexError", "NotImplementedError"],
}

FACET_CHOICE: Mapping[str, Key] = {
    "with": Key("facets besides the usual ones", _listed(_WORD, least=0)),
    "without": Key("facets of the usual ones to leave out", _listed(_WORD, least=0)),
}
TOLERANCE: Mapping[str, Key] = {
    "ulps": Key("how many ulps are allowed", {"allOf": [_ref("number")], "exclusiveMinimum": 0}, required=True),
    "because": Key("the reason", _TEXT, required=True),
}
KNOWN_GAP: Mapping[str, Key] = {
    "facets": Key("the facets that deviate", _listed(_WORD), required=True),
    "because": Key("the reason", _TEXT, required=True),
}
INPUT_FURTHER: Mapping[str, Key] = {
    "dtype": Key("a dtype, or same: the case's, whatever the argument", {"enum": [*DTYPES, "same"]}),
    "layout": Key("how it lies in memory", {"enum": list(LAYOUTS)}),
    "requires_grad": Key("false leaves it out of the gradients, true insists", {"type": "boolean"}),
}
_SHARED_FIRST: Mapping[str, Key] = {
    "name": Key("what it is called, unique for its loss; the trial is loss/name[dtype-device-…]", _NAME, required=True),
    "about": Key("one sentence: what it guards", _TEXT),
    "source": Key("where its numbers come from", _TEXT),
}
_SHARED_LAST: Mapping[str, Key] = {
    "dtypes": _DTYPES_KEY,
    "devices": Key("the devices it runs on", _listed({"enum": list(DEVICES)})),
    "torch": Key("the versions of torch that it is for, such as <2.14; all unless said", _TEXT),
    "facets": Key(
        "a list: only these; or with and without: the usual ones, widened or narrowed",
        {"anyOf": [_listed(_WORD), _object(FACET_CHOICE)]},
    ),
    "tolerance": Key("ulps allowed instead of the table's budget", _object(TOLERANCE)),
    "known_gap": Key("known to deviate; passing is then a failure", _object(KNOWN_GAP)),
}
CASE: Mapping[str, Key] = {
    **_SHARED_FIRST,
    "loss": _LOSS_KEY,
    "inputs": Key(
        "the tensor arguments by name",
        {"type": "object", "additionalProperties": {"anyOf": [_ref("input"), {"type": "null"}]}},
        required=True,
    ),
    "options": Key(
        "every other argument by name, and arrays that may be plain; null is None, a loss's name is that function",
        {"type": "object", "additionalProperties": _ref("option")},
    ),
    "each": Key(
        "lists to take the product over: any option or input",
        {
            "type": "object",
            "additionalProperties": _listed({"anyOf": [_ref("option"), _ref("input")]}, unique=False),
        },
    ),
    "combine": Key(
        "of the trials that dtypes, each and module make: all, or as few as have every two or three choices together",
        {"enum": list(COMBINE)},
    ),
    "expect": Key("the value, met at the digits printed", _ref("literal")),
    "expect_gradient": Key(
        "the gradient of the first input, or a mapping from input to gradient, for an upstream gradient of ones",
        {"anyOf": [_ref("literal"), {"type": "object", "additionalProperties": _ref("literal"), "minProperties": 1}]},
    ),
    "cotangent": Key("one more upstream gradient, of the value's shape", _ref("literal")),
    "refused": Key("the exception that both sides must raise", _ERROR),
    "matching": Key(
        "a regular expression that both messages hold; needs refused", {"type": "string", "format": "regex"}
    ),
    "warns": Key("the warning categories that both sides must give", {"anyOf": [_WARNING, _listed(_WARNING, least=0)]}),
    **_SHARED_LAST,
    "module": Key(
        "a class in torch.nn whose form also runs, or true: the usual one", {"anyOf": [{"const": True}, _WORD]}
    ),
}  # fmt: skip
IDENTITY: Mapping[str, Key] = {
    **_SHARED_FIRST,
    "inputs": Key(
        "the arrays that the expressions name",
        {"type": "object", "propertyNames": _WORD, "additionalProperties": _ref("input")},
        required=True,
    ),
    "left": Key("one expression", _ref("application"), required=True),
    "right": Key("the expression that must come to the same", _ref("application"), required=True),
    **_SHARED_LAST,
}
QUIRK: Mapping[str, Key] = {
    "id": Key("what it is called, once in all files", _TEXT, required=True),
    "loss": Key("the loss that has it", _TEXT, required=True),
    "what": Key("what happens, and why it surprises", _TEXT, required=True),
    "kind": Key(
        "parity_required: done as torch does it; improvement_allowed: better passes too; undefined: never compared",
        {"enum": list(QUIRK_KINDS)},
        required=True,
    ),
    "torch": Key("the versions of torch that have it, such as >=2.6", _TEXT, required=True),
    "cases": Key("the cases that show it: loss/name", _listed(_TEXT), required=True),
    "devices": Key("the devices it was seen on; cpu unless said", _listed({"enum": list(DEVICES)})),
    "link": _LINK_KEY,
}
EXPECTATION: Mapping[str, Key] = {
    "trials": Key(
        "the id of a trial, or of a case for all its trials; * stands for any text, ? for one character",
        _TEXT,
        required=True,
    ),
    "facet": Key("the facet that fails, or a list of them", {"anyOf": [_WORD, _listed(_WORD)]}, required=True),
    "because": Key("the reason", _TEXT, required=True),
    "state": Key("not yet: to be mended, unless said; never: it stays", {"enum": list(PATIENCE)}),
    "until": Key(
        "the last day on which it is expected; due where the state is not never", {"type": "string", "format": "date"}
    ),
    "link": _LINK_KEY,
}
FILE: Mapping[str, Key] = {
    "loss": _LOSS_KEY,
    "dtypes": _DTYPES_KEY,
    "cases": Key("the cases of the file", _listed(_ref("case"), unique=False)),
    "identities": Key("expressions of losses held against each other", _listed(_ref("identity"), unique=False)),
    "quirks": Key("where torch is wrong, undefined, inconsistent or surprising", _listed(_ref("quirk"), unique=False)),
}

_TAKES: Mapping[Takes, Schema] = {
    "whole": {"type": "integer"},
    "seed": {"type": "integer", "minimum": 0},
    "finite": _ref("number"),
    "number": {"anyOf": [_ref("number"), {"type": "boolean"}]},
}


def schema() -> Schema:
    """The JSON schema (draft 2020-12) of a case file, as the tables have it."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Parity cases",
        "description": "Cases of the parity suite for torch's losses; docs/cases.md explains each key.",
        **_object(FILE, anyOf=[{"required": [key]} for key in ("cases", "identities", "quirks")]),
        "$defs": {
            "number": {"anyOf": [{"type": "number"}, {"type": "string", "pattern": f"^(?:{SPECIAL}|{HEXADECIMAL})$"}]},
            "literal": {
                "anyOf": [_ref("number"), {"type": "boolean"}, _listed(_ref("literal"), least=0, unique=False)]
            },
            "option": {"anyOf": [_PLAIN, {"type": "array"}, {"type": "object", "additionalProperties": _PLAIN}]},
            "input": {"anyOf": [_ref("literal"), *(_recipe_schema(name) for name in ("values", *RECIPES))]},
            "expression": {"anyOf": [_ref("number"), _TEXT, _ref("application")]},
            "application": {"type": "object", "description": "one function and its operands", "minProperties": 1},
            "case": _object(CASE, dependentRequired={"matching": ["refused"], "combine": ["each"]}),
            "identity": _object(IDENTITY),
            "quirk": _object(QUIRK),
        },
    }  # fmt: skip


def _recipe_schema(name: str) -> Schema:
    if name == "values":
        return _object({"values": Key("the numbers as written", _ref("literal"), required=True), **INPUT_FURTHER})
    form = RECIPES[name]  # type: ignore[index]
    shape = {"type": "array", "items": {"type": "integer", "minimum": 0}, "minItems": form.dimensions}
    main = Key(form.about, _listed(_ref("number"), unique=False) if name == "neighbours" else shape, required=True)
    parameters = {p: Key(it.about, _TAKES[it.takes], it.required) for p, it in form.parameters.items()}
    return _object({name: main, **parameters, **INPUT_FURTHER})


def expected_schema() -> Schema:
    """The JSON schema of an expected file."""
    never = {"properties": {"state": {"const": "never"}}, "required": ["state"]}
    dated: Schema = {"required": ["until"]}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Expected deviations",
        "description": "Deviations that an adopter of the parity suite knows of; docs/adopting.md explains each key.",
        "type": "array",
        "items": _object(EXPECTATION, **{"if": never, "then": {"not": dated}, "else": dated}),
    }


def schema_text() -> str:
    """The text of ``schema/case.schema.json``."""
    return _text(schema())


def expected_text() -> str:
    """The text of ``schema/expected.schema.json``."""
    return _text(expected_schema())


def _text(schema: Schema) -> str:
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
