"""Which trials are a variant's, and what of its numbers is turned down in one."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache

import torch

from parity.agreement import judged
from parity.case import Trial
from parity.exam import Exam, described
from parity.inputs import build
from parity.losses import Subject, signatures
from parity.outcome import Outcome
from parity.references import absence
from parity.runner import run
from parity.selection import Request, select
from parity.trial import referred
from parity.truth import Truth, quantity_of
from parity.ulp import numbers


@cache
def theirs() -> tuple[Trial, ...]:
    """The trials that an honest variant must pass."""
    return tuple(trial for trial in select(Request(device="cpu")).trials if _is_theirs(trial))


def false_alarms(trial: Trial, variants: Mapping[str, Subject]) -> Iterator[str]:
    """Which variant is turned down in ``trial``, and on what; one reference and one truth serve them all."""
    call, expected, _ = referred(trial)
    brief = replace(call, brief=True)  # what another upstream gradient would show, the planted faults do
    truth = Truth(call)
    for name, subject in variants.items():
        if subject.function(trial.case.loss) is None:
            continue
        actual = run(subject, brief)
        exam = Exam(trial, subject, call, expected, actual)
        exam.truth = truth
        yield from (f"{name} in {trial.id} of {trial.inputs}: {said}" for said in _turned_down(exam, actual))


def _turned_down(exam: Exam, actual: Outcome) -> Iterator[str]:
    raised = actual.raised or (actual.raised_in_backward if exam.expected.raised_in_backward is None else None)
    if raised is not None or exam.expected.raised_in_backward is not None:
        yield from () if raised is None else (str(raised),)
        return
    for quantity in exam.quantities(actual):
        ours, theirs = quantity_of(actual, quantity), quantity_of(exam.expected, quantity)
        if theirs is None or not theirs.isfinite().all():
            continue  # at a pole each way has its own infinities
        if ours is None or ours.shape != theirs.shape:
            yield f"{described(quantity)} is missing, or of another shape"
        elif found := judged(numbers(ours), numbers(theirs), exam.measure(quantity, theirs.dtype))[0]:
            yield f"{described(quantity)}: {found}"


def _is_theirs(trial: Trial) -> bool:
    """Finite floats of one dtype in a call that a reference takes: the variants are formulas, not whole ports."""
    if trial.form != "function" or trial.case.refused is not None or trial.case.left is not None:
        return False
    if absence(trial.case.loss):
        return False
    signature = signatures()[trial.case.loss]
    tensors = {name: tensor for name, tensor in build(trial, signature).items() if tensor is not None}
    floats = [tensor for tensor in tensors.values() if tensor.is_floating_point()]
    labels = {name for name, tensor in tensors.items() if tensor.dtype in (torch.int64, torch.uint8)}
    plain = len(floats) + len(labels) == len(tensors) and all(signature[name].kind == "labels" for name in labels)
    return plain and len({t.dtype for t in floats}) == 1 and all(_is_finite(t) for t in floats) and _is_moderate(trial)


def _is_finite(tensor: torch.Tensor) -> bool:
    return tensor.numel() > 0 and bool(tensor.isfinite().all())


def _is_moderate(trial: Trial) -> bool:
    """No option beyond the dtype's range, and none left to torch's deprecated guess."""
    largest = torch.finfo(getattr(torch, trial.dtype)).max
    options = [option for option in trial.options.values() if isinstance(option, float)]
    return all(abs(x) <= largest for x in options) and trial.options.get("dim", 0) is not None
