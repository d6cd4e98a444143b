"""Numbers of 50 digits that NumPy computes with, as elements of object arrays.

Their rules are IEEE's where mpmath's differ: a division by zero and the logarithm of zero are infinite, an invalid
operation is NaN and nothing raises. A zero has no sign, and nothing overflows before 10^400000. NumPy calls the
methods: ``np.exp(array)`` is ``[x.exp() for x in array]``.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

import mpmath
import numpy as np
from numpy.typing import NDArray

DIGITS = 50
_CONTEXT = mpmath.MPContext()
_CONTEXT.dps = DIGITS
_NAN, _INF = _CONTEXT.nan, _CONTEXT.inf
_STEEP = 1_000_000  # beyond, an exponential is 0 or infinite for every dtype, and its digits would never end


def _beside_arrays(operation: Callable[["Digits", Any], "Digits"]) -> Callable[["Digits", Any], Any]:
    """Leaves an array on the right to NumPy: what it computes of arrays without dimensions are bare numbers."""

    @wraps(operation)
    def operate(self: "Digits", other: Any) -> Any:
        return NotImplemented if isinstance(other, np.ndarray) else operation(self, other)

    return operate


class Digits:
    """One number."""

    __slots__ = ("x",)
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, x: Any) -> None:
        self.x = x if isinstance(x, _CONTEXT.mpf) else _CONTEXT.mpf(float(x)) if _is_float(x) else _CONTEXT.mpf(int(x))

    @_beside_arrays
    def __add__(self, other: Any) -> "Digits":
        return Digits(self.x + _of(other))

    __radd__ = __add__

    @_beside_arrays
    def __sub__(self, other: Any) -> "Digits":
        return Digits(self.x - _of(other))

    def __rsub__(self, other: Any) -> "Digits":
        return Digits(_of(other) - self.x)

    @_beside_arrays
    def __mul__(self, other: Any) -> "Digits":
        return Digits(self.x * _of(other))

    __rmul__ = __mul__

    @_beside_arrays
    def __truediv__(self, other: Any) -> "Digits":
        return Digits(_quotient(self.x, _of(other)))

    def __rtruediv__(self, other: Any) -> "Digits":
        return Digits(_quotient(_of(other), self.x))

    @_beside_arrays
    def __pow__(self, other: Any) -> "Digits":
        return Digits(_real(lambda: self.x ** _of(other)))

    def __neg__(self) -> "Digits":
        return Digits(-self.x)

    def __pos__(self) -> "Digits":
        return self

    def __abs__(self) -> "Digits":
        return Digits(abs(self.x))

    def __float__(self) -> float:
        return float(self.x)

    def __bool__(self) -> bool:
        return bool(self.x != 0)

    def __lt__(self, other: Any) -> bool:
        return bool(self.x < _of(other))

    def __le__(self, other: Any) -> bool:
        return bool(self.x <= _of(other))

    def __gt__(self, other: Any) -> bool:
        return bool(self.x > _of(other))

    def __ge__(self, other: Any) -> bool:
        return bool(self.x >= _of(other))

    def __eq__(self, other: object) -> bool:
        return bool(self.x == _of(other))

    def __ne__(self, other: object) -> bool:
        return bool(self.x != _of(other))

    def __repr__(self) -> str:
        return f"Digits({_CONTEXT.nstr(self.x, 20)})"

    def exp(self) -> "Digits":
        return Digits(_exponential(self.x))

    def expm1(self) -> "Digits":
        return Digits(_CONTEXT.expm1(self.x) if abs(self.x) < 1 else _exponential(self.x) - 1)

    def log(self) -> "Digits":
        return Digits(_logarithm(self.x))

    def log1p(self) -> "Digits":
        return Digits(_CONTEXT.log1p(self.x) if abs(self.x) < 0.5 else _logarithm(self.x + 1))

    def arctan(self) -> "Digits":
        return Digits(_CONTEXT.atan(self.x))

    def sqrt(self) -> "Digits":
        return Digits(_real(lambda: _CONTEXT.sqrt(self.x)))


def digits_now() -> int:
    """How many digits are computed with."""
    return int(_CONTEXT.dps)


@contextmanager
def more_digits(count: float) -> Iterator[None]:
    """Computes with ``count`` digits more meanwhile, also within itself."""
    with _CONTEXT.workdps(_CONTEXT.dps + int(count)):
        yield


def digits(x: NDArray[Any]) -> NDArray[np.object_]:
    """The array with each float exactly as a number of 50 digits."""
    flat = np.empty(x.size, dtype=object)
    flat[:] = [Digits(float(one)) for one in np.ravel(x)]
    return flat.reshape(x.shape)


def split(array: Any) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Each number as the float64 nearest to it and what is left, which is 0 where that one is infinite or NaN."""
    found = np.asarray(array, dtype=object)
    numbers = [_of(one) for one in found.ravel()]
    high = [float(x) for x in numbers]
    low = [float(x - near) if np.isfinite(near) else 0.0 for x, near in zip(numbers, high, strict=True)]
    return np.array(high).reshape(found.shape), np.array(low).reshape(found.shape)


def _is_float(x: Any) -> bool:
    return isinstance(x, float | np.floating)


def _of(other: Any) -> Any:
    return other.x if isinstance(other, Digits) else Digits(other).x


def _quotient(x: Any, y: Any) -> Any:
    if y != 0:
        return x / y
    return _NAN if x == 0 or x != x else _INF if x > 0 else -_INF  # noqa: PLR0124, NaN alone differs from itself


def _exponential(x: Any) -> Any:
    if abs(x) <= _STEEP or x != x:  # noqa: PLR0124
        return _CONTEXT.exp(x)
    return _INF if x > 0 else _CONTEXT.mpf(0)


def _logarithm(x: Any) -> Any:
    if x == 0:
        return -_INF
    return _NAN if x < 0 else _CONTEXT.log(x)


def _real(compute: Callable[[], Any]) -> Any:
    """The result, or NaN where it is complex or there is none."""
    try:
        x = compute()
    except (ZeroDivisionError, ValueError):
        return _NAN
    return x if isinstance(x, _CONTEXT.mpf) else _NAN
