"""Each way to call a side: what it answers for torch, and that a way which torch cannot go is not compared."""

import pytest
import torch

from parity.exam import Exam
from parity.losses import REFERENCE
from parity.outcome import Call, irregular
from parity.runner import run
from parity.transforms import autocast, compiled, forward, looped, mapped, second

X = torch.tensor([0.5, -1.0, 2.0], dtype=torch.float64)
Y = torch.tensor([0.25, 0.0, -1.0], dtype=torch.float64)


def call(loss: str = "mse_loss", **options: object) -> Call:
    arguments = {"input": X, "target": Y, **options}
    return Call(loss, arguments, ("input", "target"), torch.float64, differentiable=("input", "target"), brief=True)


def test_second_gradient_of_squares_moves_with_the_difference_of_the_directions() -> None:
    found = second(REFERENCE, call(reduction="sum")).gradients["second"]
    torch.testing.assert_close(found["input"], -0.37 * 2 * (irregular((3,)) - irregular((3,), 1)))
    assert torch.equal(found["input"], -found["target"])


def test_second_gradient_of_what_is_straight_is_zero() -> None:
    found = second(REFERENCE, call("l1_loss")).gradients["second"]
    assert found["input"].tolist() == [0.0, 0.0, 0.0]


def test_tangent_is_the_derivative_along_a_direction() -> None:
    step, plain = 1e-7, call(reduction="sum")
    ahead = {n: t + step * irregular(t.shape, turn) for turn, (n, t) in enumerate(plain.tensors.items())}
    tangent = forward(REFERENCE, plain).value
    assert tangent is not None
    moved = run(REFERENCE, plain.with_tensors(lambda t: ahead["input"] if t is X else ahead["target"])).value
    assert (moved - run(REFERENCE, plain).value).item() / step == pytest.approx(tangent.item(), rel=2e-3)


def test_mapped_gives_what_looped_gives() -> None:
    both = [way(REFERENCE, call(reduction="none")) for way in (mapped, looped)]
    assert both[0].value is not None
    assert torch.equal(both[0].value, both[1].value)
    assert not torch.equal(both[0].value[0], both[0].value[1])


@pytest.mark.filterwarnings("ignore:.*should not be instantiated:DeprecationWarning")
def test_compiled_gives_what_is_plain() -> None:
    assert torch.equal(compiled(REFERENCE, call()).value, run(REFERENCE, call()).value)


def test_autocast_gives_halves_in_float32() -> None:
    halves = call().with_tensors(torch.Tensor.bfloat16)
    assert autocast(REFERENCE, halves).value.dtype == torch.float32


def test_what_a_way_raises_is_part_of_the_outcome() -> None:
    assert second(REFERENCE, call(reduction="nonsense")).raised.type == "ValueError"


def test_a_way_that_torch_cannot_go_is_not_compared(trial_of) -> None:
    trial = trial_of("inputs: {input: [1.0], target: [2.0]}")
    plain = call(reduction="nonsense")
    exam = Exam(trial, REFERENCE, plain, run(REFERENCE, call()), run(REFERENCE, call()))
    assert exam.through(second).status == "not compared"
    assert "ValueError" in exam.through(second).what
