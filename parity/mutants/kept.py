"""What is kept of the last whole run: the score, and which trials killed the mutants of each file.

The trials make the next run quick: nearly every mutant dies in one of them at once. The score is what README and the
reports show.
"""

import json
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

from parity.errors import ParityError
from parity.mutants.score import Score

FILE = Path(__file__).with_name("kept.json")
README = Path(__file__).parents[2] / "README.md"
LINE = re.compile(r"(?<=<!-- mutation score -->).*?(?=<!-- end -->)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Figures:
    """The counts of a whole run; ``elsewhere`` are mutants that other tests than the cases guard."""

    percent: float
    killed: int
    survived: int
    equivalent: int
    elsewhere: int

    def __str__(self) -> str:
        return (
            f"{self.percent:.1f} % of {self.killed + self.survived} mutants killed by the cases"
            f" ({self.equivalent} equivalent ones and {self.elsewhere} that other tests guard left out)"
        )


@dataclass(frozen=True, slots=True)
class Kept:
    """``killers`` are the ids of trials by file, those that kill most first."""

    figures: Figures
    killers: Mapping[str, tuple[str, ...]]


@cache
def kept() -> Kept | None:
    """What is kept; None before the first whole run."""
    if not FILE.is_file():
        return None
    found = json.loads(FILE.read_text(encoding="utf-8"))
    return Kept(Figures(**found["score"]), {file: tuple(trials) for file, trials in found["killers"].items()})


def figures() -> dict[str, float | str]:
    """The counts that are kept, and what they come to in words (``told``); empty before the first whole run."""
    found = kept()
    return {**asdict(found.figures), "told": str(found.figures)} if found else {}


def figures_of(score: Score) -> Figures:
    elsewhere = sum(bool(entry.elsewhere) for _, entry in score.excused)
    return Figures(
        round(score.percent, 2), len(score.killed), len(score.survivors), len(score.excused) - elsewhere, elsewhere
    )


def keep(score: Score) -> None:
    """Writes the score and the killers of a whole run here, and the score into README.

    Raises:
        ParityError: not all mutants were judged, or a file cannot be written.
    """
    if not score.is_whole:
        raise ParityError("--keep takes a run over all files: leave out --loss and --gate")
    killers: dict[str, Counter[str]] = {}
    for result in score.killed:
        if result.trial:
            killers.setdefault(result.mutant.file, Counter())[result.trial] += 1
    figures = figures_of(score)
    ordered = {file: [trial for trial, _ in count.most_common()] for file, count in sorted(killers.items())}
    try:
        FILE.write_text(json.dumps({"score": asdict(figures), "killers": ordered}, indent=1) + "\n", encoding="utf-8")
        README.write_text(LINE.sub(str(figures), README.read_text(encoding="utf-8")), encoding="utf-8")
    except OSError as error:
        raise ParityError(
            f"{error.filename}: what is kept of the mutants cannot be written: {error.strerror}"
        ) from error
    kept.cache_clear()
