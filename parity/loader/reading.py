"""From nodes to plain values, telling what is wrong on the way.

Rules kept here: a method that cannot read its node reports why and answers None, so that the caller goes on and the
next error is told in the same run; a message says what was given, what is accepted and the nearest known name.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import TypeVar

from parity.case import Nested, Place, Printed, Signature
from parity.loader.scalars import NUMBER_FORMS, Plain, printed, resolved, respelled
from parity.loader.tree import BrokenNode, ListNode, MapNode, Node, Problem, ScalarNode, quoted
from parity.loader.vocabulary import Key, Takes

Leaf = TypeVar("Leaf")
Shape = tuple[int, ...]
LONG_LIST = 24  # a longer one is told only where no known name is near


def shown(shape: Shape) -> str:
    return str(list(shape))


def _plural(what: str) -> str:
    return f"{what}es" if what.endswith("s") else f"{what}s"


def is_null(node: Node) -> bool:
    return isinstance(node, ScalarNode) and _peeked(node) is None


def leaves(nested: Nested) -> Iterator[Nested]:
    """The numbers of a nest, in order."""
    if not isinstance(nested, tuple):
        yield nested
        return
    for part in nested:
        yield from leaves(part)


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads nodes against the vocabulary, the signatures and the facets there are; collects the problems."""

    signatures: Mapping[str, Signature]
    facets: tuple[str, ...]
    shipped: bool = False
    problems: list[Problem] = field(default_factory=list)
    names: dict[tuple[str, str], Place] = field(default_factory=dict)

    def report(self, node: Node, message: str) -> None:
        self.problems.append(Problem(node.place, message))

    def report_unknown(self, node: Node, what: str, name: str, known: Collection[str], owner: str = "") -> None:
        """``unknown option 'betta' for …; did you mean 'beta'? options: beta, reduction``."""
        nearest = get_close_matches(name[:100], known, n=1)
        said = [f"did you mean {nearest[0]!r}?"] if nearest else []
        accepted = _plural(what)
        if not known:
            said.append(f"it takes no {accepted}")
        elif not nearest or len(known) <= LONG_LIST:
            said.append(f"{accepted}: {', '.join(known)}")
        self.report(node, f"unknown {what} {quoted(name)}{owner and ' '}{owner}; {' '.join(said)}")

    def report_type(self, node: Node, what: str, takes: str, hint: str = "") -> None:
        if not isinstance(node, BrokenNode):
            self.report(node, f"{what} takes {takes}, not {self._described(node)}{hint and '; '}{hint}")

    def _described(self, node: Node) -> str:
        if isinstance(node, ScalarNode):
            value = _peeked(node)
            if isinstance(value, str):
                return f"the text {quoted(value)}"
            return "null" if value is None else node.text
        return "a list" if isinstance(node, ListNode) else "a mapping"

    def scalar(self, node: ScalarNode) -> Plain:
        """The scalar's value; None also where it is a number that does not fit, which is then reported."""
        try:
            return _value(node)
        except ValueError as error:
            self.report(node, str(error))
            return None

    def entries(self, node: Node, keys: Mapping[str, Key], owner: str) -> dict[str, Node] | None:
        """The values of a mapping that may have ``keys`` and must have the required ones."""
        if not isinstance(node, MapNode):
            self.report_type(node, owner, f"a mapping with the keys {', '.join(keys)}")
            return None
        for name, key_node in node.keys.items():
            if name not in keys:
                self.report_unknown(key_node, "key", name, list(keys), f"in {owner}")
        for name, key in keys.items():
            if key.required and name not in node.keys:
                self.report(node, f"the key {name!r} is missing in {owner}: {key.about}")
        return {name: value for name, value in node.values.items() if name in keys}

    def named(self, node: Node, what: str) -> Iterator[tuple[str, ScalarNode, Node]]:
        """Key, its node and value of a mapping from names."""
        if isinstance(node, MapNode):
            yield from ((name, node.keys[name], value) for name, value in node.values.items())
        else:
            self.report_type(node, what, "a mapping from names")

    def listed(self, node: Node, what: str, of: str, least: int = 1) -> tuple[Node, ...]:
        if not isinstance(node, ListNode):
            hint = f"write [{node.text}]" if isinstance(node, ScalarNode) and node.text.isprintable() else ""
            self.report_type(node, what, f"a list of {of}", hint)
            return ()
        if len(node.items) < least:
            self.report(node, f"{what} takes a list of {of}, and this one is empty")
        return node.items

    def text(self, node: Node, what: str) -> str | None:
        if not isinstance(node, ScalarNode) or not isinstance(_peeked(node), str):
            self.report_type(node, what, "text", "put it in quotes" if isinstance(node, ScalarNode) else "")
            return None
        if not node.text.strip():
            self.report(node, f"{what} is empty; it takes text")
            return None
        return node.text

    def word(self, node: Node, what: str, known: Collection[str]) -> str | None:
        """Text that is one of ``known``."""
        text = self.text(node, what)
        if text is not None and text not in known:
            self.report_unknown(node, what, text, known)
            return None
        return text

    def words(self, node: Node, what: str, known: Collection[str], least: int = 1) -> tuple[str, ...]:
        """A list of different words."""
        items = [
            (item, self.word(item, what, known)) for item in self.listed(node, _plural(what), _plural(what), least)
        ]
        seen: list[str] = []
        for item, word in items:
            if word in seen:
                self.report(item, f"the {what} {word!r} stands twice")
            elif word is not None:
                seen.append(word)
        return tuple(seen)

    def number(self, node: Node, what: str) -> int | float | None:
        """A number; look-alikes that are text are told how to be written."""
        if not isinstance(node, ScalarNode):
            self.report_type(node, what, "a number")
            return None
        try:
            value = _value(node)
        except ValueError as error:
            self.report(node, str(error))
            return None
        if isinstance(value, int | float) and not isinstance(value, bool):
            return value
        self.report_type(node, what, "a number", _number_hint(value))
        return None

    def boolean(self, node: Node, what: str) -> bool | None:
        value = _peeked(node) if isinstance(node, ScalarNode) else None
        if isinstance(value, bool):
            return value
        truths = {"yes": "true", "on": "true", "y": "true", "no": "false", "off": "false", "n": "false"}
        meant = truths.get(value.lower()) if isinstance(value, str) else None
        self.report_type(node, what, "true or false", f"write {meant}" if meant else "")
        return None

    def taken(self, node: Node, what: str, takes: Takes) -> int | float | None:
        """A number such as a recipe's parameter takes."""
        if takes == "number" and isinstance(node, ScalarNode) and isinstance(_peeked(node), bool):
            return self.boolean(node, what)
        value = self.number(node, what)
        if value is None or takes == "number":
            return value
        if takes == "finite":
            return self._held(value, node, what, abs(value) < float("inf"), "a finite number")
        if takes == "whole":
            return self._held(value, node, what, isinstance(value, int), "a whole number")
        return self._held(value, node, what, isinstance(value, int) and value >= 0, "a whole number from 0 to 2^63 - 1")

    def _held(self, value: int | float, node: Node, what: str, holds: bool, takes: str) -> int | float | None:
        if not holds:
            self.report_type(node, what, takes)
        return value if holds else None

    def nest(self, node: Node, leaf: Callable[[ScalarNode], Leaf | None], what: str) -> tuple[Nested, Shape] | None:
        """A number or rectangular nest of lists, and its shape."""
        if isinstance(node, ScalarNode):
            value = leaf(node)
            return None if value is None else (value, ())
        if not isinstance(node, ListNode):
            self.report_type(node, what, "a number or a list of numbers")
            return None
        parts = [self.nest(item, leaf, what) for item in node.items]
        read = [part for part in parts if part is not None]
        if len(read) < len(parts):
            return None
        for item, (_, shape) in zip(node.items, read, strict=True):
            if shape != read[0][1]:
                first = shown(read[0][1])
                self.report(item, f"a ragged list: shape {shown(shape)} here, {first} at the first; they must be equal")
                return None
        return tuple(value for value, _ in read), (len(read), *(read[0][1] if read else ()))

    def literal(self, node: Node, what: str) -> tuple[Nested, Shape] | None:
        return self.nest(node, lambda leaf: self.taken(leaf, what, "number"), what)

    def numbers(self, node: Node, what: str) -> tuple[Nested, Shape] | None:
        return self.nest(node, lambda leaf: self.number(leaf, what), what)

    def digits(self, node: Node, what: str) -> tuple[Nested, Shape] | None:
        """A nest of numbers that remember how they were printed."""
        return self.nest(node, lambda leaf: self._digits(leaf, what), what)

    def _digits(self, node: ScalarNode, what: str) -> Printed | None:
        if self.number(node, what) is None:
            return None
        try:
            return printed(node.text)
        except ValueError as error:
            self.report(node, str(error))
            return None


def _value(node: ScalarNode) -> Plain:
    return resolved(node.text) if node.plain else node.text


def _peeked(node: ScalarNode) -> Plain:
    """The value, or the text of a number that does not fit."""
    try:
        return _value(node)
    except ValueError:
        return node.text


def _number_hint(value: Plain) -> str:
    if not isinstance(value, str):
        return ""
    spelling = respelled(value)
    return f"write {spelling}" if spelling else NUMBER_FORMS
