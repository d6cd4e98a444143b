"""The options of a loss, against its signature: which there are, where each belongs, what type it takes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, is_dataclass
from itertools import product
from types import NoneType
from typing import Any

from parity.case import DEPRECATED, DTYPES, Argument, DtypeName, Fields, Signature
from parity.loader.reading import Reader
from parity.loader.tree import BrokenNode, ListNode, MapNode, Node, ScalarNode
from parity.loader.vocabulary import REDUCTIONS

_SPELLED = {
    bool: "true or false", int: "a whole number", float: "a number", str: "text", NoneType: "null",
    tuple: "a list", list: "a list", Callable: "the name of a function", DtypeName: "a dtype's name",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Wrong:
    """Stands for an option that could not be read; its problem has been told."""


def suggested(signature: Signature) -> list[str]:
    """The options that an author may want: neither deprecated nor private."""
    return sorted(name for name in signature.options if name not in DEPRECATED and not name.startswith("_"))


def argument_of(reader: Reader, node: Node, name: str, signature: Signature) -> Argument | None:
    """The argument that an option names, None (and told) where it is no option."""
    if name in signature.options:
        return signature[name]
    if name in signature.arrays:
        reader.report(node, f"{name!r} is an array argument of {signature.loss}; it belongs in 'inputs'")
    else:
        reader.report_unknown(node, "option", name, suggested(signature), f"for {signature.loss}")
    return None


def read_option(reader: Reader, node: Node, argument: Argument, is_refused: bool) -> Any:
    """The plain value of an option; a case that is to be refused may give one that the signature does not take."""
    if isinstance(node, MapNode) and argument.fields:
        return _read_fields(reader, node, argument, is_refused)
    value = _plain(reader, node, argument)
    if DtypeName in argument.types and value in DTYPES:
        return DtypeName(value)
    if isinstance(value, Wrong) or is_refused:
        return value
    if not _fits(value, argument):
        reader.report_type(node, repr(argument.name), _takes(argument))
        return Wrong()
    what, known = _words(argument)
    if known and isinstance(value, str) and value not in known:
        reader.report_unknown(node, what, value, known, "" if what == argument.name else f"for {argument.name!r}")
        return Wrong()
    if argument.names_function(value) and value not in (functions := _functions(reader.signatures)):
        reader.report_unknown(node, "function", value, functions, "of two arrays")
        return Wrong()
    return value


def _functions(signatures: Mapping[str, Signature]) -> list[str]:
    """The losses that two arrays are enough for."""
    return [name for name, signature in signatures.items() if "." not in name and _takes_two_arrays(signature)]


def _takes_two_arrays(signature: Signature) -> bool:
    first, rest = signature.arguments[:2], signature.arguments[2:]
    return len([a for a in first if a.kind != "option"]) == 2 and not any(a.required for a in rest)


def _read_fields(reader: Reader, node: MapNode, argument: Argument, is_refused: bool) -> Fields | Wrong:
    """The fields that a mapping names, of an option that takes a dataclass."""
    problems = len(reader.problems)
    known = {field.name: field for field in argument.fields}
    read: dict[str, Any] = {}
    for name, value in node.values.items():
        if name in known:
            read[name] = read_option(reader, value, known[name], is_refused)
        else:
            reader.report_unknown(node.keys[name], "field", name, list(known), f"of {argument.name!r}")
    for field in argument.fields:
        if field.required and field.name not in node.keys:
            reader.report(node, f"the field {field.name!r} of {argument.name!r} is missing; it is required")
    form = next(one for one in argument.types if isinstance(one, type) and is_dataclass(one))
    return Fields(form.__name__, read) if len(reader.problems) == problems else Wrong()


def _words(argument: Argument) -> tuple[str, tuple[str, ...]]:
    """What the text that an option takes is called, and which there is; nothing where any will do."""
    if argument.name == "reduction":
        return "reduction", REDUCTIONS
    return ("dtype", DTYPES) if DtypeName in argument.types else ("value", argument.choices)


def _plain(reader: Reader, node: Node, argument: Argument) -> Any:
    if isinstance(node, ScalarNode):
        problems = len(reader.problems)
        value = reader.scalar(node)
        return value if len(reader.problems) == problems else Wrong()
    if isinstance(node, ListNode):
        values = [_plain(reader, item, argument) for item in node.items]
        if any(isinstance(value, Wrong) for value in values):
            return Wrong()
        return values if list in argument.types and tuple not in argument.types else tuple(values)
    if isinstance(node, MapNode | BrokenNode):
        reader.report_type(node, repr(argument.name), _takes(argument))
    return Wrong()


def _fits(value: Any, argument: Argument) -> bool:
    if not argument.types:
        return True
    if value is None:
        return NoneType in argument.types or (argument.default is None and not argument.required)
    known = {bool: (bool,), int: (int, float), float: (float,), str: (str, Callable, DtypeName)}
    accepted = known.get(type(value), (tuple, list))
    return any(one in argument.types for one in accepted)


def _takes(argument: Argument) -> str:
    names = [
        "a mapping of fields" if is_dataclass(one) else _SPELLED.get(one, getattr(one, "__name__", str(one)))
        for one in argument.types
    ]
    return " or ".join(dict.fromkeys(names)) or "a plain value"


def effective_reductions(signature: Signature, options: Mapping[str, Any], each: Mapping[str, Any]) -> set[str]:
    """The reductions that a case comes to, torch's deprecated spellings seen through; empty for a loss without one."""
    if "reduction" not in signature.options:
        return set()
    chosen = [_choices(name, signature, options, each) for name in ("reduction", *DEPRECATED)]
    return {_reduction(*choice) for choice in product(*chosen)}


def _choices(name: str, signature: Signature, options: Mapping[str, Any], each: Mapping[str, Any]) -> set[Any]:
    if name in each:
        return set(each[name])
    if name in options:
        return {options[name]}
    return {signature[name].default if name in signature.options else None}


def _reduction(reduction: str, size_average: bool | None, reduce: bool | None) -> str:
    if size_average is None and reduce is None:
        return reduction
    if reduce is False:
        return "none"
    return "sum" if size_average is False else "mean"
