"""What a case says of its results: numbers, gradients, warnings, the module form, or a refusal."""

import re
from collections.abc import Mapping
from math import prod
from typing import Any, cast

from parity.case import Input, Nested, Refusal, Signature
from parity.loader.fields import Said
from parity.loader.options import effective_reductions
from parity.loader.reading import Reader, Shape, shown
from parity.loader.tree import ListNode, MapNode, Node, ScalarNode, quoted
from parity.loader.vocabulary import exception_names, warning_names


def outcomes(reader: Reader, said: Said, signature: Signature | None, fields: Mapping[str, Any]) -> dict[str, Any]:
    """What the case says of its results."""
    read: dict[str, Any] = {}
    for key, nest_of in (("expect", reader.digits), ("cotangent", reader.numbers)):
        if key in said:
            nest = nest_of(said[key], key)
            if nest and signature and "refused" not in said and (trouble := _misfit(nest[1], signature, fields)):
                reader.report(said[key], f"{key} {trouble}")
            read[key] = nest and nest[0]
    if "expect_gradient" in said:
        read["expect_gradient"] = _gradients(reader, said["expect_gradient"], signature, fields["inputs"])
    if "warns" in said:
        read["warns"] = _warnings(reader, said["warns"])
    if "module" in said:
        read["module"] = _module(reader, said["module"])
    if "refused" in said:
        read["refused"] = _refusal(reader, said)
    elif "matching" in said:
        reader.report(said["matching"], "'matching' needs 'refused' beside it, the exception whose message it matches")
    return read


def _misfit(shape: Shape, signature: Signature, fields: Mapping[str, Any]) -> str | None:
    """Why no result of the case can have the shape; a single number is met by any."""
    if not shape:
        return None
    if scalars := effective_reductions(signature, fields["options"], fields["each"]) - {"none"}:
        return f"takes a single number where the reduction is {' and '.join(sorted(scalars))}, not shape {shown(shape)}"
    # A loss has no more results than its inputs have elements; one_hot and the like, without a reduction, may.
    if "reduction" in signature.options and prod(shape) > (most := _most_elements(fields)):
        return f"has {prod(shape)} elements; the inputs come to at most {most}"
    return None


def _most_elements(fields: Mapping[str, Any]) -> int:
    """How many elements a result can have: those of the largest input, or of what the inputs broadcast to."""
    shapes = [given.shape for given in inputs_of(fields)]
    dimensions = max((len(shape) for shape in shapes), default=0)
    aligned = list(zip(*((1,) * (dimensions - len(shape)) + shape for shape in shapes), strict=True))
    broadcasts = all(len({size for size in sizes if size != 1}) <= 1 for sizes in aligned)
    joint = prod(max(sizes) for sizes in aligned) if broadcasts else 0
    return max([joint, *map(prod, shapes)])


def inputs_of(fields: Mapping[str, Any]) -> list[Input]:
    """The inputs of a case, those of ``each`` included."""
    given = [*fields["inputs"].values(), *(value for values in fields["each"].values() for value in values)]
    return [value for value in given if isinstance(value, Input)]


def _gradients(
    reader: Reader, node: Node, signature: Signature | None, inputs: Mapping[str, Input | None]
) -> dict[str, Nested]:
    named = reader.named(node, "expect_gradient") if isinstance(node, MapNode) else ()
    pairs = [(name, key, value) for name, key, value in named]
    if not isinstance(node, MapNode) and signature:
        pairs = [(signature.arrays[0], cast(ScalarNode, node), node)]
    read: dict[str, Nested] = {}
    for name, key, value in pairs:
        nest = reader.digits(value, "expect_gradient")
        if signature and name not in signature.arrays:
            reader.report_unknown(key, "input", name, signature.arrays, f"for {signature.loss}")
        given = inputs.get(name)
        if nest and given and nest[1] != given.shape:
            reader.report(
                value, f"expect_gradient of shape {shown(nest[1])}; the input {name!r} has {shown(given.shape)}"
            )
        read[name] = nest and nest[0]
    return read


def _warnings(reader: Reader, node: Node) -> tuple[str, ...]:
    if isinstance(node, ListNode):
        return reader.words(node, "warning", warning_names(), least=0)
    warning = reader.word(node, "warning", warning_names())
    return (warning,) if warning else ()


def _module(reader: Reader, node: Node) -> str | bool | None:
    value = reader.scalar(node) if isinstance(node, ScalarNode) else None
    if value is True or (isinstance(value, str) and value.isidentifier()):
        return value
    reader.report_type(node, "module", "true or the name of a class in torch.nn")
    return None


def _refusal(reader: Reader, said: Said) -> Refusal | None:
    for key in ("expect", "expect_gradient", "cotangent"):
        if key in said:
            reader.report(said[key], f"{key!r} in a case that is refused; keep one of the two")
    error = reader.word(said["refused"], "exception", exception_names())
    matching = reader.text(said["matching"], "matching") if "matching" in said else None
    if matching is not None:
        try:
            re.compile(matching)
        except (re.error, RecursionError, OverflowError) as wrong:
            reader.report(said["matching"], f"matching takes a regular expression, not {quoted(matching)}: {wrong}")
    return Refusal(error, matching) if error else None
