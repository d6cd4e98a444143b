"""A quirk of the register: a place where torch is wrong, undefined, inconsistent or surprising."""

from collections.abc import Collection

from parity.case import QUIRK_KINDS, Quirk
from parity.loader.fields import read_link, read_versions
from parity.loader.reading import Reader
from parity.loader.tree import MapNode, Node, quoted
from parity.loader.vocabulary import DEVICES, QUIRK


def read_quirk(reader: Reader, node: MapNode) -> tuple[Quirk, Node] | None:
    """The quirk at ``node`` and where it names its cases; None where anything in it is wrong."""
    problems = len(reader.problems)
    said = reader.entries(node, QUIRK, "a quirk") or {}
    text = {key: reader.text(said[key], key) for key in ("id", "what") if key in said}
    link = read_link(reader, said)
    loss = reader.word(said["loss"], "loss", list(reader.signatures)) if "loss" in said else None
    kind = reader.word(said["kind"], "kind", QUIRK_KINDS) if "kind" in said else None
    devices = reader.words(said["devices"], "device", DEVICES) if "devices" in said else ("cpu",)
    cases = reader.listed(said["cases"], "cases", "cases") if "cases" in said else ()
    named = [reader.text(item, "a case") for item in cases]
    versions = read_versions(reader, said["torch"]) if "torch" in said else None
    if "id" in said and text["id"]:
        _check_unique(reader, said["id"], text["id"])
    if len(reader.problems) > problems:
        return None
    quirk = Quirk(
        id=str(text["id"]),
        loss=str(loss),
        what=str(text["what"]),
        kind=kind,  # type: ignore[arg-type]  # one of QUIRK_KINDS
        torch=str(versions),
        cases=tuple(map(str, named)),
        devices=devices,
        link=link,
        place=node.place,
    )
    return quirk, said["cases"]


def check_shown(reader: Reader, quirks: Collection[tuple[Quirk, Node]], ids: Collection[str]) -> None:
    """Every case that a quirk names is there."""
    for quirk, node in quirks:
        for name in quirk.cases:
            if name not in ids:
                reader.report(node, f"the quirk {quoted(quirk.id)} names the case {quoted(name)}, which is not there")


def _check_unique(reader: Reader, node: Node, name: str) -> None:
    first = reader.names.setdefault(("a quirk", name), node.place)
    if first is not node.place:
        reader.report(node, f"repeated id {quoted(name)}; the first is at {first}")
