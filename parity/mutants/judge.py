"""Judges mutants, each in a process of its own: it may hang, crash, or ask for all memory there is.

Rules kept here: a trial that computes for over ``LIMIT`` seconds ends its process, and the mutant counts as noticed;
trials that the unchanged formulas do not pass judge nothing.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from time import perf_counter
from typing import Literal

from parity.case import Trial
from parity.facets import depth_of, facets_of
from parity.losses import Subject
from parity.mutants.children import OUT_OF_TIME, in_children, limit_memory, limit_time, silence
from parity.mutants.generate import Mutant
from parity.mutants.looks import AFTER, AT_ONCE, FACETS, Look, is_changed, is_passed, look
from parity.mutants.operators import CUT
from parity.mutants.workshop import Statement, copied, has_cut, probed
from parity.trial import Verdict, check

Fate = Literal["killed", "crashed", "hung", "survived", "stillborn"]

LIMIT = 60  # seconds of computing for one trial
WARM = 40  # trials of all kinds that are judged before the first fork
PARTS = 8  # of the trials for each process, since some are dearer than others


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a mutant. ``cases`` killed it: the first one, unless all were asked for; ``facets`` saw it in
    ``trial``, or say how the process ended."""

    mutant: Mutant
    fate: Fate
    trial: str = ""
    facets: tuple[str, ...] = ()
    cases: tuple[str, ...] = ()
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Bench:
    """The trials, and what the unchanged formulas do in them. ``imported`` are the statements that run before any trial
    does; ``matrix`` asks for every case that kills."""

    trials: Sequence[Trial]
    looks: Sequence[Look]
    imported: frozenset[Statement] = frozenset()
    matrix: bool = False

    def looks_for(self, mutant: Mutant, killers: Counter[str]) -> list[Look]:
        """The trials that ``mutant`` can change: those of the best killers first, then float32, modules last."""
        late = (mutant.file, mutant.statement) not in self.imported
        statement = mutant.statement if late else None
        reached = (seen for seen in self.looks if seen.reaches(mutant.file, statement))
        return sorted(reached, key=partial(self._turn, killers))

    def _turn(self, killers: Counter[str], seen: Look) -> tuple[int, bool, bool]:
        trial = self.trials[seen.at]
        return -killers[trial.case.id], trial.form != "function", trial.dtype != "float32"


def _looks_at(trials: Sequence[Trial], jobs: int) -> list[Look]:
    """What the unchanged formulas do in the trials that they pass."""
    parts = [range(at, len(trials), jobs * PARTS) for at in range(jobs * PARTS)]
    found: list[Look] = []
    for _, answer, status in in_children([partial(_looks, part, trials) for part in parts], jobs):
        if answer is None:
            raise RuntimeError(f"the unchanged formulas ended their process with status {status}")
        found += answer
    return sorted(found, key=lambda seen: seen.at)


def bench_of(trials: Sequence[Trial], jobs: int, *, matrix: bool) -> Bench:
    """The bench with a look at every trial that the unchanged formulas pass."""
    imported: set[Statement] = set()
    probed(imported)
    return Bench(trials, _looks_at(trials, jobs), frozenset(imported), matrix)


def results(
    mutants: Sequence[Mutant], bench: Bench, jobs: int, ahead: Mapping[str, Sequence[str]] | None = None
) -> Iterator[Result]:
    """What becomes of each mutant, as it is known; ``ahead`` are the cases by file to begin with."""
    killers: dict[str, Counter[str]] = defaultdict(Counter)
    for file, cases in (ahead or {}).items():
        killers[file].update(cases)
    _warm_up(bench)
    tasks = [partial(_result, mutant, bench, killers[mutant.file]) for mutant in mutants]
    for at, answer, status in in_children(tasks, jobs):
        ending: Fate = "hung" if status == -OUT_OF_TIME else "crashed"
        result = answer or Result(mutants[at], ending, facets=(f"exit status {status}",))
        killers[result.mutant.file].update(result.cases)
        yield result


def _looks(part: range, trials: Sequence[Trial]) -> list[Look]:
    reached: set[Statement] = set()
    plain, noting = copied(), probed(reached)
    found = (look(at, trials[at], plain, noting, reached) for at in part)
    return [seen for seen in found if seen is not None]


def _result(mutant: Mutant, bench: Bench, killers: Counter[str]) -> Result:
    begun = perf_counter()
    limit_memory()
    silence()
    limit_time(LIMIT)
    try:
        subject = copied(mutant)
    except Exception:
        return Result(mutant, "stillborn")
    looks = bench.looks_for(mutant, killers)
    if f":{CUT}#" in mutant.id and not _cuts(subject, bench, looks):
        return Result(mutant, "stillborn")
    killed: dict[str, Verdict] = {}
    try:
        for verdict in _verdicts(subject, bench, looks, killed):
            if not is_passed(verdict):
                killed[verdict.trial.case.id] = verdict
                if not bench.matrix:
                    break
    except Exception as error:  # the judge itself did not bear what the mutant gave it
        return Result(mutant, "crashed", facets=(f"{type(error).__name__}: {error}",), seconds=perf_counter() - begun)
    first = next(iter(killed.values()), None)
    if first is None:
        return Result(mutant, "survived", seconds=perf_counter() - begun)
    facets = tuple(first.failures) or (first.state,)
    return Result(mutant, "killed", first.trial.id, facets, tuple(killed), perf_counter() - begun)


def _cuts(subject: Subject, bench: Bench, looks: Sequence[Look]) -> bool:
    """Whether what is detached has a gradient to lose in any case."""
    for seen in looks:
        trial = bench.trials[seen.at]
        limit_time(LIMIT)
        if trial.dtype == trial.case.dtypes[0]:
            is_changed(subject, seen)
        if has_cut():
            return True
    return False


def _verdicts(subject: Subject, bench: Bench, looks: Sequence[Look], killed: dict[str, Verdict]) -> Iterator[Verdict]:
    """First where the mutant does anything else than the formulas; then, since a facet may make calls of its own
    (another layout, differentiated again), those in depth and one for each way through the statements."""
    ways: set[object] = set()
    rest: list[Look] = []
    for seen in looks:
        trial = bench.trials[seen.at]
        if trial.case.id in killed:
            continue
        limit_time(LIMIT)
        if is_changed(subject, seen):
            yield from _looked_at(trial, subject)
        elif any(map(depth_of, facets_of(trial))) or (trial.dtype == trial.case.dtypes[0] and seen.reached not in ways):
            ways.add(seen.reached)
            rest.append(seen)
    for seen in rest:
        if bench.trials[seen.at].case.id not in killed:
            limit_time(LIMIT)
            yield check(bench.trials[seen.at], subject, AFTER)


def _looked_at(trial: Trial, subject: Subject) -> Iterator[Verdict]:
    """First through what costs little, then through the rest."""
    for some in (AT_ONCE, AFTER):
        limit_time(LIMIT)
        yield check(trial, subject, some)


def _warm_up(bench: Bench) -> None:
    """Imports, caches and compiled files that each child would have to make again."""
    subject = copied()
    for seen in bench.looks[:: max(1, len(bench.looks) // WARM)]:
        check(bench.trials[seen.at], subject, FACETS)
