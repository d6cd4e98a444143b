"""One trial to one verdict: what is the candidate's fault, what the case's, and what nobody's."""

import re
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
import torch
import torch.nn.functional as F  # noqa: N812, its usual name

from parity.case import Trial
from parity.losses import REFERENCE, Subject
from parity.trial import check

PAIR = "inputs: {input: [1.0, 2.5], target: [0.5, -1.0]}"
SHAPES = "inputs: {input: [1.0, 2.5], target: [0.5, -1.0, 2.0]}"
CHUNKS = """loss: linear_cross_entropy
inputs: {input: [[1.0, 2.5]], linear_weight: [[0.5, 1.0], [0.25, -2.0]], target: [0]}
options: {options: {batch_chunk_size: 1}}"""
IDENTITY = "inputs: {x: [0.5, -2.0]}\nleft: {exp: {logsigmoid: x}}\nright: {sigmoid: x}"
GAP = "\nknown_gap: {facets: [value, gradient], because: a test}"
Only = Callable[..., Trial]
Build = Callable[..., Subject]


def off(input: torch.Tensor, target: torch.Tensor, **options: Any) -> torch.Tensor:
    return F.mse_loss(input, target, **options) * 1.001


def doubled_in_float64(input: torch.Tensor, target: torch.Tensor, **options: Any) -> torch.Tensor:
    return F.mse_loss(input, target, **options).double()


def lenient(input: torch.Tensor, target: torch.Tensor, **options: Any) -> torch.Tensor:
    return F.mse_loss(input, target[:2], **options)


def test_right_candidate_passes(trial_of: Only, subject_of: Build) -> None:
    assert check(trial_of(PAIR), subject_of(mse_loss=F.mse_loss)).state == "passed"


def test_wrong_candidate_fails_in_the_facets_that_saw_it(trial_of: Only, subject_of: Build) -> None:
    verdict = check(trial_of(PAIR), subject_of(mse_loss=off))
    assert (verdict.state, set(verdict.failures)) == ("failed", {"value", "gradient"})


def test_candidate_without_the_loss_is_missing(trial_of: Only, subject_of: Build) -> None:
    verdict = check(trial_of(PAIR), subject_of())
    assert (verdict.state, verdict.error) == ("missing", "a candidate has no mse_loss")


def test_case_without_values_and_gradients_need_not_prove_any(trial_of: Only, subject_of: Build) -> None:
    lines = "inputs: {input: [1.0, 1.0], target: [0.0, 0.0]}\ntolerance: {ulps: 1e9, because: a test}"
    facets = "\nfacets: [refusal]"
    states = [check(trial_of(text), subject_of(mse_loss=F.mse_loss)).state for text in (lines, lines + facets)]
    assert states == ["error", "passed"]


@pytest.mark.parametrize(
    ("lines", "trouble"),
    [
        (SHAPES, "torch refuses the call: RuntimeError: The size of tensor a .*; say `refused:` if it should"),
        (PAIR + "\nrefused: ValueError", "the case says that torch raises ValueError, it accepts the call"),
        (SHAPES + "\nrefused: IndexError", "the case says that torch raises IndexError, it raises RuntimeError"),
    ],
    ids=["refused-without-a-word", "refused-but-accepted", "refused-with-another-exception"],
)
def test_case_that_torch_contradicts_is_an_error_of_the_case(lines: str, trouble: str, trial_of: Only) -> None:
    verdict = check(trial_of(lines), REFERENCE)
    assert verdict.state == "error"
    assert re.match(trouble, verdict.error)


def test_refusal_by_both_passes(trial_of: Only) -> None:
    assert check(trial_of(SHAPES + "\nrefused: RuntimeError\nmatching: size"), REFERENCE).state == "passed"


def test_candidate_that_accepts_what_torch_refuses_fails(trial_of: Only, subject_of: Build) -> None:
    verdict = check(trial_of(SHAPES + "\nrefused: RuntimeError"), subject_of(mse_loss=lenient))
    assert "refusal" in verdict.failures


def test_message_that_does_not_match_fails(trial_of: Only, subject_of: Build) -> None:
    def terse(input: torch.Tensor, target: torch.Tensor, **options: Any) -> torch.Tensor:
        raise RuntimeError("no")

    verdict = check(trial_of(SHAPES + "\nrefused: RuntimeError\nmatching: size"), subject_of(mse_loss=terse))
    assert verdict.failures["refusal"].what.startswith("the message does not name the culprit: RuntimeError: no;")


def test_message_of_torch_that_does_not_match_is_an_error_of_the_case(trial_of: Only) -> None:
    verdict = check(trial_of(SHAPES + "\nrefused: RuntimeError\nmatching: no such words"), REFERENCE)
    assert verdict.state == "error"


def test_warning_that_torch_does_not_give_is_an_error_of_the_case(trial_of: Only) -> None:
    verdict = check(trial_of(PAIR + "\nwarns: UserWarning"), REFERENCE)
    assert (verdict.state, verdict.error.endswith("the case says that torch warns UserWarning, it warns nothing")) == (
        "error",
        True,
    )


def test_known_gap_that_fails_is_known(trial_of: Only, subject_of: Build) -> None:
    assert check(trial_of(PAIR + GAP), subject_of(mse_loss=off)).state == "known gap"


def test_known_gap_that_passes_fails(trial_of: Only, subject_of: Build) -> None:
    assert check(trial_of(PAIR + GAP), subject_of(mse_loss=F.mse_loss)).state == "failed"


def test_known_gap_excuses_no_other_facet(trial_of: Only, subject_of: Build) -> None:
    verdict = check(trial_of(PAIR + GAP), subject_of(mse_loss=doubled_in_float64))
    assert verdict.state == "failed"


def test_printed_number_is_met_at_its_digits(trial_of: Only) -> None:
    assert check(trial_of(PAIR + "\nexpect: 6.25"), REFERENCE).state == "passed"


def test_printed_number_that_torch_does_not_meet_is_an_error_of_the_case(trial_of: Only) -> None:
    verdict = check(trial_of(PAIR + "\nexpect: 6.26"), REFERENCE)
    assert (verdict.state, verdict.error.endswith("its value is 6.25, the case prints 6.26")) == ("error", True)


def test_module_of_torch_is_judged_through_its_class(trials_of: Callable[[str], list[Trial]]) -> None:
    trials = trials_of(
        f"loss: mse_loss\ndtypes: [float32]\ncases:\n  - name: it\n    {PAIR}\n    module: MSELoss\n"
        "    each: {reduction: [none, mean]}\n"
    )
    states = {trial.id: check(trial, REFERENCE).state for trial in trials}
    assert states == dict.fromkeys(
        [f"mse_loss/it[float32-cpu-{r}{form}]" for r in ("none", "mean") for form in ("", "-MSELoss")], "passed"
    )


def test_module_that_the_candidate_lacks_is_missing(trials_of: Callable[[str], list[Trial]], subject_of: Build) -> None:
    _, form = trials_of(f"loss: mse_loss\ndtypes: [float32]\ncases:\n  - name: it\n    {PAIR}\n    module: MSELoss\n")
    verdict = check(form, subject_of(mse_loss=F.mse_loss, forms=SimpleNamespace()))
    assert (verdict.state, verdict.error) == ("missing", "a candidate has no MSELoss")


def test_module_of_the_candidate_is_judged(trials_of: Callable[[str], list[Trial]], subject_of: Build) -> None:
    class MSELoss(torch.nn.MSELoss):
        def forward(self, input: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
            return 2 * super().forward(input, target)

    _, form = trials_of(f"loss: mse_loss\ndtypes: [float32]\ncases:\n  - name: it\n    {PAIR}\n    module: MSELoss\n")
    verdict = check(form, subject_of(mse_loss=F.mse_loss, forms=SimpleNamespace(MSELoss=MSELoss)))
    assert set(verdict.failures) == {"value", "gradient"}


def test_identity_that_holds_passes(trial_of: Only) -> None:
    assert check(trial_of(IDENTITY, "identities"), REFERENCE).state == "passed"


def test_identity_that_breaks_on_the_right_fails(trial_of: Only, subject_of: Build) -> None:
    broken = subject_of(logsigmoid=F.logsigmoid, sigmoid=lambda input: torch.sigmoid(input) * 1.001)
    assert "identity" in check(trial_of(IDENTITY, "identities"), broken).failures


def test_identity_that_is_none_is_an_error_of_the_case(trial_of: Only) -> None:
    wrong = IDENTITY.replace("right: {sigmoid: x}", "right: {sigmoid: {negative: x}}")
    assert check(trial_of(wrong, "identities"), REFERENCE).state == "error"


def test_identity_of_a_loss_that_is_lacking_is_missing(trial_of: Only, subject_of: Build) -> None:
    verdict = check(trial_of(IDENTITY, "identities"), subject_of(sigmoid=torch.sigmoid))
    assert (verdict.state, verdict.error) == ("missing", "a candidate has no logsigmoid")


def test_only_the_facets_asked_for_are_looked_at(trial_of: Only) -> None:
    assert set(check(trial_of(PAIR), REFERENCE, only=["value", "shape"]).findings) == {"value", "shape"}


def test_gradient_flushed_to_zero_fails(trial_of: Only, subject_of: Build) -> None:
    def flushed(input: torch.Tensor, target: torch.Tensor, **options: Any) -> torch.Tensor:
        return F.mse_loss(torch.where(input.abs() < 1e-200, input.detach(), input), target, **options)

    trial = trial_of(
        "inputs: {input: [1e-300, 1.0], target: {values: [0.0, 0.0], requires_grad: false}}\ndtypes: [float64]"
    )
    assert check(trial, subject_of(mse_loss=flushed)).state == "failed"


@pytest.mark.parametrize("returned", [2.5, None, [1.0]], ids=["float", "None", "list"])
def test_result_that_is_no_tensor_fails(returned: object, trial_of: Only, subject_of: Build) -> None:
    verdict = check(trial_of(PAIR), subject_of(mse_loss=lambda *a, **k: returned))
    assert verdict.failures["value"].what == f"returned {type(returned).__name__}, torch a Tensor"


def test_exception_of_the_candidate_is_its_fault(trial_of: Only, subject_of: Build) -> None:
    verdict = check(trial_of(PAIR), subject_of(mse_loss=lambda *a, **k: 1 / 0))
    assert verdict.failures["refusal"].what == "raised ZeroDivisionError: division by zero, torch accepts the call"


def test_facet_that_has_nothing_to_compare_says_why(trial_of: Only) -> None:
    findings = check(trial_of(PAIR), REFERENCE).findings
    assert (findings["expect"].status, findings["expect"].what) == ("not compared", "the case prints no numbers")


def test_gradient_that_torch_refuses_must_be_refused(trial_of: Only, subject_of: Build) -> None:
    lines = "loss: nll_loss\ninputs: {input: [[1.0, 2.0]], target: [1], weight: [1.0, 0.5]}"

    def nll_loss(input: torch.Tensor, target: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
        return F.nll_loss(input, target, weight.detach())

    verdict = check(trial_of(lines), subject_of(nll_loss=nll_loss))
    assert "weight" in verdict.failures["gradient"].what


def test_only_backward_that_torch_gives_is_compared(trial_of: Only, subject_of: Build) -> None:
    trial = trial_of(CHUNKS)
    halved = lambda *a, **k: F.linear_cross_entropy(a[0] / 2, *a[1:], **k)  # noqa: E731
    assert check(trial, REFERENCE).state == "passed"
    assert "gradient" in check(trial, subject_of(linear_cross_entropy=halved)).failures


def test_candidate_that_takes_slices_is_not_held_against_a_torch_without_cuda(
    trial_of: Only, subject_of: Build
) -> None:
    sliced = lambda input, target, **k: F.mse_loss(input[0:], target, **k)  # noqa: E731
    finding = check(trial_of(PAIR), subject_of(mse_loss=sliced), only=["placement"]).findings["placement"]
    assert finding.status != "failed"
