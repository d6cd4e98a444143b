"""A case of a case file, against the vocabulary and the signature of its loss."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import Any, cast

from parity.case import COMBINE, DEFAULT_DTYPES, Case, Combine, Dtype, Input, Signature
from parity.loader.fields import Said, shared_fields
from parity.loader.inputs import read_input
from parity.loader.options import Wrong, argument_of, read_option
from parity.loader.outcomes import inputs_of, outcomes
from parity.loader.reading import Reader, is_null
from parity.loader.tree import MapNode, Node, Problem, ScalarNode, quoted
from parity.loader.vocabulary import CASE, MAX_TRIALS, WHOLE_RANGES


@dataclass(frozen=True, slots=True)
class Defaults:
    """What the file says for its cases; None where it does not, or not well (and then it has been told)."""

    loss: str | None = None
    dtypes: tuple[Dtype, ...] | None = DEFAULT_DTYPES
    has_loss: bool = False


def read_case(reader: Reader, node: MapNode, defaults: Defaults) -> Case | None:
    """The case at ``node``; None where anything in it is wrong."""
    problems = len(reader.problems)
    said = reader.entries(node, CASE, "a case") or {}
    loss = _loss(reader, node, said, defaults)
    signature = reader.signatures.get(loss or "")
    fields = shared_fields(reader, node, said, loss, defaults.dtypes)
    fields |= _arguments(reader, said, signature, fields)
    # What does not fit wrong arguments may fit them once they are mended.
    fields |= outcomes(reader, said, signature if len(reader.problems) == problems else None, fields)
    if len(reader.problems) > problems or loss is None or fields["dtypes"] is None:
        return None
    return Case(loss=loss, place=node.place, **fields)


def _loss(reader: Reader, node: MapNode, said: Said, defaults: Defaults) -> str | None:
    if "loss" in said:
        return read_loss(reader, said["loss"])
    if not defaults.has_loss:
        reader.report(node, "the key 'loss' is missing in a case, and the file has none for all: a loss in reimpl/")
    return defaults.loss


def read_loss(reader: Reader, node: Node) -> str | None:
    word = reader.word(node, "loss", list(reader.signatures))
    return word and reader.signatures[word].loss


def _arguments(reader: Reader, said: Said, signature: Signature | None, fields: Mapping[str, Any]) -> dict[str, Any]:
    read: dict[str, Any] = {"inputs": {}, "options": {}, "each": {}}
    for name, key, node in reader.named(said["inputs"], "inputs") if "inputs" in said else ():
        if _is_input(reader, key, name, signature):
            read["inputs"][name] = _optional_input(reader, node, name, signature)
    for name, key, node in reader.named(said["options"], "options") if "options" in said else ():
        argument = argument_of(reader, key, name, signature) if signature else None
        if name in read["inputs"] and argument:
            reader.report(key, f"{name!r} stands in 'inputs' and in 'options'; keep one")
        if argument:
            read["options"][name] = read_option(reader, node, argument, "refused" in said)
    for name, key, node in reader.named(said["each"], "each") if "each" in said else ():
        if name in read["inputs"] or name in read["options"]:
            where = "inputs" if name in read["inputs"] else "options"
            reader.report(key, f"{name!r} stands in 'each' and in {where!r}; keep one")
        read["each"][name] = _choices(reader, key, node, signature, "refused" in said)
    if "combine" in said:
        read["combine"] = _combine(reader, said)
    if signature and isinstance(said.get("inputs"), MapNode):
        _check_required(reader, said["inputs"], signature, read)
    trials = prod(len(values) for values in read["each"].values()) * len(fields["dtypes"] or ())
    if trials > MAX_TRIALS:
        reader.report(said["each"], f"{trials:,} trials, dtypes counted; at most {MAX_TRIALS:,}")
    whole = [dtype for dtype in fields["dtypes"] or () if dtype in WHOLE_RANGES]
    for given in inputs_of(read) if whole else ():
        if given.recipe in ("special", "neighbours") and given.dtype in (None, "same"):
            reader.problems.append(
                Problem(given.place, f"{given.recipe} takes a floating dtype, not the case's {whole[0]}")
            )
    return read


def _combine(reader: Reader, said: Said) -> Combine:
    if "each" not in said:
        reader.report(said["combine"], "'combine' needs 'each' beside it, or there is nothing to combine")
    return cast(Combine, reader.word(said["combine"], "combine", COMBINE) or "product")


def _is_input(reader: Reader, key: Node, name: str, signature: Signature | None) -> bool:
    if signature is None or name in signature.arrays:
        return True
    if name in signature.options:
        reader.report(key, f"{name!r} is an option of {signature.loss}; it belongs in 'options'")
    else:
        reader.report_unknown(key, "input", name, signature.arrays, f"for {signature.loss}")
    return False


def _optional_input(reader: Reader, node: Node, name: str, signature: Signature | None) -> Input | None:
    if not is_null(node):
        return read_input(reader, node, f"the input {quoted(name)}")
    if signature and signature[name].required:
        reader.report(
            node, f"the input {name!r} of {signature.loss} is required; it takes numbers or a recipe, not null"
        )
    return None


def _choices(
    reader: Reader, key: ScalarNode, node: Node, signature: Signature | None, is_refused: bool
) -> tuple[Any, ...]:
    """The alternatives of one key of ``each``."""
    name = key.text
    items = reader.listed(node, f"{name!r} in 'each'", "alternatives")
    if signature is None:
        return items
    if name in signature.arrays:
        return tuple(_optional_input(reader, item, name, signature) for item in items)
    argument = argument_of(reader, key, name, signature)
    if argument is None:
        return ()
    values = [read_option(reader, item, argument, is_refused) for item in items]
    seen: set[str] = set()
    for item, value in zip(items, values, strict=True):
        if repr(value) in seen and not isinstance(value, Wrong):
            reader.report(item, f"the alternative {value!r} of {name!r} stands twice")
        seen.add(repr(value))
    return tuple(values)


def _check_required(reader: Reader, node: Node, signature: Signature, read: Mapping[str, Mapping[str, Any]]) -> None:
    given = {*read["inputs"], *read["options"], *read["each"]}
    for argument in signature.arguments:
        if argument.required and argument.name not in given:
            where = "option" if argument.kind == "option" else "input"
            reader.report(node, f"the {where} {argument.name!r} of {signature.loss} is missing; it is required")
