"""Who agrees: equal bits, within the budget, or no farther from the truth than torch is; nothing else."""

import math

import numpy as np
import pytest
import torch

from parity.agreement import Errors, Measure, agrees, judged, off
from parity.truth import Exact

INF, NAN = math.inf, math.nan
ULP = 2.0**-23  # of float32 at 1


def array(*values: float) -> np.ndarray:
    return np.array(values, dtype=np.float64)


def measure(ulps: float = 0.0, truth: float | None = None, factor: float = 1.0) -> Measure:
    exact = None if truth is None else Exact(array(truth), array(0.0))
    return Measure(torch.float32, ulps, factor, double=lambda: exact)


def is_agreed(candidate: float, torchs: float, held_to: Measure) -> bool:
    return bool(agrees(array(candidate), array(torchs), held_to)[0])


@pytest.mark.parametrize("x", [0.0, 1.0, -3e38, 2.0**-149, INF, -INF, NAN], ids=str)
def test_equal_bits_agree(x: float) -> None:
    assert is_agreed(x, x, measure())


@pytest.mark.parametrize(("x", "y"), [(0.0, -0.0), (-0.0, 0.0)], ids=str)
def test_sign_of_a_zero_is_not_judged(x: float, y: float) -> None:
    assert is_agreed(x, y, measure())


@pytest.mark.parametrize("ulps", [1, 4, 100])
def test_distance_of_the_budget_agrees(ulps: int) -> None:
    assert is_agreed(1 + ulps * ULP, 1.0, measure(ulps))


@pytest.mark.parametrize("ulps", [0, 1, 4, 100])
def test_distance_one_ulp_beyond_the_budget_differs(ulps: int) -> None:
    assert not is_agreed(1 + (ulps + 1) * ULP, 1.0, measure(ulps))


@pytest.mark.parametrize("scale", [2.0**-120, 2.0**-20, 1.0, 2.0**20, 2.0**120], ids=lambda x: f"{x:.0e}")
def test_tolerance_does_not_grow_with_absolute_size(scale: float) -> None:
    verdicts = [is_agreed(scale * (1 + n * ULP), scale, measure(4)) for n in (4, 5)]
    assert verdicts == [True, False]


@pytest.mark.parametrize("candidate", [1e-38, 2.0**-149, -(2.0**-149)], ids=str)
def test_small_number_is_not_zero(candidate: float) -> None:
    assert not is_agreed(candidate, 0.0, measure())


@pytest.mark.parametrize("torchs", [1.0, INF, -INF, 0.0], ids=str)
def test_nan_of_the_candidate_differs(torchs: float) -> None:
    assert not is_agreed(NAN, torchs, measure(1000, truth=1.0, factor=10.0))


@pytest.mark.parametrize("candidate", [1.0, INF, 0.0], ids=str)
@pytest.mark.parametrize("truth", [None, NAN], ids=str)
def test_nan_of_torch_excuses_nothing(candidate: float, truth: float | None) -> None:
    assert not is_agreed(candidate, NAN, measure(1000, truth=truth))


def test_candidate_nearer_the_truth_agrees() -> None:
    assert is_agreed(1.0, 1 + 50 * ULP, measure(4, truth=1.0))


def test_candidate_as_far_from_the_truth_on_the_other_side_agrees() -> None:
    assert is_agreed(1 - 50 * ULP, 1 + 50 * ULP, measure(4, truth=1.0))


def test_candidate_farther_from_the_truth_differs() -> None:
    assert not is_agreed(1 + 60 * ULP, 1 + 50 * ULP, measure(4, truth=1.0))


def test_factor_widens_torchs_own_error() -> None:
    assert is_agreed(1 + 190 * ULP, 1 + 50 * ULP, measure(4, truth=1.0, factor=4.0))


def test_right_answer_agrees_where_torch_overflows() -> None:
    assert is_agreed(1e38, INF, measure(4, truth=1e38))


def test_answer_beyond_the_budget_differs_where_torch_overflows() -> None:
    assert not is_agreed(1.001e38, INF, measure(4, truth=1e38))


def test_overflow_of_the_candidate_alone_differs() -> None:
    assert not is_agreed(INF, 1e38, measure(4, truth=1e38))


def test_infinity_agrees_where_the_truth_overflows_the_dtype() -> None:
    assert is_agreed(INF, 3.4e38, measure(0, truth=1e39))


@pytest.mark.parametrize("candidate", [-INF, 1.0, NAN], ids=str)
def test_infinity_of_torch_and_of_the_truth_is_due(candidate: float) -> None:
    assert not is_agreed(candidate, INF, measure(1000, truth=INF))


def test_truth_is_not_asked_for_where_the_budget_settles_it() -> None:
    def unasked() -> Exact | None:
        raise AssertionError("asked")

    assert is_agreed(1 + ULP, 1.0, Measure(torch.float32, 1, double=unasked))


def test_truth_of_another_shape_decides_nothing() -> None:
    other = Exact(array(1.0, 1.0), array(0.0, 0.0))
    assert not is_agreed(1.0, 2.0, Measure(torch.float32, 1, double=lambda: other))


@pytest.mark.parametrize("torchs", [1 + 50 * ULP, INF, NAN], ids=str)
def test_right_answer_in_50_digits_agrees_whatever_torch_says(torchs: float) -> None:
    exact = Exact(array(1.0), array(0.0))
    assert is_agreed(1.0, torchs, Measure(torch.float32, 4, digits=lambda wanted: exact))


def test_digits_are_asked_only_for_what_is_not_settled() -> None:
    asked = []
    held_to = Measure(torch.float32, 4, digits=lambda wanted: asked.append(wanted.tolist()))
    agrees(array(1.0, 2.0), array(1.0, 3.0), held_to)
    assert asked == [[False, True]]


def test_impatience_asks_for_no_digits() -> None:
    exact = Exact(array(1.0), array(0.0))
    held_to = Measure(torch.float32, 4, digits=lambda wanted: exact)
    assert not agrees(array(1.0), array(2.0), held_to, patient=False)[0]


def test_error_of_torch_near_by_excuses_as_much() -> None:
    held_to = Measure(torch.float32, 4, 2.0, reference_error=lambda own: own + 10 * ULP)
    assert [is_agreed(1 + n * ULP, 1.0, held_to) for n in (20, 21)] == [True, False]


def test_only_what_differs_is_wrong() -> None:
    assert agrees(array(1, 2, NAN), array(1, 3, NAN), measure()).tolist() == [True, False, True]


def test_deviation_is_that_of_the_worst_element() -> None:
    found, _ = judged(array(1.0, 1 + 9 * ULP, 1 + 5 * ULP), array(1.0, 1.0, 1.0), measure(4))
    assert found is not None
    assert (found.index, found.ulps, found.wrong, found.total) == ((1,), 9.0, 2, 3)


def test_deviation_of_nan_is_worst_of_all() -> None:
    found, _ = judged(array(1 + 9 * ULP, NAN), array(1.0, 1.0), measure(4))
    assert found is not None
    assert (found.index, found.ulps) == ((1,), INF)


def test_agreement_tells_how_far_apart() -> None:
    assert judged(array(1 + 3 * ULP), array(1.0), measure(4)) == (None, 3.0)


@pytest.mark.parametrize("shape", [(0,), (2, 0)], ids=str)
def test_empty_results_agree(shape: tuple[int, ...]) -> None:
    assert judged(np.zeros(shape), np.zeros(shape), measure()) == (None, 0.0)


@pytest.mark.parametrize(
    ("x", "truth", "ulps"),
    [(1 + 3 * ULP, 1.0, 3), (1.0, 1 + ULP / 2, 0.5), (INF, 1.0, INF), (NAN, 1.0, INF), (INF, INF, 0), (INF, 1e39, 0),
     (-INF, 1e39, INF), (1.0, INF, INF)],
    ids=["far", "near", "infinite", "nan", "both-infinite", "overflows", "to-the-other-side", "finite"],
)  # fmt: skip
def test_error_is_told_in_ulps_of_the_truth(x: float, truth: float, ulps: float) -> None:
    assert off(array(x), Exact(array(truth), array(0.0)), torch.float32) == ulps


def test_finite_answer_is_off_a_truth_that_overflows() -> None:
    largest = torch.finfo(torch.float32).max
    assert 1 < off(array(largest), Exact(array(1.01 * largest), array(0.0)), torch.float32)[0] < INF


@pytest.mark.parametrize(
    ("ours", "theirs", "nearer"),
    [(1.0, 2.0, "candidate"), (2.0, 1.0, "torch"), (1.0, 1.0, "same"), (1.0, 1.005, "same"), (0.0, 0.0, "same"),
     (0.0, 1e-9, "candidate")],
    ids=str,
)  # fmt: skip
def test_smaller_mean_error_is_the_more_accurate(ours: float, theirs: float, nearer: str) -> None:
    assert Errors(9.0, 9.0, ours, theirs, count=3).more_accurate == nearer
