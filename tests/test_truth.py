"""The truth, held against itself: float64 and 50 digits agree, and differences agree with autograd, for every loss."""

from collections.abc import Callable
from functools import cache
from itertools import islice

import numpy as np
import pytest
import torch

from parity import runner
from parity.case import Trial
from parity.digits import more_digits
from parity.losses import REFERENCE, Subject, signatures
from parity.outcome import Call
from parity.references import absence
from parity.runner import run, run_in_double
from parity.selection import Request, select
from parity.trial import check
from parity.truth import Exact, Truth, gradient_truth, is_kink, value_truth
from parity.ulp import numbers

FEW = 6  # trials a loss, spread over its cases
SMALL = 24  # elements of an input: each is moved twice
DRAWN = ("normal", "uniform", "probabilities", "signs")
INF, NAN = float("inf"), float("nan")
# Whole numbers have no truth to look for; without a reference there is nothing to confirm one.
LOSSES = [loss for loss in signatures() if loss != "one_hot" and not absence(loss)]
Only = Callable[..., Trial]


@cache
def calls(loss: str) -> list[Call]:
    """Calls that torch answers, on drawn numbers: they meet no kink."""
    trials = select(Request(losses=[loss], dtypes=["float32"], device="cpu")).trials
    drawn = [trial for trial in trials if _is_drawn(trial)]
    found = (check(trial, REFERENCE, only=["shape"]).call for trial in drawn[:: max(1, len(drawn) // FEW)])
    return [call for call in islice(found, FEW) if call is not None]


def _is_drawn(trial: Trial) -> bool:
    floats = [given for given in trial.inputs.values() if given and not given.whole and given.recipe != "integers"]
    is_small = all(0 < np.prod(given.shape) <= SMALL for given in floats)
    is_drawn = bool(floats) and all(given.recipe in DRAWN for given in floats[:2])
    is_plain = all(given is None or given.dtype in (None, "same") for given in trial.inputs.values())
    is_plain = is_plain and all(abs(x) < 1e6 for x in trial.options.values() if isinstance(x, float))
    return is_small and is_drawn and is_plain and trial.form == "function" and trial.case.refused is None


def _gap(exact: Exact, double: torch.Tensor) -> float:
    """The largest distance, in units of the largest number: sums lose what their terms cancel, differences more."""
    size = max(1e-16, float(np.abs(exact.high).max()))
    return float(exact.error(numbers(double)).max()) / size


def in_full(call: Call, cotangent: str, argument: str) -> Exact | None:
    """The gradient of every element in 50 digits."""
    return gradient_truth(call, cotangent, argument, np.ones(call.tensors[argument].shape, dtype=bool))


def _gradients(call: Call) -> list[tuple[Exact, torch.Tensor]]:
    found = [(c, a, g) for c, of in run_in_double(call).gradients.items() for a, g in of.items() if g is not None]
    named = [(c, a, g) for c, a, g in found if g.isfinite().all()]
    pairs = [(in_full(call, cotangent, argument), g) for cotangent, argument, g in named]
    return [(exact, g) for exact, g in pairs if exact is not None]


@pytest.mark.parametrize("loss", LOSSES)
def test_loss_has_calls_to_try(loss: str) -> None:
    assert calls(loss)


@pytest.mark.parametrize("loss", LOSSES)
def test_value_in_float64_is_the_value_in_50_digits(loss: str) -> None:
    pairs = [(value_truth(call), run_in_double(call).value) for call in calls(loss)]
    assert max(_gap(exact, double) for exact, double in pairs if exact is not None and double is not None) < 1e-14


# Torch's is not the derivative: CTC's is told after a log_softmax, the cosine's passes where a length is held.
@pytest.mark.parametrize("loss", [loss for loss in LOSSES if loss not in ("ctc_loss", "cosine_similarity")])
def test_gradient_by_autograd_is_the_gradient_by_differences(loss: str) -> None:
    gaps = [_gap(exact, gradient) for call in calls(loss)[:3] for exact, gradient in _gradients(call)]
    assert max(gaps) < 1e-14


def mse(*input: float, dtype: torch.dtype = torch.float64, **changes: object) -> Call:
    tensors = {"input": torch.tensor(input, dtype=dtype), "target": torch.zeros(len(input), dtype=dtype)}
    return Call("mse_loss", {**tensors, **changes}, ("input", "target"), dtype, differentiable=("input",))


def test_truth_holds_what_float64_cannot() -> None:
    exact = value_truth(mse(0.1, reduction="sum"))
    assert exact is not None
    assert (exact.high.item(), exact.low.item()) == (0.010000000000000002, pytest.approx(-6.24e-19, rel=0.01))


def test_truth_of_complex_numbers_is_unknown() -> None:
    assert value_truth(mse(1.0, dtype=torch.complex128)) is None


def test_truth_of_what_torch_refuses_is_unknown() -> None:
    assert value_truth(mse(1.0, reduction="average")) is None


def test_gradient_of_many_elements_is_left_unknown() -> None:
    assert in_full(mse(*[1.0] * 1000), "1", "input") is None


@pytest.mark.parametrize("x", [0.0, 1e-9, 1.0, 1e200], ids=str)
def test_gradient_by_differences_is_exact_at_every_size(x: float) -> None:
    exact = in_full(mse(x, reduction="sum"), "1", "input")
    assert exact is not None
    assert exact.high.tolist() == [2 * x]


@pytest.mark.parametrize("x", [72.0, 100.0, 700.0], ids=str)
def test_slope_that_50_digits_lose_beside_a_1_is_found_with_more(x: float) -> None:
    input = torch.tensor([x], dtype=torch.float64)
    exact = in_full(Call("sigmoid", {"input": input}, ("input",), torch.float64, ("input",), ones=True), "1", "input")
    assert exact is not None
    assert exact.high.item() == pytest.approx(float(np.exp(-x)), rel=1e-13)


def test_gradient_is_looked_for_where_it_is_wanted() -> None:
    exact = gradient_truth(mse(1.0, 2.0, reduction="sum"), "1", "input", np.array([False, True]))
    assert exact is not None
    np.testing.assert_array_equal(exact.high, [NAN, 4.0])


def test_element_that_moves_nothing_has_no_gradient() -> None:
    exact = in_full(mse(INF, 1.0, reduction="none"), "one-hot", "input")
    assert exact is not None
    assert exact.high.tolist()[1] == 2.0


def test_formula_that_torch_does_not_confirm_is_not_believed(
    subject_of: Callable[..., Subject], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "FORMULAS", subject_of(mse_loss=lambda input, target, reduction: 3 * input))
    exact = Truth(mse(1.0, reduction="none")).in_digits(None)
    assert exact is not None
    assert np.isnan(exact.high).all()


@pytest.mark.parametrize(
    ("high", "low", "x", "error"),
    [
        (1.0, 0.0, 1.0, 0.0),
        (1.0, 2.0**-60, 1.0, 2.0**-60),
        (INF, 0.0, INF, 0.0),
        (NAN, 0.0, NAN, 0.0),
        (1.0, 0.0, NAN, INF),
        (INF, 0.0, 1.0, INF),
        (INF, 0.0, -INF, INF),
    ],
)
def test_error_from_the_truth(high: float, low: float, x: float, error: float) -> None:
    assert Exact(np.array([high]), np.array([low])).error(np.array([x])).tolist() == [error]


def test_float64_run_sees_the_numbers_of_the_narrow_one() -> None:
    call = mse(0.1, dtype=torch.float16, reduction="none")
    assert run_in_double(call).value.item() == numbers(torch.tensor(0.1).half()).item() ** 2


def test_float64_run_keeps_class_indices() -> None:
    arguments = {"input": torch.tensor([[0.25, 1.0]]), "target": torch.tensor([1])}
    call = Call("nll_loss", arguments, ("input", "target"), torch.float32)
    assert run_in_double(call).value.item() == run(REFERENCE, call).value.item() == -1.0


def one(loss: str, input: float, target: float, **options: object) -> Call:
    tensors = {name: torch.tensor([x], dtype=torch.float64) for name, x in (("input", input), ("target", target))}
    return Call(loss, {**tensors, **options}, ("input", "target"), torch.float64, ("input", "target"))


@pytest.mark.parametrize(
    ("call", "kinked"),
    [(one("l1_loss", 0.5, 0.5), True), (one("l1_loss", 0.5, 0.25), False), (one("mse_loss", 0.5, 0.5), False),
     (one("smooth_l1_loss", 2.0**30 + 0.75, 2.0**30, beta=0.75), False)],
    ids=["tie", "beside", "smooth", "smooth-join"],
)  # fmt: skip
def test_kink_is_where_two_slopes_meet(call: Call, kinked: bool) -> None:
    assert is_kink(call, "1", "input", (0,)) == kinked


def test_infinite_gradient_of_torch_confirms_nothing() -> None:
    truth = Truth(one("binary_cross_entropy", 1.0, 1.0))
    exact = truth.in_digits(("1", "target"))
    assert np.isinf(truth.of(("1", "target")).high)
    assert exact is not None
    assert np.isnan(exact.high)


def test_step_of_a_difference_shrinks_with_the_digits() -> None:
    """At 2^30 a step of 10^-18 of it reaches 10^-9 across the join."""
    call = one("smooth_l1_loss", 2.0**30 + 0.75, 2.0**30, beta=0.75)
    with more_digits(100):
        exact = in_full(call, "1", "input")
    assert exact is not None
    assert exact.error(np.ones(1)) < 1e-30


def test_lucky_value_of_torch_in_float64_is_told_by_its_neighbours_there() -> None:
    x = torch.randn(5, generator=torch.Generator().manual_seed(13)) * 6
    x[4] = x[:4].max() + 7.4
    truth = Truth(Call("log_softmax", {"input": x.double(), "dim": 0}, ("input",), torch.float64))
    digits, value = truth.in_digits(None), truth.double.value
    assert digits is not None
    assert value is not None
    own = digits.error(numbers(value))
    assert truth.reference_error(None, torch.float64, own)[1] > 2 * own[1]
