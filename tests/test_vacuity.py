"""A tolerance that a plainly wrong answer would meet is an error of the case; a right answer is never called wrong."""

from collections.abc import Callable

import pytest

from parity import vacuity
from parity.case import Trial
from parity.losses import REFERENCE
from parity.trial import Verdict, check

FULL = "{full: [101], value: %s}"
LOOSE = {
    "zeros": ("{input: [1.0, 3.0], target: [0.0, 0.0]}", "none", 2**25),
    "a scaling by 2 %": ("{input: [1.0, 3.0], target: [0.0, 0.0]}", "none", 400_000),
    "a constant": ("{input: [1.0, 1.0005], target: [0.0, 0.0]}", "none", 10_000),
    "a neighbour's row": (
        "{input: [1.0, 1.0005, 1.001, 1.0015, 1.001, 1.0005], target: [0, 0, 0, 0, 0, 0]}", "none", 10_000,
    ),
    "a divisor off by one": (f"{{input: {FULL % 1.25}, target: {FULL % 0}}}", "mean", 200_000),
    "a dropped term": (f"{{input: {FULL % 0.11}, target: {FULL % 0}}}", "sum", 120_000),
}  # fmt: skip
RIGHT = {
    "zero": ("{input: [1.0, 3.0], target: [1.0, 3.0]}", "mean"),
    "empty": ("{input: {full: [0, 3], value: 1.0}, target: {full: [0, 3], value: 0.0}}", "none"),
    "nan": ("{input: [nan, nan], target: [1.0, 3.0]}", "none"),
    "nan_of_an_empty_mean": ("{input: {full: [0], value: 1.0}, target: {full: [0], value: 0.0}}", "mean"),
    "infinite": ("{input: [inf, inf], target: [1.0, 3.0]}", "none"),
}


@pytest.fixture
def verdict(trial_of: Callable[..., Trial]) -> Callable[..., Verdict]:
    """Torch judged against itself with so many ulps allowed."""

    def judge(inputs: str, reduction: str, ulps: float) -> Verdict:
        tolerance = f"tolerance: {{ulps: {ulps}, because: a test}}"
        return check(trial_of(f"inputs: {inputs}\noptions: {{reduction: {reduction}}}\n{tolerance}"), REFERENCE)

    return judge


@pytest.mark.parametrize("fake", LOOSE)
def test_loose_tolerance_is_an_error_that_names_what_it_accepts(fake: str, verdict: Callable[..., Verdict]) -> None:
    found = verdict(*LOOSE[fake])
    assert (found.state, found.error) == (
        "error",
        f"the tolerance proves nothing: value: {fake} would be accepted",
    )


def test_gradient_of_the_upstream_sign_only_is_tried(
    verdict: Callable[..., Verdict], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vacuity, "SCALING", 100.0)  # or 2 % would be accepted first wherever 60 % are
    found = verdict("{input: [0.8001, 0.012501], target: [0.0, 0.0]}", "sum", 6_000_000)
    assert found.error.endswith("gradient of input (upstream 2.5): its upstream gradient's sign only would be accepted")


@pytest.mark.parametrize("fake", LOOSE)
def test_same_case_with_a_tight_tolerance_passes(fake: str, verdict: Callable[..., Verdict]) -> None:
    inputs, reduction, _ = LOOSE[fake]
    assert verdict(inputs, reduction, 4).state == "passed"


@pytest.mark.parametrize("answer", RIGHT)
def test_answer_that_is_right_is_spared(answer: str, verdict: Callable[..., Verdict]) -> None:
    assert verdict(*RIGHT[answer], 2**25).state == "passed"


def test_constant_is_spared_where_the_answer_is_one(verdict: Callable[..., Verdict]) -> None:
    assert verdict("{input: [1.0, 1.0], target: [0.0, 0.0]}", "none", 10_000).state == "passed"


def test_row_of_a_neighbour_is_spared_where_all_rows_are_alike(verdict: Callable[..., Verdict]) -> None:
    rows = "{input: [[1.0, 2.0], [1.0, 2.0]], target: [[0.0, 0.0], [0.0, 0.0]]}"
    assert verdict(rows, "none", 10_000).state == "passed"


def test_error_of_the_case_outweighs_a_deviation(
    trial_of: Callable[..., Trial], subject_of: Callable[..., object]
) -> None:
    loose = "inputs: {input: [1.0], target: [0.0]}\ntolerance: {ulps: 33554432, because: a test}"
    zeros = subject_of(mse_loss=lambda input, target, **options: (input - target).sum() * 0)
    assert check(trial_of(loose), zeros).state == "error"
