"""What ``make thorough`` asks of every trial, and ``make test`` of some: fakes judged patiently, the two truths held
against each other, the verdict on other numbers."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from functools import cache

import numpy as np
import torch

from parity.agreement import NO_ERRORS, Errors, agrees
from parity.candidates import candidate
from parity.case import Trial
from parity.exam import Exam, described
from parity.facets import compare, facets_of
from parity.losses import REFERENCE, Subject
from parity.references import absence
from parity.runner import run
from parity.selection import Request, select
from parity.trial import check, moved, referred
from parity.truth import Truth, quantity_of
from parity.ulp import Numbers, distance, numbers, rounded
from parity.vacuity import fakes, looked_at

# Past its hold, for a log_softmax upstream or where a length is held, torch's slope is no derivative: 50 digits say so.
SLOPES_BY_HAND = ("binary_cross_entropy", "ctc_loss", "cosine_similarity", "gaussian_nll_loss")

MEASURED = ("float32", "bfloat16", "float16")  # in float64 errors are not
FACETS = ("value", "gradient")
SMALL = 0.01
LUCK = {"float32": 1}  # ulps: the last bit of exp and log is the machine's; a result in 16 bits does not see it


@cache
def answered(*dtypes: str) -> tuple[Trial, ...]:
    """The trials that a reference answers, function form, no identity."""
    trials = select(Request(device="cpu", dtypes=dtypes)).trials
    plain = (t for t in trials if t.form == "function" and t.case.refused is None and t.case.left is None)
    return tuple(t for t in plain if not absence(t.case.loss))


def accepted_fakes(trial: Trial) -> Iterator[str]:
    """Plainly wrong answers that would pass if they were judged as a candidate is: with the reference's error about
    there and 50 digits, for which the engine has no time in each trial."""
    call, expected, _ = referred(trial)
    exam = Exam(trial, REFERENCE, call, expected, expected)
    for quantity in looked_at(exam):
        found = quantity_of(expected, quantity)
        if found is None or not found.is_floating_point():
            continue
        right, measure = numbers(found), exam.measure(quantity, found.dtype)
        for name, fake in fakes(exam, quantity, right):
            only = _farthest(rounded(fake, measure.dtype), right, measure.dtype)
            if only is not None and agrees(only, right, measure).all():
                yield f"{trial.id}: {described(quantity)}: {name}"


def _farthest(fake: Numbers, right: Numbers, dtype: torch.dtype) -> Numbers | None:
    """The right answer but for the element in which ``fake`` is farthest from it: turned down there, it is turned down.
    None where it is nowhere wrong."""
    apart = np.where(np.isfinite(right), distance(fake, right, dtype), -1.0)
    at = np.unravel_index(int(np.argmax(apart)), apart.shape)
    if not apart[at] > 1:
        return None
    only = right.copy()
    only[at] = fake[at]
    return only


def contested(trial: Trial) -> Iterator[str]:
    """The finite numbers of torch's in float64 that 50 digits do not confirm."""
    call = replace(referred(trial)[0], brief=True)
    truth = Truth(call)
    value = truth.double.value
    if value is None or not value.isfinite().all():
        return
    for quantity in Exam(trial, REFERENCE, call, truth.double, truth.double).quantities():
        double, digits = truth.of(quantity), truth.in_digits(quantity)
        if double is not None and digits is not None and not (quantity and trial.case.loss in SLOPES_BY_HAND):
            unlike = np.isfinite(double.high) & np.isnan(digits.high)
            if unlike.any():
                yield f"{trial.id}: {described(quantity)}: {double.high[unlike]}"


def other_verdicts(trial: Trial, seed: int) -> Iterator[str]:
    """What is said of the shipped formulas on other numbers where that is not a pass."""
    verdict = check(moved(trial, seed), candidate("reimpl"))
    if verdict.state not in ("passed", "known gap"):
        yield f"{trial.id}: {verdict.state}: {verdict.error or ', '.join(verdict.failures)}"


def _errors(trial: Trial, subject: Subject) -> dict[tuple[str, str], Errors]:
    call, expected, refused = referred(trial)
    exam = Exam(trial, subject, call, expected, run(subject, call), refused)
    return {(trial.dtype, facet): compare(facet, exam).errors for facet in facets_of(trial) if facet in FACETS}


def farther(subject: Subject, loss: str) -> dict[tuple[str, str], tuple[float, float]]:
    """Where the worst error of ``subject`` is greater than torch's, with both."""
    worst: defaultdict[tuple[str, str], Errors] = defaultdict(lambda: NO_ERRORS)
    trials = select(Request(losses=[loss], dtypes=MEASURED, device="cpu")).trials
    for trial in (trial for trial in trials if trial.form == "function"):
        for where, found in _errors(trial, subject).items():
            worst[where] |= found
    return {
        where: (both.candidate, both.reference)
        for where, both in worst.items()
        if both.candidate > both.reference * (1 + SMALL) + LUCK.get(where[0], 0)
    }
