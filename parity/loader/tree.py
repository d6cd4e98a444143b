"""The tree of a case file: YAML read safely into nodes that know their place.

Rules kept here: the tree is built from libyaml's events, so nothing is constructed, expanded or imported on the way; a
node has been written out once where it stands (no alias, anchor, tag or merge key); size, depth and number of nodes are
bounded; whatever is wrong becomes a ``Problem``, never an exception.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from parity.case import Place

MAX_DEPTH = 64
MAX_NODES = 500_000
_PARSER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # a PyYAML without libyaml reads the same, but slower
_CONTROL = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_LINE_BREAK = re.compile("\r\n|[\r\n\x85\u2028\u2029]")


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong in a case file, and how to mend it."""

    place: Place
    message: str

    def __str__(self) -> str:
        return f"{self.place}: {self.message}"


@dataclass(frozen=True, slots=True)
class ScalarNode:
    """A scalar as written; ``plain`` is False for anything in quotes or in a block."""

    place: Place
    text: str
    plain: bool


@dataclass(frozen=True, slots=True)
class ListNode:
    place: Place
    items: "tuple[Node, ...]"


@dataclass(frozen=True, slots=True)
class MapNode:
    """A mapping; every key is text and stands once. ``end`` is where the mapping is over."""

    place: Place
    end: Place
    keys: Mapping[str, ScalarNode]
    values: "Mapping[str, Node]"


@dataclass(frozen=True, slots=True)
class BrokenNode:
    """Stands for what could not be read; its problem has been told."""

    place: Place


Node = ScalarNode | ListNode | MapNode | BrokenNode


def quoted(text: str) -> str:
    """``text`` for a message: escaped, and shortened where nobody would read on."""
    return repr(text if len(text) <= 60 else f"{text[:57]}...")


CONTENT = "write 'cases:' or 'identities:' with a list of them"


def tree_of(content: bytes, file: str, hint: str = CONTENT) -> tuple[Node | None, list[Problem]]:
    """The one document in ``content``, None where it cannot be read, and all that is wrong with its YAML; ``hint`` says
    what an empty file should hold."""
    try:
        text = content.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        place = _place_after(content[: error.start].decode("utf-8").removeprefix("\ufeff"), file)
        return None, [Problem(place, f"the byte 0x{content[error.start]:02x} is not UTF-8; save the file as UTF-8")]
    if control := _CONTROL.search(text):
        place = _place_after(text[: control.start()], file)
        return None, [Problem(place, f"the control character {control[0]!r}; remove it, or escape it in double quotes")]
    tree = _Tree(file)
    try:
        for event in yaml.parse(text, Loader=_PARSER):
            tree.take(event)
    except _Stopped:
        return None, tree.problems
    except (yaml.YAMLError, ValueError) as error:
        return None, [*tree.problems, _syntax_problem(error, file)]
    if tree.root is None:
        tree.report(Place(file, 1, 1), f"the file is empty; {hint}")
    return tree.root, tree.problems


def _place_after(before: str, file: str) -> Place:
    lines = _LINE_BREAK.split(before)
    return Place(file, len(lines), len(lines[-1]) + 1)


def _syntax_problem(error: Exception, file: str) -> Problem:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    place = Place(file, mark.line + 1, mark.column + 1) if mark else Place(file, 1, 1)
    said = [part for part in (getattr(error, "context", None), getattr(error, "problem", None)) if part]
    return Problem(place, f"not YAML: {', '.join(said) or error}")


class _Stopped(Exception):  # noqa: N818 - not an error of its own: the problem has been told, and reading on is of no use
    pass


class _Tree:
    """Builds the nodes, one event at a time, without recursion."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.problems: list[Problem] = []
        self.root: Node | None = None
        self._open: list[tuple[Place, list[Node]]] = []
        self._documents = 0
        self._nodes = 0

    def report(self, place: Place, message: str) -> None:
        self.problems.append(Problem(place, message))

    def take(self, event: Any) -> None:
        place = Place(self.file, event.start_mark.line + 1, event.start_mark.column + 1)
        match event:
            case yaml.ScalarEvent():
                self._check_properties(event, place)
                self._add(ScalarNode(place, event.value, bool(event.implicit[0])))
            case yaml.SequenceStartEvent() | yaml.MappingStartEvent():
                self._check_properties(event, place)
                if len(self._open) == MAX_DEPTH:
                    self._stop(place, f"nested deeper than {MAX_DEPTH} levels")
                self._open.append((place, []))
            case yaml.SequenceEndEvent():
                opened, children = self._open.pop()
                self._add(ListNode(opened, tuple(children)))
            case yaml.MappingEndEvent():
                opened, children = self._open.pop()
                self._add(self._mapping(opened, place, children))
            case yaml.AliasEvent():
                self.report(place, f"the alias '*{event.anchor}'; aliases are not read, write the value out")
                self._add(BrokenNode(place))
            case yaml.DocumentStartEvent():
                self._start_document(event, place)
            case _:
                pass  # the ends of the document and of the stream, and the stream's start, say nothing

    def _start_document(self, event: Any, place: Place) -> None:
        self._documents += 1
        if self._documents > 1:
            self._stop(place, "a second document; a file holds one, put it into a file of its own")
        if event.version or event.tags:
            self.report(place, "a YAML directive; remove the line that begins with %")

    def _check_properties(self, event: Any, place: Place) -> None:
        if event.anchor is not None:
            self.report(place, f"the anchor '&{event.anchor}'; anchors are not read, remove it")
        if event.tag is not None:
            tag = event.tag.replace("tag:yaml.org,2002:", "!!")
            self.report(place, f"the tag {quoted(tag)}; tags are not read, remove it")

    def _add(self, node: Node) -> None:
        self._nodes += 1
        if self._nodes > MAX_NODES:
            self._stop(node.place, f"more than {MAX_NODES:,} values in one file; draw them with a recipe")
        if self._open:
            self._open[-1][1].append(node)
        else:
            self.root = node

    def _mapping(self, place: Place, end: Place, children: list[Node]) -> MapNode:
        keys: dict[str, ScalarNode] = {}
        values: dict[str, Node] = {}
        for key, value in zip(children[::2], children[1::2], strict=True):
            if isinstance(key, ListNode | MapNode):
                self.report(key.place, "a list or mapping as a key; a key is text")
            elif isinstance(key, BrokenNode):
                continue
            elif key.plain and key.text == "<<":
                self.report(key.place, "the merge key '<<'; merge keys are not read, write the keys out")
            elif key.text in keys:
                first = keys[key.text].place
                self.report(key.place, f"repeated key {quoted(key.text)}; the first is at {first.line}:{first.column}")
            else:
                keys[key.text], values[key.text] = key, value
        return MapNode(place, end, keys, values)

    def _stop(self, place: Place, message: str) -> None:
        self.report(place, message)
        raise _Stopped
