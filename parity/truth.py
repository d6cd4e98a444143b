"""What the right answer is, as far as it can be known.

Below float64 the truth is the reference in float64 on exactly the same numbers. Where that settles nothing, and for
float64, it is the shipped formula in 50-digit arithmetic, its gradient by central differences there. The formula is not
believed on its word, for it may be the one on trial: each number must be confirmed by the reference in float64, up to
what rounding does there to numbers of the inputs' size. A truth is held as a pair whose sum it is, ``high`` + ``low``,
so that errors of float64 results can be measured.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from parity.digits import DIGITS, digits, digits_now, more_digits, split
from parity.losses import REFERENCE
from parity.outcome import GOLDEN, Call, Outcome, cotangents
from parity.runner import Way, run, run_in_double, value_in_digits
from parity.ulp import FORMATS, Numbers, numbers, ulp

Quantity = tuple[str, str] | None
"""Which number of an outcome: None for the value, else (upstream gradient, argument)."""

MOST_WORK = 50_000  # elements to evaluate for a gradient in 50 digits: a second or two
STEP = 0.36  # of the digits: 10^-18 of the element in 50 leaves an error of the square, far below float64's 10^-16
ROUNDINGS = 64  # of numbers of the inputs' size that float64 may have made: sums over a few thousand by random walk
FEW = 200  # elements of a call that 50 digits take milliseconds for
SMALL = 1e-12  # a zero is moved as if it were this
LOST = 0.6  # of the digits: a difference that many below a result's size has lost too many of them
SMALLEST = 350  # more digits with which float64's smallest slope, times STEP, still shows beside a 1
SINGLE_TO_DOUBLE = 2.0**-29  # float64's ulp to float32's
REACH = 32  # ulps that a neighbour lies away at most: fewer would not move the rounding of a probability near 1
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
    """The truth of one call, evaluated when first asked for. Of a ``way`` that is not plain there are no 50 digits."""

    def __init__(self, call: Call, way: Way = run) -> None:
        self._call = call
        self._way = way
        self._double: Outcome | None = None
        self._digits: dict[tuple[Quantity, bytes], Exact | None] = {}
        self._neighbourhood: dict[torch.dtype | None, list[tuple[Outcome, Outcome]]] = {}

    @property
    def double(self) -> Outcome:
        """The reference in float64."""
        if self._double is None:
            self._double = run_in_double(self._call, self._way)
        return self._double

    @cached_property
    def is_wider(self) -> bool:
        """Whether float64 knows more than a call that has a coarser argument beside those of float64."""
        if self._call.dtype is torch.float64:
            return False
        plain, double = run(REFERENCE, self._call).value, run_in_double(self._call).value
        return plain is None or double is None or not np.array_equal(numbers(plain), numbers(double), equal_nan=True)

    def of(self, quantity: Quantity) -> Exact | None:
        """One quantity as the reference gives it in float64; None where it gives none."""
        found = quantity_of(self.double, quantity)
        return None if found is None else _exact(found)

    def in_digits(self, quantity: Quantity, wanted: NDArray[np.bool_] | None = None) -> Exact | None:
        """One quantity in 50 digits, NaN where the reference does not confirm it; None where it cannot be had. Of a
        gradient, only the elements ``wanted`` (all, unless given) are computed, the others NaN."""
        double = self.of(quantity) if self._way is run else None
        if double is None:
            return None
        wanted = np.ones(double.high.shape, dtype=bool) if wanted is None else wanted
        key = (quantity, wanted.tobytes())
        if key not in self._digits:
            found = value_truth(self._call) if quantity is None else gradient_truth(self._call, *quantity, wanted)
            self._digits[key] = found and _confirmed(found, double, self.doubt(double))
        return self._digits[key]

    def doubt(self, double: Exact) -> Numbers:
        """How far float64 may be off: by the rounding of numbers of the inputs' size, of 1, or of the result's."""
        sizes = [np.abs(numbers(t)) for t in self._call.tensors.values() if t.is_floating_point()]
        scale = max([1.0, *(float(size[np.isfinite(size)].max(initial=0.0)) for size in sizes)])
        return ROUNDINGS * np.finfo(np.float64).eps * np.maximum(scale, np.abs(double.high))

    def mended(self, quantity: Quantity, lost: NDArray[np.bool_]) -> Exact | None:
        """One quantity as the reference gives it in float64, but for those ``lost`` there: in 50 digits, or NaN."""
        double = self.of(quantity)
        if double is None or not lost.any():
            return double
        digits = self.in_digits(quantity, lost) or Exact(np.full_like(double.high, np.nan), double.low)
        return Exact(np.where(lost, digits.high, double.high), np.where(lost, digits.low, double.low))

    def reference_error(self, quantity: Quantity, dtype: torch.dtype, own: Numbers) -> Numbers:
        """How far the reference itself is from the truth about here: its worst error on these inputs (``own``) and on
        inputs a few ulps away. One lucky rounding of the reference must not make an honest neighbour wrong.

        In float64 the neighbours are looked at in float32, whose truth is cheap: a computation loses as many of its
        last bits in the one as in the other, unless it sums float32 in something finer. The value of a small call is
        looked at in float64 too.
        """
        single = dtype is torch.float64 and not self.is_wider
        scale = SINGLE_TO_DOUBLE if single else 1.0
        worst = own
        for near, exact in self._neighbours(torch.float32 if single else None):
            rough, fine = quantity_of(near, quantity), quantity_of(exact, quantity)
            if rough is not None and fine is not None and rough.shape == own.shape == fine.shape:
                error = scale * _exact(fine).error(numbers(rough))
                worst = np.fmax(worst, np.where(np.isfinite(error), error, 0.0))
        for error in self._value_errors if single and quantity is None else ():
            if error.shape == own.shape:
                worst = np.fmax(worst, np.where(np.isfinite(error), error, 0.0))
        return worst

    @cached_property
    def _value_errors(self) -> list[Numbers]:
        """The errors, by 50 digits, of the reference's value on inputs moved a little, where that costs little."""
        few = sum(tensor.numel() for tensor in self._call.tensors.values()) <= FEW
        nearby = _nearby(self._call) if few and self._way is run else ()
        found = [(run(REFERENCE, near).value, value_truth(near)) for near in nearby]
        return [exact.error(numbers(rough)) for rough, exact in found if rough is not None and exact is not None
                and rough.shape == exact.high.shape]  # fmt: skip

    def _neighbours(self, single: torch.dtype | None) -> list[tuple[Outcome, Outcome]]:
        """The reference, as it is and in float64, on inputs moved a little; all in ``single`` if one is given."""
        if single not in self._neighbourhood:
            call = self._call if single is None else _in_single(self._call)
            runs = [(self._way(REFERENCE, near), run_in_double(near, self._way)) for near in _nearby(call)]
            self._neighbourhood[single] = runs
        return self._neighbourhood[single]


def value_truth(call: Call) -> Exact | None:
    """The value in 50 digits; None where the formula does not run there (complex numbers, dtypes that do not fit)."""
    value = value_in_digits(call)
    return None if value is None or _is_complex(call) else Exact(*split(value))


def gradient_truth(call: Call, cotangent: str, argument: str, wanted: NDArray[np.bool_]) -> Exact | None:
    """The gradient of one argument in 50 digits where ``wanted``; None where there is no value, or too much to do."""
    tensor = call.tensors[argument]
    work = int(wanted.sum()) * sum(t.numel() for t in call.tensors.values())
    value = None if work > MOST_WORK or wanted.shape != tuple(tensor.shape) else value_in_digits(call)
    if value is None or _is_complex(call):
        return None
    upstream = _upstream(call, cotangent, value)
    slopes = np.full(wanted.shape, np.nan, dtype=object)
    for index in np.ndindex(*wanted.shape):
        if wanted[index]:
            slopes[index] = _slope(call, argument, index, upstream)
    return Exact(*split(slopes))


def is_kink(call: Call, cotangent: str, argument: str, index: tuple[int, ...]) -> bool:
    """Whether the formula has another slope to the left of an element than to the right: a difference across it is no
    truth, whatever confirms it."""
    coarse = _jump(call, cotangent, argument, index)
    with more_digits(DIGITS):
        fine = _jump(call, cotangent, argument, index)
    return bool(2 * fine > coarse)  # where the formula is smooth, they differ by as much as the steps do


def _jump(call: Call, cotangent: str, argument: str, index: tuple[int, ...]) -> Any:
    upstream = _upstream(call, cotangent, value_in_digits(call))
    left, right = (_slope(call, argument, index, upstream, sides) for sides in ((0, -1), (1, 0)))
    return abs(right - left)


def _upstream(call: Call, cotangent: str, value: Any) -> Numbers:
    return numbers(cotangents(torch.zeros(np.shape(value), dtype=torch.float64), call)[cotangent])


def _slope(
    call: Call, argument: str, index: tuple[int, ...], upstream: Numbers, sides: tuple[int, int] = (1, -1)
) -> Any:
    """The derivative of Σ upstream · value along one element; results that it does not move, infinite ones too, add 0.

    A difference that the digits lose beside the results (the slope of a sigmoid at 100 is 1e-44 beside a 1) is taken
    again with more of them: believed as 0, it would turn down a candidate that knows better than the reference.
    """
    x = abs(float(numbers(call.tensors[argument][index])))
    share, lost = (10 ** -(part * digits_now()) for part in (STEP, LOST))
    beside = -2 * math.log10(x) if 0 < x < 1 else 0  # or they could not hold its square beside a 1
    for more in (beside, beside + SMALLEST):
        with more_digits(more):
            step = digits(np.array((x or SMALL) * share))[()]
            difference, size, apart = _difference(call, argument, index, step, upstream, sides)
            slope = difference / (step * apart)
        if abs(difference) > size * lost:
            break
    return slope


def _difference(
    call: Call, argument: str, index: tuple[int, ...], step: Any, upstream: Numbers, sides: tuple[int, int]
) -> tuple[Any, Any, int]:
    """Σ upstream · value at one of ``sides`` (steps up or down) less the same at the other, the size of the largest of
    these numbers, and how many steps lie between. At the end of the domain, where the formula refuses the one step, the
    other alone counts."""
    ends = [(sign, value_in_digits(call, (argument, index, step * sign))) for sign in sides]
    inside = [(sign, end) for sign, end in ends if end is not None]
    if len(inside) < len(ends):
        inside.append((0, value_in_digits(call)))
    (right, up), (left, down) = sorted(inside, key=lambda end: -end[0])[:2]
    moved = np.asarray((up != down) & (upstream != 0))
    terms = np.asarray(up - down, dtype=object)[moved] * upstream[moved]
    sizes = [abs(float(one)) for one in np.ravel(up) if np.isfinite(float(one))]
    return np.sum(terms), max(sizes, default=0.0), right - left


def _is_complex(call: Call) -> bool:
    """Complex, and not made real by a dtype option."""
    converts = any(isinstance(value, torch.dtype) for value in call.arguments.values())
    return not converts and any(tensor.is_complex() for tensor in call.tensors.values())


def _confirmed(digits: Exact, double: Exact, slack: Numbers) -> Exact | None:
    """``digits`` where ``double`` lies within ``slack`` of them."""
    if digits.high.shape != double.high.shape:
        return None
    with np.errstate(all="ignore"):
        believed = (np.isfinite(slack) & (digits.error(double.high) <= slack)) | (digits.high == double.high)
        # Of an upstream gradient of 0 nothing comes, even where the reference overflows and makes NaN of it.
        believed |= np.isnan(double.high) & (digits.high == 0)
        believed &= (digits.high != 0) | ~(np.abs(double.high) > 0)  # a 0 may be a slope that the digits lost
    return Exact(np.where(believed, digits.high, np.nan), np.where(believed, digits.low, 0.0))


def _exact(tensor: torch.Tensor) -> Exact:
    high = numbers(tensor)
    return Exact(high, np.zeros_like(high))


def _nearby(call: Call) -> Iterator[Call]:
    for turn in range(1, NEIGHBOURS + 1):
        moved = {
            name: _moved(tensor, turn + shift) for shift, (name, tensor) in enumerate(call.tensors.items())
            if tensor.is_floating_point() or tensor.is_complex()
        }  # fmt: skip
        # The upstream gradients too: a saturated softmax stays the same float however its inputs move, and with it the
        # luck of the one rounding in `upstream - Σ upstream · y`, where an honest neighbour may be 16 times less lucky.
        yield replace(call, arguments={**call.arguments, **moved}, nudge=turn)


def _in_single(call: Call) -> Call:
    """The call in float32; where a dtype option converts, whole numbers are floats too and the option is float32."""
    options = {name: torch.float32 for name, value in call.arguments.items() if isinstance(value, torch.dtype)}
    narrowed = call.with_tensors(lambda tensor: _narrowed(tensor, whole=bool(options)))
    return replace(narrowed, arguments={**narrowed.arguments, **options}, dtype=torch.float32)


def _narrowed(tensor: torch.Tensor, *, whole: bool) -> torch.Tensor:
    if tensor.is_complex() and not whole:
        return tensor.to(torch.complex64)
    return tensor.real.float() if whole or tensor.dtype is torch.float64 else tensor


def _moved(tensor: torch.Tensor, turn: int) -> torch.Tensor:
    """Each finite element moved by a few ulps, never across zero (a mask or an exact 0 stays what it is)."""
    if tensor.is_complex():
        return torch.view_as_complex(_moved(torch.view_as_real(tensor.resolve_conj()).contiguous(), turn))
    x = numbers(tensor)
    steps = np.arange(1, x.size + 1).reshape(x.shape) * GOLDEN * turn
    reach = REACH if FORMATS[tensor.dtype].precision > 20 else 2  # two ulps of bfloat16 are 1 % already
    offset = np.rint(2 * reach * (steps % 1) - reach) * ulp(x, tensor.dtype)
    movable = np.isfinite(x) & (x != 0)
    near = torch.from_numpy(np.asarray(np.where(movable, x + np.where(movable, offset, 0.0), x)))
    return near.to(tensor.dtype).to(tensor.device)
