"""What a mutation score says, as text for a terminal and as plain data."""

import json
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from typing import Any

from parity.errors import ParityError
from parity.mutants.generate import Mutant
from parity.mutants.judge import Result
from parity.mutants.score import GOAL, Score

WIDTH = 110  # characters of a line shown


def summary(score: Score) -> str:
    """A row for each file, what calls for work (survivors, stale entries, idle cases), the score as the last line."""
    return "\n".join([*_table(score), *_work(score), _closing(score)])


def as_data(score: Score) -> dict[str, Any]:
    """Everything, for ``--json``."""
    reasons = {result.mutant.id: entry for result, entry in score.excused}
    return {
        "score": score.percent,
        "goal": GOAL,
        "trials": score.trials,
        "seconds": score.seconds,
        "mutants": [_record(result, reasons) for result in score.results],
        "stale": [entry.mutants for entry in score.stale],
        "idle_cases": list(score.idle),
    }


def write(score: Score, path: Path) -> None:
    """Writes ``as_data`` to ``path``.

    Raises:
        ParityError: it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(as_data(score), indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise ParityError(f"{path}: the mutants cannot be written: {error.strerror}") from error


def _record(result: Result, reasons: dict[str, Any]) -> dict[str, Any]:
    mutant, entry = result.mutant, reasons.get(result.mutant.id)
    fate = "survived" if entry is None else "elsewhere" if entry.elsewhere else "equivalent"
    return {
        "id": mutant.id,
        "before": mutant.before,
        "after": mutant.after,
        "fate": fate if result.fate == "survived" else result.fate,
        "trial": result.trial,
        "facets": list(result.facets),
        "cases": list(result.cases),
        **({"because": entry.because, "elsewhere": entry.elsewhere} if entry else {}),
    }


def _table(score: Score) -> Iterator[str]:
    heads = ("mutants", "killed", "equivalent", "elsewhere", "survived")
    yield f"{'file':36}" + "".join(f"{head:>12}" for head in heads)
    for file in dict.fromkeys(result.mutant.file for result in score.results):
        yield f"{file:36}" + "".join(f"{count:>12}" for count in _counts(score, file))


def _counts(score: Score, file: str) -> tuple[int, ...]:
    excused = [entry for result, entry in score.excused if result.mutant.file == file]
    return (
        sum(result.mutant.file == file for result in score.results),
        sum(result.mutant.file == file for result in score.killed),
        sum(not entry.elsewhere for entry in excused),
        sum(bool(entry.elsewhere) for entry in excused),
        sum(result.mutant.file == file for result in score.survivors),
    )


def _work(score: Score) -> Iterator[str]:
    for result in score.killed:
        if result.fate != "killed":
            yield f"{result.fate}: {result.mutant.id} ({', '.join(result.facets)})"
    for result in score.stillborn:
        yield f"stillborn: {result.mutant.id}"
    for result in score.survivors:
        before, after = _apart(result.mutant)
        yield f"\nsurvived: {result.mutant.id}\n  - {before}\n  + {after}"
    for entry in score.stale:
        yield f"stale: no survivor needs the entry {entry.mutants!r} {entry.source!r}"
    for case in score.idle:
        yield f"idle: {case} kills no mutant"


def _apart(mutant: Mutant) -> tuple[str, str]:
    """Both lines, cut to where they differ if they are long."""
    pairs = zip_longest(mutant.before, mutant.after)
    at = next((at for at, (old, new) in enumerate(pairs) if old != new), 0)
    first = max(0, at - WIDTH // 2)
    return mutant.before[first : first + WIDTH], mutant.after[first : first + WIDTH]


def _closing(score: Score) -> str:
    elsewhere = sum(bool(entry.elsewhere) for _, entry in score.excused)
    return (
        f"MUTATION SCORE {score.percent:.2f} % (goal {GOAL:g} %): {len(score.killed)} of"
        f" {len(score.killed) + len(score.survivors)} mutants killed by {score.trials} trials; left out:"
        f" {len(score.excused) - elsewhere} equivalent, {elsewhere} guarded by other tests,"
        f" {len(score.stillborn)} stillborn; {len(score.stale)} stale entries; {score.seconds:.0f} s"
    )
