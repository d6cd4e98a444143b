"""Judges many trials of one candidate, on several processes where that is worth their start.

Rules kept here: the candidate runs in a worker, one for each judging process; a trial in which it falls is a deviation,
and the next trial has a new worker.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from functools import partial
from multiprocessing import get_context

import torch

from parity.case import REFERENCE, SURVIVAL, Trial
from parity.errors import CandidateError, FallError, ParityError
from parity.exam import failed
from parity.facets import purity
from parity.losses import Subject
from parity.remote import Limits, RemoteSubject
from parity.trial import Verdict, check, failed_besides
from parity.worker import settle

WORTH_A_PROCESS = 500  # trials: about a second's work, what a process takes to start
CHUNK = 8
MOST_HANGS = 3  # trials without an answer in time; then the candidate is asked no more
PURITY = purity.__name__.rpartition(".")[-1]


def judge(
    trials: Sequence[Trial],
    subject: RemoteSubject,
    only: Sequence[str] = (),
    *,
    quick: bool = False,
    jobs: int | None = None,
) -> Iterator[Verdict]:
    """The verdicts on ``subject`` in the order of ``trials``; ``jobs`` None means one process a core.

    Raises:
        CandidateError: the candidate lacks a loss for a reason of its own.
        ParityError: a judging process ended.
    """
    torch.set_num_threads(subject.limits.threads)
    wanted = min(jobs or os.cpu_count() or 1, len(trials) // WORTH_A_PROCESS)
    if wanted < 2 or any(trial.device != "cpu" for trial in trials):
        yield from (judged(trial, subject, only, quick) for trial in trials)
        return
    subject.stop()  # each process has a worker of its own
    # Not forked: torch has threads, and a fork of them may hang.
    with ProcessPoolExecutor(
        wanted,
        get_context("spawn"),
        initializer=_prepare,
        initargs=(subject.name, subject.limits, subject.names, subject.framework.name),
    ) as pool:
        try:
            yield from pool.map(partial(_judged, only=tuple(only), quick=quick), trials, chunksize=CHUNK)
        except BrokenProcessPool as error:
            raise ParityError("a judging process ended early; what it said is above") from error


def judged(trial: Trial, subject: Subject, only: Sequence[str] = (), quick: bool = False) -> Verdict:
    """The verdict on one trial, whatever becomes of a candidate in a worker; one in this process is simply checked."""
    if not isinstance(subject, RemoteSubject):
        return check(trial, subject, only, quick)
    if subject.hangs >= MOST_HANGS:
        return _fallen(trial, f"not asked: the candidate gave no answer in {MOST_HANGS} trials before")
    try:
        subject.begin(first_dtype=trial.dtype == trial.case.dtypes[0])
    except CandidateError as error:
        return _fallen(trial, f"after it fell it could not begin anew: {error}")
    try:
        verdict = check(trial, subject, only, quick)
        subject.finish()
    except FallError as fall:
        return _fallen(trial, str(fall))
    return _with_conduct(verdict, subject)


def _with_conduct(verdict: Verdict, subject: RemoteSubject) -> Verdict:
    """With what the candidate did besides answering, in any of the trial's runs."""
    told = verdict.findings.get(PURITY)
    if told is not None and told.status == "passed" and subject.impurities:
        verdict = failed_besides(verdict, PURITY, failed("; ".join(sorted(subject.impurities))))
    notices = [f"its import replaced {name}" for name in subject.replaced]
    if subject.called:
        said = f"it calls torch's own {', '.join(sorted(subject.called))} while it runs"
        if subject.limits.forbid_reference:
            verdict = failed_besides(verdict, REFERENCE, failed(said))
        else:
            notices.append(said)
    return replace(verdict, notices=tuple(notices))


def _fallen(trial: Trial, how: str) -> Verdict:
    return Verdict(trial, "failed", {SURVIVAL: failed(how)})


_subject: RemoteSubject | None = None


def _prepare(spec: str, limits: Limits, names: Mapping[str, str], framework: str) -> None:
    global _subject  # noqa: PLW0603, a judging process has one candidate
    _subject = RemoteSubject(spec, limits, names, framework)
    torch.set_num_threads(limits.threads)
    settle()


def _judged(trial: Trial, only: Sequence[str], quick: bool) -> Verdict:
    assert _subject is not None
    verdict = judged(trial, _subject, only, quick)
    return replace(verdict, call=None, expected=None, actual=None)  # a report needs no tensors
