"""The mutation score: of the wrong formulas that can be made by one change, how many do the cases catch?

Rules kept here: the score is counted, never set; what is left out of it (stillborn, equivalent, guarded elsewhere) is
listed with its reason.
"""

import os
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from multiprocessing import get_context
from multiprocessing.connection import Connection
from time import perf_counter
from typing import Any

import torch

from parity.case import Application, Trial
from parity.errors import ParityError
from parity.losses import ELEMENTARY, signatures
from parity.mutants.equivalents import Entry, entries, entry_for
from parity.mutants.generate import Mutant
from parity.mutants.judge import Result, bench_of, results
from parity.mutants.workshop import files, mutants, needs
from parity.selection import Request, select

GOAL = 99.0  # percent

Killers = Mapping[str, Sequence[str]]
"""Ids of trials by file, those that kill most mutants first."""

Progress = Callable[[int, int, str], None]
"""Called with how many mutants are done, of how many, and what is being done."""


@dataclass(frozen=True)  # no slots: what is counted is kept
class Score:
    """All results; ``recorded`` are the entries about the files judged, ``idle`` the cases that kill no mutant. A score
    ``is_whole`` when every mutant of every file was judged, ``is_complete`` when every one of some files was."""

    results: Sequence[Result]
    recorded: Sequence[Entry]
    trials: int
    seconds: float
    is_whole: bool = True
    is_complete: bool = True
    idle: Sequence[str] = ()

    @cached_property
    def killed(self) -> list[Result]:
        return [r for r in self.results if r.fate in ("killed", "crashed", "hung")]

    @cached_property
    def stillborn(self) -> list[Result]:
        return [r for r in self.results if r.fate == "stillborn"]

    @cached_property
    def excused(self) -> list[tuple[Result, Entry]]:
        """The survivors that are recorded, each with its entry."""
        pairs = ((r, entry_for(r.mutant, self.recorded)) for r in self.results if r.fate == "survived")
        return [(result, entry) for result, entry in pairs if entry is not None]

    @cached_property
    def survivors(self) -> list[Result]:
        excused = {result.mutant.id for result, _ in self.excused}
        return [r for r in self.results if r.fate == "survived" and r.mutant.id not in excused]

    @cached_property
    def stale(self) -> list[Entry]:
        """Entries that no survivor needs; known only where all mutants of their files were judged."""
        needed = {id(entry) for _, entry in self.excused}
        return [entry for entry in self.recorded if self.is_complete and id(entry) not in needed]

    @property
    def percent(self) -> float:
        counted = len(self.killed) + len(self.survivors)
        return 100.0 * len(self.killed) / counted if counted else 0.0

    @property
    def is_good(self) -> bool:
        return self.percent >= GOAL and not self.stale


def score(
    losses: Sequence[str] = (), progress: Progress = lambda done, total, what: None, *,
    jobs: int = 2, every: int = 1, matrix: bool = False, first: Killers | None = None,
) -> Score:  # fmt: skip
    """Judges the mutants of the files of ``losses`` (of all files where none is given), or every ``every``-th of them.
    Where the trials to go through ``first`` are given by file, the recorded equivalents are taken on trust.

    Raises:
        ParityError: a loss is unknown, a case file is bad, or the judging process ended early.
    """
    if unknown := [name for name in losses if name not in files()]:
        raise ParityError(f"--loss {', '.join(unknown)}: there is no such file; files: {', '.join(files())}")
    begun = perf_counter()
    found: list[Result] = []
    trials, idle = 0, []
    for kind, answer in _served(tuple(losses), jobs, every, matrix, first):
        if kind == "trials":
            trials, total = trials + answer[0], answer[1]
        elif kind == "result":
            found.append(answer)
            progress(len(found), total, f"{answer.fate} {answer.mutant.id}")
        else:
            idle = answer
    about = [entry for entry in entries() if entry.is_about(losses or files())]
    found.sort(key=lambda result: (result.mutant.file, result.mutant.line))
    is_complete = every == 1 and first is None
    return Score(found, about, trials, perf_counter() - begun, is_complete and not losses, is_complete, idle)


def _served(*request: Any) -> Iterator[tuple[str, Any]]:
    """What the judging process tells. It is started anew, not forked: whoever calls may have threads, and may have run
    backward."""
    context = get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    server = context.Process(target=_serve, args=(theirs, *request))
    server.start()
    theirs.close()
    try:
        while (message := ours.recv()) is not None:
            yield message
    except EOFError:
        raise ParityError("the judging process ended early; what it said is above") from None
    finally:
        server.terminate()
        server.join()


def _serve(to: Connection, losses: tuple[str, ...], jobs: int, every: int, matrix: bool, first: Killers | None) -> None:
    warnings.filterwarnings("ignore", ".*multi-threaded.*fork", DeprecationWarning)
    os.environ["CUDA_VISIBLE_DEVICES"] = ""
    torch.set_num_threads(1)
    wanted = [mutant for file in losses or files() for mutant in mutants(file)][::every]
    total = len(wanted)
    trials = _trials_for(losses or tuple(files()))
    if first is not None:
        wanted = list(_left_by(first, wanted, trials, jobs, to))
    to.send(("trials", (len(trials) if wanted else 0, total)))
    if wanted:
        bench = bench_of(trials, jobs, matrix=matrix)
        seen = _sent(to, results(wanted, bench, jobs))
        if matrix:
            to.send(("idle", sorted({trials[look.at].case.id for look in bench.looks} - seen)))
    to.send(None)


def _left_by(
    first: Killers, wanted: Sequence[Mutant], trials: Sequence[Trial], jobs: int, to: Connection
) -> Iterator[Mutant]:
    """The mutants that survive the trials to go through ``first``; the others, and the recorded ones, are sent."""
    ids = {trial for of_file in first.values() for trial in of_file}
    few = [trial for trial in trials if trial.id in ids]
    to.send(("trials", (len(few), len(wanted))))
    recorded = entries()
    excused = [mutant for mutant in wanted if entry_for(mutant, recorded)]
    _sent(to, (Result(mutant, "survived") for mutant in excused))
    ahead = {file: [trial.partition("[")[0] for trial in of_file] for file, of_file in first.items()}
    todo = [mutant for mutant in wanted if mutant not in excused]
    found = list(results(todo, bench_of(few, jobs, matrix=False), jobs, ahead))
    _sent(to, (result for result in found if result.fate != "survived"))
    yield from (result.mutant for result in found if result.fate == "survived")


def _sent(to: Connection, found: Iterable[Result]) -> set[str]:
    """Sends the results, and says which cases killed."""
    seen: set[str] = set()
    for result in found:
        seen.update(result.cases)
        to.send(("result", result))
    return seen


def _trials_for(changed: Sequence[str]) -> list[Trial]:
    """The trials of all losses that stand on one of the files, and of the identities that call one of those losses."""
    losses = {name for name in signatures() if needs(name) & set(changed)}
    selection = select(Request(device="cpu"))
    if selection.problems:
        raise ParityError("\n".join(selection.problems))
    return [trial for trial in selection.trials if _losses_in(trial) & losses]


def _losses_in(trial: Trial) -> set[str]:
    sides = [side for side in (trial.case.left, trial.case.right) if side is not None]
    return {name for side in sides for name in _functions(side)} or {trial.case.loss}


def _functions(expression: Application) -> Iterator[str]:
    if expression.function not in ELEMENTARY:
        yield expression.function
    for operand in expression.operands:
        if isinstance(operand, Application):
            yield from _functions(operand)
