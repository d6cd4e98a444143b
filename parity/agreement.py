"""Whether numbers agree: bits, then the budget, then who is nearer the truth.

An element agrees when it is the same number (NaN with NaN), or within the budget's ulps of the reference, or no farther
from the truth than the reference is about there. Nothing else, and no absolute tolerance.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray

from parity.truth import Exact
from parity.ulp import FORMATS, Numbers, distance, rounded, same, ulp

ALIKE = 1.01  # mean errors nearer to each other than this tell neither side from the other


@dataclass(frozen=True, slots=True)
class Measure:
    """What two numbers are held to: ``allowed`` ulps of ``dtype`` from the reference, or ``factor`` times its own error
    about here from the truth.

    They are asked for only when the budget does not settle it: first the truth as ``double`` gives it, None where the
    result is float64 itself; then the error on neighbouring inputs; last the truth in 50 ``digits``, which is dear.
    """

    dtype: torch.dtype
    allowed: float
    factor: float = 1.0
    double: Callable[[], Exact | None] = lambda: None
    reference_error: Callable[[Numbers], Numbers] = lambda own: own
    digits: Callable[[NDArray[np.bool_]], Exact | None] = lambda wanted: None


@dataclass(frozen=True, slots=True)
class Deviation:
    """The worst element that does not agree: ``ulps`` from the reference, one of ``wrong`` out of ``total``."""

    index: tuple[int, ...]
    candidate: float
    reference: float
    truth: float | None
    ulps: float
    allowed: float
    wrong: int
    total: int


@dataclass(frozen=True, slots=True)
class Errors:
    """Errors from the truth in ulps, of the candidate and of the reference, over ``count`` numbers that are finite."""

    candidate: float = 0.0
    reference: float = 0.0
    candidate_sum: float = 0.0
    reference_sum: float = 0.0
    count: int = 0

    def __or__(self, other: "Errors") -> "Errors":
        """Both together: the worst of each side, the sums of each side."""
        return Errors(
            max(self.candidate, other.candidate),
            max(self.reference, other.reference),
            self.candidate_sum + other.candidate_sum,
            self.reference_sum + other.reference_sum,
            self.count + other.count,
        )

    @property
    def candidate_mean(self) -> float:
        return self.candidate_sum / self.count

    @property
    def reference_mean(self) -> float:
        return self.reference_sum / self.count

    @property
    def more_accurate(self) -> Literal["candidate", "torch", "same"]:
        """Whose mean error is the smaller by more than a little."""
        if self.candidate_sum * ALIKE < self.reference_sum:
            return "candidate"
        return "torch" if self.reference_sum * ALIKE < self.candidate_sum else "same"


NO_ERRORS = Errors()


@np.errstate(all="ignore")
def errors(actual: Numbers, expected: Numbers, exact: Exact, dtype: torch.dtype) -> Errors:
    """The errors of two arrays of one shape."""
    ours, theirs = off(np.stack((actual, expected)), exact, dtype)
    finite = np.isfinite(ours) & np.isfinite(theirs)
    ours, theirs = ours[finite], theirs[finite]
    if not ours.size:
        return NO_ERRORS
    return Errors(float(ours.max()), float(theirs.max()), float(ours.sum()), float(theirs.sum()), ours.size)


@np.errstate(all="ignore")
def off(x: Numbers, exact: Exact, dtype: torch.dtype) -> Numbers:
    """How many ulps of ``dtype`` each number is off the truth: 0 where both are infinite, be it that the truth rounds
    to infinity; inf where only one is finite; NaN or inf where the truth is NaN."""
    nearest = rounded(exact.high, dtype)
    largest = FORMATS[dtype].largest
    return np.where(np.isinf(x) & (x == nearest), 0.0, exact.error(x) / ulp(np.clip(nearest, -largest, largest), dtype))


@np.errstate(all="ignore")
def agrees(actual: Numbers, expected: Numbers, measure: Measure, *, patient: bool = True) -> NDArray[np.bool_]:
    """Element by element. Unless ``patient``, only what costs little is asked for: good for answers plainly wrong."""
    agreed = distance(actual, expected, measure.dtype) <= measure.allowed
    if agreed.all():
        return agreed
    double = measure.double()
    own = np.zeros_like(expected)
    if double is not None and double.high.shape == expected.shape:
        own = double.error(expected)
        agreed = agreed | _near_truth(actual, own, measure, double)
    return agreed if agreed.all() or not patient else agreed | _agrees_after_all(actual, expected, own, measure)


def _agrees_after_all(actual: Numbers, expected: Numbers, own: Numbers, measure: Measure) -> NDArray[np.bool_]:
    """With the reference's error on neighbouring inputs, then with the truth in 50 digits."""
    error = measure.reference_error(own)
    double = measure.double()
    if double is None or double.high.shape != expected.shape:
        agreed = np.abs(actual - expected) <= measure.factor * error
    else:
        agreed = _near_truth(actual, error, measure, double)
    if agreed.all() or actual.shape != expected.shape:
        return agreed
    digits = measure.digits(~agreed)
    if digits is None or digits.high.shape != expected.shape:
        return agreed
    return agreed | _near_truth(actual, np.fmax(error, digits.error(expected)), measure, digits)


def _near_truth(actual: Numbers, reference_error: Numbers, measure: Measure, exact: Exact) -> NDArray[np.bool_]:
    """No farther from the truth than the reference; where the reference is not finite, within the budget of the truth.
    A truth that is NaN excuses nothing: it may be unknown."""
    nearest = rounded(exact.high, measure.dtype)
    unit = ulp(nearest, measure.dtype)
    bound = np.where(np.isfinite(reference_error), measure.factor * reference_error, measure.allowed * unit)
    near: NDArray[np.bool_] = (actual == nearest) | (exact.error(actual) <= bound + unit)
    return near


@np.errstate(all="ignore")
def judged(actual: Numbers, expected: Numbers, measure: Measure) -> tuple[Deviation | None, float]:
    """The worst element that disagrees, None where all agree; and the largest finite distance in ulps."""
    if same(actual, expected).all():
        return None, 0.0
    apart = distance(actual, expected, measure.dtype)
    worst = float(apart[np.isfinite(apart)].max(initial=0.0))
    agreed = agrees(actual, expected, measure)
    return (None if agreed.all() else _deviation(actual, expected, measure, np.where(agreed, -1.0, apart))), worst


def _deviation(actual: Numbers, expected: Numbers, measure: Measure, apart: Numbers) -> Deviation:
    """``apart`` is negative where the elements agree."""
    exact = measure.double() or measure.digits(apart >= 0)
    at = np.unravel_index(int(np.argmax(apart)), apart.shape)
    return Deviation(
        index=tuple(int(i) for i in at),
        candidate=float(actual[at]),
        reference=float(expected[at]),
        truth=None if exact is None or exact.high.shape != expected.shape else float(exact.high[at]),
        ulps=float(apart[at]),
        allowed=measure.allowed,
        wrong=int((apart >= 0).sum()),
        total=int(apart.size),
    )
