"""Ulps, against NumPy's, Python's and torch's own."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from parity.ulp import FORMATS, component, distance, numbers, rounded, same, ulp

INF, NAN = math.inf, math.nan
NARROW = [torch.float16, torch.bfloat16, torch.float32]
POINTS = [0.0, -0.0, 5e-324, -5e-324, 2.0**-1022, 0.1, -1.0, 1.0, 1.5, 2.0 - 2**-52, 2.0, 1e300, 1.7976931348623157e308]
NAMES = {np.float16: torch.float16, np.float32: torch.float32}
floats = st.floats(allow_nan=False, allow_infinity=False, width=64)
formats = st.sampled_from(NARROW)


def array(*values: float) -> np.ndarray:
    return np.array(values, dtype=np.float64)


@pytest.mark.parametrize("x", POINTS)
def test_ulp_of_float64_is_that_of_python(x: float) -> None:
    assert ulp(array(x), torch.float64)[0] == math.ulp(x)


@pytest.mark.parametrize("kind", NAMES, ids=lambda kind: kind.__name__)
def test_ulp_of_a_narrow_dtype_is_the_spacing_of_numpy(kind: type[np.floating]) -> None:
    edge = np.finfo(kind)
    x = np.array([0, edge.smallest_subnormal, edge.tiny, 0.1, 1, 1.999, 2, edge.max / 3], dtype=kind)
    np.testing.assert_array_equal(ulp(x.astype(np.float64), NAMES[kind]), np.spacing(x).astype(np.float64))


@pytest.mark.parametrize("dtype", FORMATS, ids=str)
def test_ulp_is_the_step_to_the_next_number(dtype: torch.dtype) -> None:
    x = torch.tensor([0.0, 0.3, 1.0, 1.5, 3.0, 1000.0, torch.finfo(dtype).tiny], dtype=dtype)
    step = torch.nextafter(x, torch.full_like(x, INF)).double() - x.double()
    np.testing.assert_array_equal(ulp(numbers(x), dtype), step.numpy())


@pytest.mark.parametrize("x", [INF, -INF, NAN], ids=str)
def test_what_is_not_finite_has_no_ulp(x: float) -> None:
    assert np.isnan(ulp(array(x), torch.float32)[0])


@pytest.mark.parametrize(
    ("x", "y", "expected"),
    [
        (1.0, 1.0 + 2**-23, 1.0),
        (1.0, 1.0 - 2**-24, 0.5),
        (0.0, 2.0**-149, 1.0),
        (2.0**-149, -(2.0**-149), 2.0),
        (-0.0, 0.0, 0.0),
        (NAN, NAN, 0.0),
        (INF, INF, 0.0),
        (INF, -INF, INF),
        (INF, 1.0, INF),
        (NAN, 1.0, INF),
        (1e30, -1e30, 2e30 / 2.0**76),
    ],
)
def test_distance_in_float32(x: float, y: float, expected: float) -> None:
    assert distance(array(x), array(y), torch.float32)[0] == expected


@given(x=floats, y=floats)
def test_distance_is_symmetric(x: float, y: float) -> None:
    one, other = (distance(array(a), array(b), torch.float64)[0] for a, b in ((x, y), (y, x)))
    assert one == other


@pytest.mark.parametrize(
    ("x", "y", "alike"), [(NAN, NAN, True), (0.0, -0.0, True), (INF, -INF, False), (NAN, 0, False)]
)
def test_same_knows_nan_and_looks_at_no_sign_of_zero(x: float, y: float, alike: bool) -> None:
    assert same(array(x), array(y))[0] == alike


@given(x=floats, dtype=formats)
def test_rounded_is_torchs_conversion(x: float, dtype: torch.dtype) -> None:
    # torch goes from float64 to the halves by way of float32, which rounds twice: hand it what float32 holds.
    start = x if dtype is torch.float32 else torch.tensor(x, dtype=torch.float64).float().item()
    assert rounded(array(start), dtype)[0] == torch.tensor(start, dtype=torch.float64).to(dtype).item()


@given(x=floats, dtype=formats)
def test_rounded_again_is_the_same(x: float, dtype: torch.dtype) -> None:
    once = rounded(array(x), dtype)
    assert rounded(once, dtype) == once


@given(x=floats, y=floats, dtype=formats)
def test_rounded_keeps_the_order(x: float, y: float, dtype: torch.dtype) -> None:
    low, high = rounded(array(min(x, y), max(x, y)), dtype)
    assert low <= high


@given(x=st.floats(-60000, 60000), dtype=formats)
def test_rounded_moves_by_half_an_ulp_at_most(x: float, dtype: torch.dtype) -> None:
    assert abs(rounded(array(x), dtype)[0] - x) <= ulp(array(x), dtype)[0] / 2


@given(x=st.floats(-60000, 60000))
def test_rounded_to_float16_is_numpys(x: float) -> None:
    assert rounded(array(x), torch.float16)[0] == float(np.float16(x))


def test_rounded_once_keeps_what_two_roundings_would_lose() -> None:
    just_above_a_tie = 1 + 2**-8 + 2**-40
    assert rounded(array(just_above_a_tie), torch.bfloat16)[0] == 1 + 2**-7


@pytest.mark.parametrize(
    ("x", "expected"),
    [(65519.0, 65504.0), (65520.0, INF), (-65520.0, -INF), (INF, INF), (2.0**-25, 0.0), (2.0**-25 * 1.01, 2.0**-24)],
)
def test_rounded_to_float16_at_its_ends(x: float, expected: float) -> None:
    assert rounded(array(x), torch.float16)[0] == expected


def test_rounded_keeps_nan() -> None:
    assert np.isnan(rounded(array(NAN), torch.float16)[0])


def test_complex_numbers_become_pairs() -> None:
    np.testing.assert_array_equal(numbers(torch.tensor([1 + 2j])), [[1.0, 2.0]])


def test_conjugates_are_resolved() -> None:
    np.testing.assert_array_equal(numbers(torch.tensor([1 + 2j]).conj()), [[1.0, -2.0]])


@pytest.mark.parametrize(
    ("dtype", "expected"),
    [(torch.complex64, torch.float32), (torch.bfloat16, torch.bfloat16), (torch.int64, torch.float64)],
    ids=str,
)
def test_component_is_the_real_dtype_to_measure_in(dtype: torch.dtype, expected: torch.dtype) -> None:
    assert component(dtype) is expected
