"""Whether numbers agree: bits, then the budget, then who is nearer the truth.

An element agrees when it is the same number (NaN with NaN), or within the budget's ulps of the reference, or no farther
from the truth than the reference is about there. Nothing else, and no absolute tolerance.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from parity.truth import Exact
from parity.ulp import Numbers, distance, rounded, same, ulp


@dataclass(frozen=True, slots=True)
class Measure:
    """What two numbers are held to: ``allowed`` ulps of ``dtype`` from the reference, or ``factor`` times its own error
    about here from the truth.

    The truth and that error are asked for only when the budget does not settle it; ``is_cheap`` says that the truth
    costs one run.
    """

    dtype: torch.dtype
    allowed: float
    factor: float = 1.0
    exact: Callable[[], Exact | None] = lambda: None
    reference_error: Callable[[Numbers], Numbers] = lambda own: own
    is_cheap: bool = False


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


@np.errstate(all="ignore")
def agrees(actual: Numbers, expected: Numbers, measure: Measure, *, patient: bool = True) -> NDArray[np.bool_]:
    """Element by element. Unless ``patient``, no truth is asked for that is dear, nor the reference's error on
    neighbouring inputs: good for answers that are plainly wrong."""
    agreed = distance(actual, expected, measure.dtype) <= measure.allowed
    if agreed.all() or not (patient or measure.is_cheap):
        return agreed
    if not measure.is_cheap:
        agreed = agreed | (
            np.abs(actual - expected) <= measure.factor * measure.reference_error(np.zeros_like(expected))
        )
        if agreed.all():
            return agreed
    exact = measure.exact()
    if exact is None or exact.high.shape != expected.shape:
        return agreed
    own = exact.error(expected)
    agreed = agreed | _near_truth(actual, own, measure, exact)
    if agreed.all() or not patient:
        return agreed
    return agreed | _near_truth(actual, measure.reference_error(own), measure, exact)


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
    exact = measure.exact()
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
