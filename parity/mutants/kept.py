"""What is kept of the mutants of each file: how many the cases kill, and by which trials.

The trials make the next run quick: nearly every mutant dies in one of them at once. The counts of all files together
are the score that README and the reports show.
"""

import json
import re
from collections import Counter
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

from parity.errors import ParityError
from parity.mutants.score import Killers, Score
from parity.mutants.workshop import files

FILE = Path(__file__).with_name("kept.json")
README = Path(__file__).parents[2] / "README.md"
LINE = re.compile(r"(?<=<!-- mutation score -->).*?(?=<!-- end -->)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Kept:
    """The counts of a complete run over one file; ``elsewhere`` are mutants that other tests than the cases guard.
    ``killers`` are the ids of trials, those that kill most first."""

    killed: int
    survived: int
    equivalent: int
    elsewhere: int
    killers: tuple[str, ...]


@cache
def kept() -> dict[str, Kept]:
    """What is kept, by file."""
    found = json.loads(FILE.read_text(encoding="utf-8")) if FILE.is_file() else {}
    return {file: Kept(**{**counts, "killers": tuple(counts["killers"])}) for file, counts in found.items()}


def figures() -> dict[str, float | str]:
    """The counts of all files together, and what they come to in words (``told``); empty until every file has been
    judged once."""
    found = [kept()[file] for file in files() if file in kept()]
    if len(found) < len(files()):
        return {}
    names = ("killed", "survived", "equivalent", "elsewhere")
    counts = {name: sum(getattr(one, name) for one in found) for name in names}
    killed, survived = counts["killed"], counts["survived"]
    percent = 100 * killed / (killed + survived)
    told = (
        f"{percent:.1f} % of {killed + survived:,} mutants killed by the cases ({counts['equivalent']} equivalent ones"
        f" and {counts['elsewhere']} that other tests guard left out)"
    )
    return {"percent": round(percent, 2), **counts, "told": told}


def killers() -> Killers:
    """The trials to begin with, by file.

    Raises:
        ParityError: nothing is kept.
    """
    if not kept():
        raise ParityError("--gate needs what `parity mutants --keep` keeps")
    return {file: of_file.killers for file, of_file in kept().items()}


def keep(score: Score) -> None:
    """Writes what became of the files judged, and the score of all into README.

    Raises:
        ParityError: not all mutants of these files were judged, or a file cannot be written.
    """
    if not score.is_complete:
        raise ParityError("--keep takes every mutant of a file: leave out --gate")
    judged = {result.mutant.file for result in score.results}
    now = {file: of_file for file, of_file in kept().items() if file in files()}
    now |= {file: _of_file(score, file) for file in judged}
    text = json.dumps({file: asdict(now[file]) for file in sorted(now)}, indent=1)
    try:
        FILE.write_text(text + "\n", encoding="utf-8")
        kept.cache_clear()
        told = str(figures().get("told", ""))
        README.write_text(LINE.sub(told, README.read_text(encoding="utf-8")), encoding="utf-8")
    except OSError as error:
        raise ParityError(
            f"{error.filename}: what is kept of the mutants cannot be written: {error.strerror}"
        ) from error


def _of_file(score: Score, file: str) -> Kept:
    of_file = [result for result in score.killed if result.mutant.file == file]
    entries = [entry for result, entry in score.excused if result.mutant.file == file]
    elsewhere = sum(bool(entry.elsewhere) for entry in entries)
    return Kept(
        killed=len(of_file),
        survived=sum(result.mutant.file == file for result in score.survivors),
        equivalent=len(entries) - elsewhere,
        elsewhere=elsewhere,
        killers=tuple(trial for trial, _ in Counter(r.trial for r in of_file if r.trial).most_common()),
    )
