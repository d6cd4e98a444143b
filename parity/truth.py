"""What the right answer is, as far as it can be known.

Below float64 the truth is the reference in float64 on exactly the same numbers. For float64 it is the shipped formula
in 50-digit arithmetic, its gradient by central differences there. A truth is held as a pair whose sum it is,
``high`` + ``low``, so that errors of float64 results can be measured.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

from parity.digits import digits, split
from parity.losses import REFERENCE
from parity.runner import GOLDEN, Call, Outcome, cotangents, run, run_in_double, value_in_digits
from parity.ulp import Numbers, numbers, ulp

Quantity = tuple[str, str] | None
"""Which number of an outcome: None for the value, else (upstream gradient, argument)."""

MOST_MOVED = 64  # elements of an argument whose gradient is taken in 50 digits, two evaluations each
STEP = 1e-18  # of the element: leaves an error of the square, far below float64's 10^-16
SMALL = 1e-12  # an element below it is moved as if it were this, or the 50 digits could not hold the step
SINGLE_TO_DOUBLE = 2.0**-29  # float64's ulp to float32's
NEIGHBOURS = 8  # runs of the reference on inputs a few ulps away; enough for the worst of its errors near there


@dataclass(frozen=True, slots=True)
class Exact:
    """A truth: ``high`` is it rounded to float64, ``low`` what is left (0 where it is known to float64 only)."""

    high: Numbers
    low: Numbers

    def error(self, x: Numbers) -> Numbers:
        """|x - truth|; 0 where both are the same infinity or NaN, inf where only one is finite."""
        with np.errstate(invalid="ignore", over="ignore"):
            gap = np.abs((x - self.high) - self.low)
        alike = (x == self.high) & ~np.isfinite(x) | (np.isnan(x) & np.isnan(self.high))
        return np.where(alike, 0.0, np.where(np.isnan(gap), np.inf, gap))


def quantity_of(outcome: Outcome, quantity: Quantity) -> torch.Tensor | None:
    """The value or gradient that ``quantity`` names, or None where the outcome has none."""
    if quantity is None:
        return outcome.value
    cotangent, argument = quantity
    return outcome.gradients.get(cotangent, {}).get(argument)


class Truth:
    """The truth of one call, evaluated when first asked for."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._double: Outcome | None = None
        self._digits: dict[Quantity, Exact | None] = {}
        self._neighbourhood: dict[torch.dtype | None, list[tuple[Outcome, Outcome]]] = {}

    @property
    def double(self) -> Outcome:
        """The reference in float64."""
        if self._double is None:
            self._double = run_in_double(self._call)
        return self._double

    def of(self, quantity: Quantity, dtype: torch.dtype) -> Exact | None:
        """The truth of one quantity that the reference gives in the real ``dtype``; None where none can be had."""
        if dtype is torch.float64:
            return self._in_digits(quantity)
        found = quantity_of(self.double, quantity)
        return None if found is None else _exact(found)

    def _in_digits(self, quantity: Quantity) -> Exact | None:
        if quantity not in self._digits:
            self._digits[quantity] = (
                value_truth(self._call) if quantity is None else gradient_truth(self._call, *quantity)
            )
        return self._digits[quantity]

    def reference_error(self, quantity: Quantity, dtype: torch.dtype, own: Numbers) -> Numbers:
        """How far the reference itself is from the truth about here: its worst error on these inputs (``own``) and on
        inputs a few ulps away. One lucky rounding of the reference must not make an honest neighbour wrong.

        In float64 the neighbours are looked at in float32, whose truth is cheap: a computation loses as many of its
        last bits in the one as in the other.
        """
        scale = SINGLE_TO_DOUBLE if dtype is torch.float64 else 1.0
        worst = own
        for near, exact in self._neighbours(torch.float32 if dtype is torch.float64 else None):
            rough, fine = quantity_of(near, quantity), quantity_of(exact, quantity)
            if rough is not None and fine is not None and rough.shape == own.shape == fine.shape:
                error = scale * _exact(fine).error(numbers(rough))
                worst = np.fmax(worst, np.where(np.isfinite(error), error, 0.0))
        return worst

    def _neighbours(self, single: torch.dtype | None) -> list[tuple[Outcome, Outcome]]:
        """The reference, as it is and in float64, on inputs moved a little; all in ``single`` if one is given."""
        if single not in self._neighbourhood:
            call = self._call if single is None else self._call.with_tensors(_narrowed)
            runs = [(run(REFERENCE, near), run_in_double(near)) for near in _nearby(call)]
            self._neighbourhood[single] = runs
        return self._neighbourhood[single]


def value_truth(call: Call) -> Exact | None:
    """The value in 50 digits; None where the formula does not run there (complex numbers, dtypes that do not fit)."""
    value = value_in_digits(call)
    return None if value is None or _is_complex(call) else Exact(*split(value))


def gradient_truth(call: Call, cotangent: str, argument: str) -> Exact | None:
    """The gradient of one argument in 50 digits; None where there is no value, or too many elements to move each."""
    tensor = call.tensors[argument]
    value = value_in_digits(call)
    if value is None or _is_complex(call) or tensor.numel() > MOST_MOVED:
        return None
    upstream = cotangents(torch.zeros(np.shape(value), dtype=torch.float64), call)[cotangent]
    slopes = [_slope(call, argument, index, numbers(upstream)) for index in np.ndindex(*tensor.shape)]
    return Exact(*split(np.array(slopes, dtype=object).reshape(tensor.shape)))


def _slope(call: Call, argument: str, index: tuple[int, ...], upstream: Numbers) -> Any:
    """The derivative of Σ upstream · value along one element; results that it does not move, infinite ones too, add 0.
    At the end of the domain, where the formula refuses the one step, the other alone counts."""
    x = numbers(call.tensors[argument][index])
    step = digits(np.array(max(abs(float(x)), SMALL) * STEP))[()]
    ends = [(sign, value_in_digits(call, (argument, index, step * sign))) for sign in (1, -1)]
    inside = [(sign, end) for sign, end in ends if end is not None]
    if len(inside) < len(ends):
        inside.append((0, value_in_digits(call)))
    (right, up), (left, down) = sorted(inside, key=lambda end: -end[0])[:2]
    moved = np.asarray((up != down) & (upstream != 0))
    return np.sum(np.asarray(up - down, dtype=object)[moved] * upstream[moved]) / (step * (right - left))


def _is_complex(call: Call) -> bool:
    return any(tensor.is_complex() for tensor in call.tensors.values())


def _exact(tensor: torch.Tensor) -> Exact:
    high = numbers(tensor)
    return Exact(high, np.zeros_like(high))


def _nearby(call: Call) -> Iterator[Call]:
    for turn in range(1, NEIGHBOURS + 1):
        moved = {
            name: _moved(tensor, turn + shift) for shift, (name, tensor) in enumerate(call.tensors.items())
            if tensor.is_floating_point()
        }  # fmt: skip
        yield replace(call, arguments={**call.arguments, **moved})


def _narrowed(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.float() if tensor.dtype is torch.float64 else tensor


def _moved(tensor: torch.Tensor, turn: int) -> torch.Tensor:
    """Each finite element moved by -2 … 2 ulps, never across zero (a mask or an exact 0 stays what it is)."""
    x = numbers(tensor)
    steps = np.arange(1, x.size + 1).reshape(x.shape) * GOLDEN * turn
    offset = np.rint(4 * (steps % 1) - 2) * ulp(x, tensor.dtype)
    movable = np.isfinite(x) & (x != 0)
    near = torch.from_numpy(np.asarray(np.where(movable, x + np.where(movable, offset, 0.0), x)))
    return near.to(tensor.dtype).to(tensor.device)
