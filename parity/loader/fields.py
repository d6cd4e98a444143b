"""What cases and identities have in common: names, dtypes, facets, and the reasons for being an exception."""

import re
from collections.abc import Mapping
from typing import Any, cast

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from parity.case import DTYPES, Dtype, KnownGap, Tolerance
from parity.loader.reading import Reader
from parity.loader.tree import ListNode, MapNode, Node, quoted
from parity.loader.vocabulary import DEVICES, FACET_CHOICE, KNOWN_GAP, MAX_NAME, TOLERANCE

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
Said = Mapping[str, Node]


def read_dtypes(reader: Reader, node: Node) -> tuple[Dtype, ...]:
    return cast(tuple[Dtype, ...], reader.words(node, "dtype", DTYPES))


def read_versions(reader: Reader, node: Node) -> str | None:
    """Versions of torch; None where they cannot be read."""
    text = reader.text(node, "torch")
    try:
        return None if text is None else str(SpecifierSet(text))
    except InvalidSpecifier:
        reader.report(node, f'torch takes versions such as ">=2.6" or ">=2.6,<2.14", not {quoted(str(text))}')
        return None


def read_link(reader: Reader, said: Said) -> str:
    """The address under ``link``; empty where there is none, or none that can be read."""
    text = reader.text(said["link"], "link") if "link" in said else None
    if text and not text.startswith("https://"):
        reader.report(said["link"], f"link takes an address that begins with https://, not {quoted(text)}")
    return text or ""


def shared_fields(
    reader: Reader, node: Node, said: Said, loss: str | None, dtypes: tuple[Dtype, ...] | None
) -> dict[str, Any]:
    """What cases and identities have in common."""
    if reader.shipped and "about" not in said:
        reader.report(node, "the key 'about' is missing in a shipped case: one sentence, what it guards")
    fields: dict[str, Any] = {"name": _name(reader, said["name"], loss) if "name" in said else None}
    fields |= {key: reader.text(said[key], key) for key in ("about", "source") if key in said}
    fields["dtypes"] = read_dtypes(reader, said["dtypes"]) if "dtypes" in said else dtypes
    if "devices" in said:
        fields["devices"] = reader.words(said["devices"], "device", DEVICES)
    if "torch" in said:
        fields["torch"] = read_versions(reader, said["torch"])
    if "facets" in said:
        fields |= _facets(reader, said["facets"])
    if "tolerance" in said:
        fields["tolerance"] = _tolerance(reader, said["tolerance"])
    if "known_gap" in said:
        fields["known_gap"] = _known_gap(reader, said["known_gap"])
    return fields


def _name(reader: Reader, node: Node, loss: str | None) -> str | None:
    name = reader.text(node, "name")
    if name is None:
        return None
    if len(name) > MAX_NAME or "/" in name or _CONTROL.search(name):
        reader.report(
            node, f"the name {quoted(name)}; it takes 1 to {MAX_NAME} characters, no / and no control character"
        )
        return None
    first = reader.names.setdefault((loss, name), node.place) if loss else node.place
    if first is not node.place:
        reader.report(node, f"repeated name {quoted(name)} for {loss}; the first is at {first}")
    return name


def _facets(reader: Reader, node: Node) -> dict[str, tuple[str, ...]]:
    if isinstance(node, ListNode):
        return {"only_facets": _facet_list(reader, node)}
    if not isinstance(node, MapNode):
        reader.report_type(node, "facets", "a list of facets, or a mapping with the keys with and without")
        return {}
    said = reader.entries(node, FACET_CHOICE, "facets") or {}
    return {f"{key}_facets": _facet_list(reader, value, least=0) for key, value in said.items()}


def _facet_list(reader: Reader, node: Node, least: int = 1) -> tuple[str, ...]:
    return reader.words(node, "facet", reader.facets, least)


def _tolerance(reader: Reader, node: Node) -> Tolerance | None:
    said = reader.entries(node, TOLERANCE, "tolerance") or {}
    ulps = reader.taken(said["ulps"], "ulps", "finite") if "ulps" in said else None
    if ulps is not None and ulps <= 0:
        reader.report(said["ulps"], f"ulps takes a number above 0, not {ulps}")
    because = _because(reader, said)
    return None if ulps is None or because is None else Tolerance(float(ulps), because)


def _known_gap(reader: Reader, node: Node) -> KnownGap | None:
    said = reader.entries(node, KNOWN_GAP, "known_gap") or {}
    facets = _facet_list(reader, said["facets"]) if "facets" in said else ()
    because = _because(reader, said)
    return None if because is None else KnownGap(facets, because)


def _because(reader: Reader, said: Said) -> str | None:
    return reader.text(said["because"], "because") if "because" in said else None
