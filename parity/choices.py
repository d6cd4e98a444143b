"""What a trial chooses for each argument of its loss, in classes that are worth telling apart.

Rules kept here: an argument that is left out has its default; classes come from the signature, no loss is named.
"""

from collections.abc import Mapping
from types import NoneType
from typing import Any

from parity.case import Argument, Signature, Trial

GIVEN, DEFAULT, OTHER = "given", "default", "other"


def choices(trial: Trial, signature: Signature) -> Mapping[str, str]:
    """The class of every argument's value, by name."""
    return {argument.name: _chosen(argument, trial) for argument in signature.arguments}


def classes(argument: Argument) -> tuple[str, ...]:
    """The classes that cases must reach: both truth values, None, an array and none, the default and any other number,
    the three usual words of a reduction."""
    found = ["null"] if NoneType in argument.types or (argument.default is None and not argument.required) else []
    if argument.kind != "option":
        return (*found, GIVEN)
    if bool in argument.types:
        found += ["true", "false"]
    if str in argument.types and argument.default is not None:
        found += ["none", "mean", "sum"] if argument.name == "reduction" else [str(argument.default)]
    if {int, float} & set(argument.types):
        found += [DEFAULT, OTHER] if argument.default is not None else [OTHER]
    return tuple(found) or (GIVEN,)


def fine(argument: Argument, value: Any) -> str:
    """The class of a value as the costly facets tell them apart: of numbers also zero, negative and infinite ones."""
    if isinstance(value, int | float) and not isinstance(value, bool) and value != argument.default:
        return "0" if value == 0 else "inf" if value in (float("inf"), float("-inf")) else str(value < 0)
    return _class(argument, value)


def _chosen(argument: Argument, trial: Trial) -> str:
    if argument.name in trial.inputs:
        return "null" if trial.inputs[argument.name] is None else GIVEN
    return _class(argument, trial.options.get(argument.name, argument.default))


def _class(argument: Argument, value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return value if str in argument.types else GIVEN
    if isinstance(value, int | float):
        return DEFAULT if argument.default is not None and value == argument.default else OTHER
    return GIVEN
