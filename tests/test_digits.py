"""50-digit numbers: IEEE's rules at 0, inf and NaN, mpmath's digits elsewhere."""

import math
from fractions import Fraction

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from parity.digits import DIGITS, Digits, digits, split

INF, NAN = math.inf, math.nan
ODD = [0.0, 1.0, -2.5, INF, -INF, NAN]
PAIRS = [(x, y) for x in ODD for y in ODD]
UNARY = ["exp", "expm1", "log", "log1p", "sqrt", "abs", "negative"]
BINARY = ["add", "subtract", "multiply", "divide"]
COMPARED = ["less", "less_equal", "greater", "greater_equal", "equal", "not_equal"]
ordinary = st.floats(1e-6, 1e6)


def object_array(*values: float) -> np.ndarray:
    return digits(np.array(values))


def as_floats(array: np.ndarray) -> np.ndarray:
    return np.array([float(x) for x in array])


def truth(name: str, x: float) -> mpmath.mpf:
    with mpmath.workdps(2 * DIGITS):
        return getattr(mpmath, name)(mpmath.mpf(x))


@pytest.mark.parametrize("name", UNARY)
@pytest.mark.parametrize("x", ODD, ids=str)
def test_function_follows_ieee(name: str, x: float) -> None:
    with np.errstate(all="ignore"):
        expected = getattr(np, name)(np.array([x]))
    np.testing.assert_allclose(as_floats(getattr(np, name)(object_array(x))), expected, rtol=1e-15)


@pytest.mark.parametrize("name", BINARY)
@pytest.mark.parametrize(("x", "y"), PAIRS, ids=str)
def test_operation_follows_ieee(name: str, x: float, y: float) -> None:
    with np.errstate(all="ignore"):
        expected = getattr(np, name)(np.array([x]), np.array([y]))
    np.testing.assert_allclose(as_floats(getattr(np, name)(object_array(x), object_array(y))), expected, rtol=1e-15)


@pytest.mark.parametrize("name", COMPARED)
@pytest.mark.parametrize(("x", "y"), PAIRS, ids=str)
def test_comparison_follows_ieee(name: str, x: float, y: float) -> None:
    expected = getattr(np, name)(np.array([x]), np.array([y]))
    assert bool(getattr(np, name)(object_array(x), object_array(y))[0]) == bool(expected[0])


@pytest.mark.parametrize("x", [-1.0, -INF], ids=str)
@pytest.mark.parametrize("name", ["log", "sqrt"])
def test_function_outside_its_domain_is_nan(name: str, x: float) -> None:
    assert math.isnan(float(getattr(Digits(x), name)()))


@pytest.mark.parametrize(
    ("x", "power", "expected"), [(4.0, 0.5, 2.0), (-8.0, 1 / 3, NAN), (0.0, -1.0, NAN), (-3.0, 2, 9)]
)
def test_power_is_real_or_nan(x: float, power: float, expected: float) -> None:
    np.testing.assert_equal(float(Digits(x) ** power), expected)


@pytest.mark.parametrize(("x", "expected"), [(1e300, INF), (-1e300, 0.0)], ids=str)
def test_exponential_of_the_enormous_ends_at_once(x: float, expected: float) -> None:
    assert float(Digits(x).exp()) == expected


@pytest.mark.parametrize("name", ["exp", "expm1", "log", "log1p", "sqrt"])
@given(x=ordinary)
def test_function_has_fifty_digits(name: str, x: float) -> None:
    expected = truth(name, x)
    assert abs(getattr(Digits(x), name)().x - expected) <= abs(expected) * mpmath.mpf(10) ** (2 - DIGITS)


@pytest.mark.parametrize("name", ["expm1", "log1p"])
@given(x=st.floats(-1e-10, 1e-10).filter(bool))
def test_function_beside_one_loses_no_digit(name: str, x: float) -> None:
    expected = truth(name, x)
    assert abs(getattr(Digits(x), name)().x - expected) <= abs(expected) * mpmath.mpf(10) ** (2 - DIGITS)


@given(x=st.floats(allow_nan=False))
def test_float_comes_back_as_it_was(x: float) -> None:
    assert float(Digits(x)) == x


@given(x=ordinary, y=ordinary)
def test_sum_that_float64_cannot_hold_is_split_exactly(x: float, y: float) -> None:
    high, low = split(object_array(x) + object_array(y))
    assert Fraction(high[0]) + Fraction(low[0]) == Fraction(x) + Fraction(y)


@pytest.mark.parametrize("x", [INF, -INF, NAN], ids=str)
def test_split_leaves_nothing_beside_what_is_not_finite(x: float) -> None:
    high, low = split(object_array(x))
    np.testing.assert_equal((high[0], low[0]), (x, 0.0))


@pytest.mark.parametrize("shape", [(), (0,), (2, 3)], ids=str)
def test_shape_is_kept(shape: tuple[int, ...]) -> None:
    assert split(digits(np.zeros(shape)))[0].shape == shape


@pytest.mark.parametrize(
    "other", [2, np.int64(2), np.float32(2), np.array(2.0)[()], True + 1], ids=lambda x: str(type(x))
)
def test_whole_and_floating_numbers_mix_with_digits(other: object) -> None:
    assert float(other - Digits(0.5) / other) == 1.75
