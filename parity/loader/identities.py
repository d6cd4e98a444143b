"""An identity of a case file: two expressions of losses that must come to the same."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from parity.case import Application, Case, Dtype, Input, Signature
from parity.loader.fields import shared_fields
from parity.loader.inputs import read_input
from parity.loader.options import argument_of, read_option
from parity.loader.reading import Reader
from parity.loader.tree import ListNode, MapNode, Node, ScalarNode, quoted
from parity.loader.vocabulary import ELEMENTARY, IDENTITY, MAX_EXPRESSION_DEPTH

LOSS = "identities"
_INPUT_NAME = re.compile("[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True)
class _Scope:
    """The names that an expression may use, and those that it has."""

    inputs: tuple[str, ...]
    used: set[str] = field(default_factory=set)


def read_identity(reader: Reader, node: MapNode, dtypes: tuple[Dtype, ...] | None) -> Case | None:
    """The identity at ``node``; None where anything in it is wrong."""
    problems = len(reader.problems)
    said = reader.entries(node, IDENTITY, "an identity") or {}
    fields = shared_fields(reader, node, said, LOSS, dtypes)
    fields["inputs"] = _inputs(reader, said)
    inputs = said.get("inputs")
    scope = _Scope(tuple(inputs.keys) if isinstance(inputs, MapNode) else ())
    fields |= {side: _side(reader, said[side], side, scope) for side in ("left", "right") if side in said}
    if {"left", "right"} <= said.keys() and isinstance(inputs, MapNode):
        for name in scope.inputs:
            if name not in scope.used:
                reader.report(inputs.keys[name], f"the input {quoted(name)} is used by neither side; remove it")
    if len(reader.problems) > problems or fields["dtypes"] is None:
        return None
    return Case(loss=LOSS, place=node.place, **fields)


def _inputs(reader: Reader, said: Mapping[str, Node]) -> dict[str, Input]:
    read: dict[str, Input] = {}
    for name, key, node in reader.named(said["inputs"], "inputs") if "inputs" in said else ():
        if not (_INPUT_NAME.fullmatch(name) and isinstance(reader.scalar(key), str)):
            reader.report(
                key, f"the input's name {quoted(name)}; it takes letters, digits and _, and is no number or constant"
            )
        described = read_input(reader, node, f"the input {quoted(name)}")
        if described:
            read[name] = _whole_as_int64(described)
    return read


def _whole_as_int64(described: Input) -> Input:
    """No signature says here which array holds class indices: whole numbers do, unless the file says otherwise."""
    is_whole = described.recipe in ("integers", "permutation") or (described.recipe == "values" and described.whole)
    return replace(described, dtype="int64") if is_whole and described.dtype is None else described


def _side(reader: Reader, node: Node, side: str, scope: _Scope) -> Application | None:
    if not isinstance(node, MapNode):
        reader.report_type(node, side, "a function and its operands, such as {l1_loss: [x, y]}")
        return None
    return _application(reader, node, scope, 1)


def _application(reader: Reader, node: MapNode, scope: _Scope, depth: int) -> Application | None:
    if depth > MAX_EXPRESSION_DEPTH:
        reader.report(node, f"an expression deeper than {MAX_EXPRESSION_DEPTH} functions")
        return None
    losses = [name for name in reader.signatures if "." not in name]
    functions = [name for name in node.keys if name in losses or name in ELEMENTARY]
    if len(functions) > 1:
        message = f"two functions in one expression, {functions[0]} and {functions[1]}; nest one in the other"
        reader.report(node.keys[functions[1]], message)
    if not node.keys:
        reader.report(node, "an expression takes one function, and this mapping is empty")
    elif not functions:
        name, key = next(iter(node.keys.items()))
        reader.report_unknown(key, "function", name, [*losses, *ELEMENTARY])
    operands = _operands(reader, node.values[functions[0]], scope, depth) if functions else ()
    if len(functions) != 1:
        return None
    function = functions[0]
    signature = reader.signatures.get(function)
    options = _options(reader, node, function, signature)
    application = Application(function, operands, options)
    _check_operands(reader, node.keys[function], application, signature)
    return application


def _operands(reader: Reader, node: Node, scope: _Scope, depth: int) -> tuple[Any, ...]:
    items = node.items if isinstance(node, ListNode) else (node,)
    return tuple(_expression(reader, item, scope, depth) for item in items)


def _expression(reader: Reader, node: Node, scope: _Scope, depth: int) -> str | int | float | Application | None:
    if isinstance(node, MapNode):
        return _application(reader, node, scope, depth + 1)
    value = reader.scalar(node) if isinstance(node, ScalarNode) else None
    if isinstance(value, str):
        if value not in scope.inputs:
            reader.report_unknown(node, "input", value, scope.inputs)
        scope.used.add(value)
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    reader.report_type(node, "an operand", "an input's name, a number or {function: operands}")
    return None


def _options(reader: Reader, node: MapNode, function: str, signature: Signature | None) -> dict[str, Any]:
    options: dict[str, Any] = {}
    for name, value in node.values.items():
        if name == function:
            continue
        if signature is None:
            reader.report_unknown(node.keys[name], "option", name, (), f"for {function}")
        elif name in signature.arrays and name not in signature.options:
            reader.report(
                node.keys[name], f"{name!r} is an array argument of {function}; it belongs among the operands"
            )
        elif argument := argument_of(reader, node.keys[name], name, signature):
            options[name] = read_option(reader, value, argument, is_refused=False)
    return options


def _check_operands(reader: Reader, node: Node, application: Application, signature: Signature | None) -> None:
    function, given = application.function, len(application.operands)
    positional = [a for a in signature.arguments if not a.keyword_only] if signature else []
    least = (
        sum(a.required and a.name not in application.options for a in positional) if signature else ELEMENTARY[function]
    )
    most = max(least, sum(a.kind != "option" for a in positional)) if signature else least
    if not least <= given <= most:
        number = str(least) if least == most else f"{least} to {most}"
        reader.report(node, f"{function} takes {number} operands, not {given}")
