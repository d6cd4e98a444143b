"""Workflow commands by which GitHub shows what is wrong beside the line of the file that says so.

Rules kept here: no more than GitHub shows of one step; a path is one from the repository's root, and what lies outside
of it, such as the shipped cases, is told without a path; nothing that a candidate says ends a command or begins one.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from parity.case import Place
from parity.report.run import Run
from parity.report.screen import headline, printable

MOST = 10  # errors that GitHub shows of one step
LONGEST = 1000  # characters of a message
_PLACED = re.compile(r"(?P<file>.+?):(?P<line>\d+):(?P<column>\d+): (?P<message>.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Annotation:
    """A message, what it is about, and where it belongs."""

    title: str
    message: str
    place: Place | None = None


def annotations(run: Run, root: Path) -> list[str]:
    """The commands, one a line; paths are from ``root``, the repository's."""
    found = list(_found(run))
    if len(found) > MOST:
        found[MOST - 1 :] = [Annotation("and more", f"{len(found) - MOST + 1} more; the reports hold them all")]
    return [_command(one, root) for one in found]


def _found(run: Run) -> Iterator[Annotation]:
    """What keeps the run from parity, the surest first; of a case's trials the first speaks for all."""
    for problem in run.problems:
        placed = _PLACED.fullmatch(problem)
        place = Place(placed["file"], int(placed["line"]), int(placed["column"])) if placed else None
        yield Annotation("cannot be judged", placed["message"] if placed else problem, place)
    for stale in run.reckoning.stale:
        yield Annotation("expected deviation does not hold", stale.message, stale.place)
    for _, verdicts in groupby((*run.errors, *run.failures), lambda verdict: (verdict.state, verdict.trial.case.id)):
        first, *others = verdicts
        more = f" (and {len(others)} more trials of this case)" if others else ""
        what = headline(first) or "a known gap that is none"
        yield Annotation(first.trial.id, f"{what}{more}\nagain: {run.repeat(first)}", first.trial.case.place)


def _command(one: Annotation, root: Path) -> str:
    properties = {"title": one.title[:LONGEST]}
    if one.place is not None and (file := _within(one.place.file, root)):
        properties = {"file": file, "line": str(one.place.line), "col": str(one.place.column), **properties}
    said = ",".join(f"{name}={_escaped(value, '%:,')}" for name, value in properties.items())
    return f"::error {said}::{_escaped(one.message[:LONGEST], '%')}"


def _within(file: str, root: Path) -> str:
    """The path from ``root``; empty where it is not below that."""
    path, above = Path(file).resolve(), root.resolve()
    return path.relative_to(above).as_posix() if path.is_relative_to(above) else ""


def _escaped(text: str, signs: str) -> str:
    return "".join(f"%{ord(c):02X}" if c in f"\n{signs}" else c for c in printable(text))
