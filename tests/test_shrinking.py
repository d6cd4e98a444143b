"""A failure made small: the least inputs on which the candidate deviates in the same way."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch.nn import functional

from parity.case import Trial
from parity.inputs import build
from parity.losses import Subject, signatures
from parity.shrinking import MOST_CASES, MOST_STEPS, fewest, first_failures, shrunk, smaller
from parity.trial import Verdict, check

MANY = "inputs: {input: {normal: [4, 50], seed: 1}, target: {normal: [4, 50], seed: 2}}"
Judge = Callable[..., Verdict]


def off_above_two(input: torch.Tensor, target: torch.Tensor, **options: Any) -> torch.Tensor:
    return functional.mse_loss(torch.where(input > 2, input * 1.5, input), target, **options)


def off_in_the_first_class(input: torch.Tensor, target: torch.Tensor, **options: Any) -> torch.Tensor:
    return functional.cross_entropy(input * torch.where(target == 0, 1.5, 1.0).unsqueeze(1), target, **options)


def off_where_many(input: torch.Tensor, target: torch.Tensor, **options: Any) -> torch.Tensor:
    return functional.mse_loss(input, target, **options) * (1.5 if input.numel() > 20 else 1.0)


def refuses_few(input: torch.Tensor, target: torch.Tensor, **options: Any) -> torch.Tensor:
    if input.numel() < 200:
        raise ValueError("too few")
    return functional.mse_loss(input, target, **options) * 1.5


def steep(input: torch.Tensor, target: torch.Tensor, **options: Any) -> torch.Tensor:
    """The slope alone is off, above two."""
    loss = functional.mse_loss(input, target, **options)
    return loss + (torch.where(input > 2, input - input.detach(), torch.zeros_like(input))).sum()


@pytest.fixture
def judged(trial_of: Callable[..., Trial], subject_of: Callable[..., Subject]) -> Judge:
    """The verdict on a function, and what it shrinks to: None where nothing smaller fails."""

    def judge(function: Any, lines: str = MANY, loss: str = "mse_loss") -> tuple[Verdict, Verdict | None]:
        subject = subject_of(**{loss: function})
        verdict = check(trial_of(f"loss: {loss}\n{lines}"), subject)
        assert verdict.state == "failed"
        return verdict, shrunk(verdict, subject)

    return judge


def tensors(verdict: Verdict) -> dict[str, torch.Tensor | None]:
    return build(verdict.trial, signatures()[verdict.trial.case.loss])


@pytest.mark.parametrize(("function", "facet"), [(off_above_two, "value"), (steep, "gradient")], ids=["value", "slope"])
@pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
def test_one_element_is_left_of_many(function: Any, facet: str, reduction: str, judged: Judge) -> None:
    _, small = judged(function, f"{MANY}\noptions: {{reduction: {reduction}}}")
    assert small is not None
    assert {tensor.shape for tensor in tensors(small).values()} == {(1, 1)}
    assert tensors(small)["input"].item() > 2
    assert list(small.failures) == [facet]


def test_row_at_fault_is_left_with_its_label(judged: Judge) -> None:
    lines = "inputs: {input: {normal: [4, 3], seed: 1}, target: [1, 2, 0, 1], weight: [0.5, 1.0, 2.0]}"
    _, small = judged(off_in_the_first_class, lines, "cross_entropy")
    assert [tensor.tolist() for name, tensor in tensors(small).items() if name != "input"] == [[0], [0.5, 1.0, 2.0]]
    assert tensors(small)["input"].shape == (1, 3)


def test_as_many_elements_are_left_as_it_takes(judged: Judge) -> None:
    _, small = judged(off_where_many, "inputs: {input: {normal: [64], seed: 1}, target: {normal: [64], seed: 2}}")
    assert 20 < tensors(small)["input"].numel() <= 24


def test_nothing_is_made_of_a_refusal(judged: Judge) -> None:
    _, small = judged(refuses_few)
    assert small is None


def test_what_fails_in_no_number_is_left_as_it_is(judged: Judge) -> None:
    verdict, small = judged(lambda *a, **k: functional.mse_loss(*a, **k).double())
    assert (list(verdict.failures), small) == (["dtype"], None)


def test_layout_and_dtype_are_kept(judged: Judge) -> None:
    lines = MANY.replace("seed: 1", "seed: 1, layout: transposed, dtype: float64") + "\noptions: {reduction: none}"
    verdict, small = judged(off_above_two, lines)
    assert [small.trial.inputs["input"].layout, tensors(small)["input"].dtype] == ["transposed", torch.float64]
    assert small.trial.id == verdict.trial.id


def test_steps_are_bounded(trial_of: Callable[..., Trial], subject_of: Callable[..., Subject]) -> None:
    asked: list[int] = []

    def off(input: torch.Tensor, target: torch.Tensor, **options: Any) -> torch.Tensor:
        asked.append(input.numel())
        return functional.mse_loss(input, target, **options) * (1.5 if input.numel() > 190 else 1.0)

    verdict = check(trial_of(MANY), subject_of(mse_loss=off))
    asked.clear()
    shrunk(verdict, subject_of(mse_loss=off))
    assert len(set(asked)) > 1
    assert len(asked) <= 2 * MOST_STEPS


def test_first_failure_of_each_of_the_first_cases_is_looked_into(
    trials_of: Callable[[str], list[Trial]], subject_of: Callable[..., Subject]
) -> None:
    inputs = "inputs: {input: [3.0, 1.0], target: [0.5, -1.0]}, dtypes: [float32, float64]"
    trials = trials_of("cases:\n" + "".join(f"  - {{name: a{at}, loss: mse_loss, {inputs}}}\n" for at in range(12)))
    subject = subject_of(mse_loss=off_above_two)
    verdicts = [check(trial, subject) for trial in trials]
    assert [v.trial.id for v in first_failures(verdicts)] == [t.id for t in trials[::2]][:MOST_CASES]
    assert set(smaller(verdicts, subject)) == {t.id for t in trials[::2][:MOST_CASES]}


@pytest.mark.parametrize("culprits", [{5}, {0, 9}, {3, 4}, {1, 5, 8}], ids=str)
@pytest.mark.parametrize("first", [None, 3], ids=["unknown", "told"])
def test_fewest_are_the_culprits(culprits: set[int], first: int | None) -> None:
    assert set(fewest(range(10), lambda kept: culprits <= set(kept), first)) == culprits
