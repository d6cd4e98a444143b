"""No honest implementation is turned down: right answers by other routes pass wherever they answer."""

from collections.abc import Iterator

import pytest
import torch
from honest import VARIANTS

from parity.case import Trial, reseeded
from parity.inputs import build
from parity.losses import Subject, signatures
from parity.selection import Request, select
from parity.trial import Verdict, check

NUMBERS = ("value", "gradient", "layout", "refusal")
SAMPLE = 41  # every so-manieth trial under each further seed
SEEDS = 5


def _is_theirs(trial: Trial) -> bool:
    """Finite floats of one dtype in a call that torch takes: the variants are formulas, not whole ports."""
    if trial.form != "function" or trial.case.refused is not None or trial.case.left is not None:
        return False
    signature = signatures()[trial.case.loss]
    tensors = {name: tensor for name, tensor in build(trial, signature).items() if tensor is not None}
    floats = [tensor for tensor in tensors.values() if tensor.is_floating_point()]
    labels = {name for name, tensor in tensors.items() if tensor.dtype == torch.int64}
    plain = len(floats) + len(labels) == len(tensors) and all(signature[name].kind == "labels" for name in labels)
    return plain and len({t.dtype for t in floats}) == 1 and all(_is_finite(t) for t in floats) and _is_moderate(trial)


def _is_finite(tensor: torch.Tensor) -> bool:
    return tensor.numel() > 0 and bool(tensor.isfinite().all())


def _is_moderate(trial: Trial) -> bool:
    """No option beyond the dtype's range, and none left to torch's deprecated guess."""
    largest = torch.finfo(getattr(torch, trial.dtype)).max
    numbers = [option for option in trial.options.values() if isinstance(option, float)]
    return all(abs(x) <= largest for x in numbers) and trial.options.get("dim", 0) is not None


@pytest.fixture(scope="module")
def trials() -> list[Trial]:
    return [trial for trial in select(Request(device="cpu")).trials if _is_theirs(trial)]


def _verdicts(trials: list[Trial], subject: Subject) -> Iterator[Verdict]:
    """Those in which the variant answers at all; one that lacks an option refuses it."""
    for trial in trials:
        if subject.function(trial.case.loss) is not None:
            verdict = check(trial, subject, only=NUMBERS)
            if "refusal" not in verdict.failures:
                yield verdict


@pytest.mark.parametrize("variant", VARIANTS)
def test_an_honest_variant_passes(variant: str, trials: list[Trial]) -> None:
    verdicts = list(_verdicts(trials[::7], VARIANTS[variant]))
    assert [verdict.trial.id for verdict in verdicts if verdict.failures] == []
    assert sum(verdict.state == "passed" for verdict in verdicts) > 10


@pytest.mark.parametrize("variant", VARIANTS)
def test_an_honest_variant_passes_on_other_numbers(variant: str, trials: list[Trial]) -> None:
    moved = [reseeded(trial, 1000 * seed) for seed in range(1, SEEDS + 1) for trial in trials[seed::SAMPLE]]
    verdicts = list(_verdicts(moved, VARIANTS[variant]))
    assert [(verdict.trial.id, verdict.trial.inputs) for verdict in verdicts if verdict.failures] == []
