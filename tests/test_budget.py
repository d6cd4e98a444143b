"""The table of allowed ulps: it grows with the count of roundings, never with the size of a number."""

import pytest
import torch

from parity.budget import TABLE, allowed, factor

HALVES = [torch.float16, torch.bfloat16]
WIDE = [torch.float32, torch.float64]


@pytest.mark.parametrize("dtype", TABLE, ids=str)
def test_row_says_why(dtype: torch.dtype) -> None:
    assert len(TABLE[dtype].because) > 40


@pytest.mark.parametrize("dtype", TABLE, ids=str)
@pytest.mark.parametrize("gradient", [False, True], ids=["value", "gradient"])
def test_budget_of_a_short_sum_stays_below_two_percent(dtype: torch.dtype, gradient: bool) -> None:
    assert allowed(dtype, 1, gradient=gradient) * torch.finfo(dtype).eps < 0.02


@pytest.mark.parametrize("dtype", WIDE, ids=str)
def test_budget_grows_with_the_root_of_the_length(dtype: torch.dtype) -> None:
    grown = [allowed(dtype, n, gradient=False) - allowed(dtype, 0, gradient=False) for n in (100, 400)]
    assert grown[1] == 2 * grown[0]


@pytest.mark.parametrize("dtype", HALVES, ids=str)
def test_half_allows_its_last_bit_however_long_the_sum(dtype: torch.dtype) -> None:
    assert allowed(dtype, 10**6, gradient=True) == 1


@pytest.mark.parametrize("dtype", TABLE, ids=str)
def test_factor_of_the_references_own_error_is_small(dtype: torch.dtype) -> None:
    assert 1 <= factor(dtype, 1) < 5


def test_dtype_without_a_row_has_no_budget() -> None:
    with pytest.raises(KeyError, match="int64"):
        allowed(torch.int64, 1, gradient=False)
