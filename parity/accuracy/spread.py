"""Errors of both sides over many elements, as figures: worst, mean, quantile, histogram, who is nearer the truth."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from parity.accuracy.samples import Sample
from parity.ulp import Numbers

Side = Literal["candidate", "torch"]

SIDES: tuple[Side, ...] = ("candidate", "torch")
QUANTILE = 0.999
BINS = (0.0, *(2.0**power for power in range(-1, 11)), np.finfo(np.float64).max, np.inf)
"""The upper ends of a histogram's bins in ulps, each included: 0, 1/2, 1, 2, … 1024, any finite, infinite."""


@dataclass(frozen=True, slots=True)
class Worst:
    """The element where a side is farthest from the truth; ``numbers`` and ``errors`` are of both sides."""

    sample: Sample
    quantity: str
    index: tuple[int, ...]
    numbers: Mapping[Side, float]
    errors: Mapping[Side, float]
    truth: float


@dataclass(frozen=True, slots=True)
class Spread:
    """One quantity over all samples of a dtype.

    ``truth`` and ``errors``, in ulps, have one entry an element; an error is infinite where a side is not finite and
    the truth is. ``unknown`` counts the elements whose truth could not be told; they are in nothing else.
    """

    quantity: str
    truth: Numbers
    errors: Mapping[Side, Numbers]
    worst: Mapping[Side, Worst]
    unknown: int = 0

    @property
    def count(self) -> int:
        return self.truth.size

    def largest(self, side: Side) -> float:
        return float(self.errors[side].max(initial=0.0))

    def mean(self, side: Side) -> float:
        """The mean of the finite errors."""
        finite = self.errors[side][np.isfinite(self.errors[side])]
        return float(finite.mean()) if finite.size else 0.0

    def high(self, side: Side) -> float:
        """The error that all but one in a thousand do not exceed."""
        return float(np.quantile(self.errors[side], QUANTILE, method="higher")) if self.count else 0.0

    def infinite(self, side: Side) -> int:
        return int(np.isinf(self.errors[side]).sum())

    def nearer(self, side: Side) -> float:
        """In which share of the elements ``side`` is nearer the truth than the other."""
        (other,) = (s for s in SIDES if s != side)
        return float((self.errors[side] < self.errors[other]).mean()) if self.count else 0.0

    def histogram(self, side: Side) -> NDArray[np.int64]:
        """How many elements fall into each of ``BINS``."""
        return np.bincount(np.searchsorted(BINS, self.errors[side]), minlength=len(BINS))


def together(spreads: Sequence[Spread], quantity: str) -> Spread:
    """Several quantities as one."""
    found = {side: [spread.worst[side] for spread in spreads if side in spread.worst] for side in SIDES}
    errors = {side: [worst.errors[side] for worst in places] for side, places in found.items()}
    return Spread(
        quantity,
        np.concatenate([spread.truth for spread in spreads]),
        {side: np.concatenate([spread.errors[side] for spread in spreads]) for side in SIDES},
        {side: places[int(np.argmax(errors[side]))] for side, places in found.items() if places},
        sum(spread.unknown for spread in spreads),
    )
