"""Judges many trials, on several processes where that is worth their start."""

import gc
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from functools import partial
from multiprocessing import get_context

import torch

from parity.case import Trial
from parity.errors import ParityError
from parity.losses import Subject, candidate
from parity.trial import Verdict, check

WORTH_A_PROCESS = 500  # trials: about a second's work, what a process takes to start
CHUNK = 8
SELDOM = 50_000  # objects made between two walks of Python's collector
THREADS = 1  # of torch's: a thread's start costs more than a small tensor's whole work


def judge(
    trials: Sequence[Trial],
    spec: str,
    only: Sequence[str] = (),
    *,
    quick: bool = False,
    jobs: int | None = None,
    threads: int = THREADS,
) -> Iterator[Verdict]:
    """The verdicts on the candidate ``spec`` in the order of ``trials``; ``jobs`` None means one process a core, each
    with so many ``threads`` of torch's.

    Raises:
        CandidateError: the candidate cannot be imported.
        ParityError: the candidate ended its process.
    """
    subject = candidate(spec)
    torch.set_num_threads(threads)
    wanted = min(jobs or os.cpu_count() or 1, len(trials) // WORTH_A_PROCESS)
    if wanted < 2 or any(trial.device != "cpu" for trial in trials):
        yield from (check(trial, subject, only, quick) for trial in trials)
        return
    # Not forked: torch has threads, and a fork of them may hang.
    with ProcessPoolExecutor(wanted, get_context("spawn"), initializer=_prepare, initargs=(spec, threads)) as pool:
        try:
            yield from pool.map(partial(_judged, only=tuple(only), quick=quick), trials, chunksize=CHUNK)
        except BrokenProcessPool as error:
            raise ParityError(f"candidate {spec!r} ended its process; `--jobs 1` shows in which trial") from error


_subject: Subject | None = None


def _prepare(spec: str, threads: int) -> None:
    global _subject  # noqa: PLW0603, a worker process judges one candidate
    torch.set_num_threads(threads)
    _subject = candidate(spec)
    # What is imported by now stays: the collector need not walk it, a seventh of the time that compiling takes.
    gc.freeze()
    gc.set_threshold(SELDOM)


def _judged(trial: Trial, only: Sequence[str], quick: bool) -> Verdict:
    assert _subject is not None
    verdict = check(trial, _subject, only, quick)
    return replace(verdict, call=None, expected=None, actual=None)  # a report needs no tensors
