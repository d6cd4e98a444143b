"""The truth of a sample's numbers, as far as an allowance of work goes.

Below float64 it is the reference in float64, and 50 digits for those elements where a side seems off and float64 may be
off itself. In float64 it is 50 digits throughout, of a gradient for a few elements a sample. What neither settles stays
NaN: unknown. There are more than 50 digits here, for samples mix numbers of more magnitudes than cases do.
"""

import math

import numpy as np
import torch
from numpy.typing import NDArray

from parity.accuracy.samples import Sample
from parity.agreement import off
from parity.digits import more_digits
from parity.truth import Exact, Quantity, Truth, is_kink
from parity.ulp import Numbers, ulp

SLOPES = 4  # elements of a float64 gradient, drawn anew for each sample
SURE = 0.25  # ulps that float64 may be off and still count as the truth
FAR = 1024  # ulps that the reference is off where the formula's slope may not be the one it takes
WIDE = 100  # digits more: inputs from 2^-60 to 2^60, their squares, and a step of 10^-54 of the smallest

Mask = NDArray[np.bool_]


class Knowledge:
    """``work`` elements may be evaluated in digits; ``is_spent`` once something had to be left for want of it."""

    def __init__(self, dtype: torch.dtype, work: int) -> None:
        self._dtype = dtype
        self._work = work
        self.is_spent = False

    @np.errstate(all="ignore")
    def of(
        self, sample: Sample, truth: Truth, quantity: Quantity, ours: Numbers, theirs: Numbers
    ) -> tuple[Exact, Mask]:
        """The truth, NaN where it is not known, and the elements that were looked at: not those that are NaN to all."""
        double = truth.of(quantity)
        if double is None or double.high.shape != theirs.shape:
            return _unknown(theirs), np.ones(theirs.shape, dtype=bool)
        looked = ~(np.isnan(double.high) & np.isnan(ours) & np.isnan(theirs))
        if self._dtype is torch.float64:
            looked = looked if quantity is None else looked & _some(sample, theirs.shape)
            return self._digits(sample, truth, quantity, looked, theirs), looked
        seems_right = (off(ours, double, self._dtype) <= 1) & (off(theirs, double, self._dtype) <= 1)
        is_sure = truth.doubt(double) <= SURE * ulp(double.high, self._dtype)
        doubtful = looked & ~seems_right & ~is_sure
        digits = self._digits(sample, truth, quantity, doubtful, theirs)
        high, low = (np.where(doubtful, d, f) for d, f in ((digits.high, double.high), (digits.low, double.low)))
        return Exact(high, low), looked

    def _digits(self, sample: Sample, truth: Truth, quantity: Quantity, wanted: Mask, theirs: Numbers) -> Exact:
        size = theirs.size + sum(tensor.numel() for tensor in sample.call.tensors.values())
        cost = size * (1 if quantity is None else 2 * int(wanted.sum()))
        if not wanted.any() or cost > self._work:
            self.is_spent |= bool(wanted.any())
            return _unknown(theirs)
        self._work -= cost
        with more_digits(WIDE):
            found = truth.in_digits(quantity, wanted) or _unknown(theirs)
            if quantity is None:
                return found
            # At a kink the reference takes one side's slope: far from their mean, which a difference across it gives.
            far = np.argwhere(wanted & (off(theirs, found, self._dtype) > FAR))
            kinks = np.zeros(theirs.shape, dtype=bool)
            for index in map(tuple, far):
                kinks[index] = is_kink(sample.call, *quantity, index)
        return Exact(np.where(kinks, np.nan, found.high), found.low)


def _some(sample: Sample, shape: tuple[int, ...]) -> Mask:
    order = np.random.default_rng(sample.number).permutation(math.prod(shape))
    return (order < SLOPES).reshape(shape)


def _unknown(like: Numbers) -> Exact:
    return Exact(np.full(like.shape, np.nan), np.zeros(like.shape))
