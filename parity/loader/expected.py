"""One entry of an expected file: a deviation that an adopter knows of, why it is there, and how long."""

import re
from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatchcase
from typing import cast

from parity.case import PATIENCE, Patience, Place
from parity.loader.fields import read_link
from parity.loader.reading import Reader
from parity.loader.tree import ListNode, Node, quoted
from parity.loader.vocabulary import EXPECTATION

_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


@dataclass(frozen=True, slots=True)
class Expectation:
    """The trials that ``trials`` names fail in each of ``facets``; ``until`` is the last day on which that is expected,
    None where it stays for ever."""

    trials: str
    facets: tuple[str, ...]
    because: str
    place: Place
    state: Patience = "not yet"
    until: date | None = None
    link: str = ""

    def covers(self, name: str) -> bool:
        """Whether ``trials`` matches the trial's id, or its case's; brackets stand for themselves."""
        pattern = self.trials.replace("[", "[[]")
        return fnmatchcase(name, pattern) or fnmatchcase(name, f"{pattern}[[]*]")

    @property
    def reason(self) -> str:
        """``not yet, until 2027-03-01: the kernel accumulates in bfloat16, https://…``"""
        until = f", until {self.until}" if self.until else ""
        return f"{self.state}{until}: {self.because}{self.link and ', '}{self.link}"

    def is_past(self, today: date) -> bool:
        return self.until is not None and self.until < today


def read_expectation(reader: Reader, node: Node) -> Expectation | None:
    """The entry at ``node``; None where anything in it is wrong."""
    problems = len(reader.problems)
    said = reader.entries(node, EXPECTATION, "an expected deviation")
    if said is None:
        return None
    text = {key: reader.text(said[key], key) for key in ("trials", "because") if key in said}
    facets = _facets(reader, said["facet"]) if "facet" in said else ()
    state = reader.word(said["state"], "state", PATIENCE) if "state" in said else "not yet"
    until = _day(reader, said["until"]) if "until" in said else None
    link = read_link(reader, said)
    if state == "never" and "until" in said:
        reader.report(said["until"], "until beside 'state: never', which has no end; take one of them out")
    if state == "not yet" and "until" not in said:
        reader.report(
            node, "the key 'until' is missing in an expected deviation: its last day, or say 'state: never' instead"
        )
    if len(reader.problems) > problems:
        return None
    return Expectation(
        str(text["trials"]), facets, str(text["because"]), node.place, cast(Patience, state), until, link
    )


def _facets(reader: Reader, node: Node) -> tuple[str, ...]:
    if isinstance(node, ListNode):
        return reader.words(node, "facet", reader.facets)
    word = reader.word(node, "facet", reader.facets)
    return () if word is None else (word,)


def _day(reader: Reader, node: Node) -> date | None:
    text = reader.text(node, "until")
    if text is not None and (day := _read_day(text)) is not None:
        return day
    if text is not None:
        reader.report(node, f"until takes a day such as 2027-03-01, not {quoted(text)}")
    return None


def _read_day(text: str) -> date | None:
    try:
        return date(*map(int, text.split("-"))) if _DAY.fullmatch(text) else None
    except ValueError:  # there is no such day
        return None
