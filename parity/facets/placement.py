"""Everything stays on the inputs' device: shown on tensors that pretend to be on CUDA, on any machine."""

import torch

from parity.case import DEPRECATED
from parity.exam import PASSED, Exam, Finding, failed, not_compared, unanswered
from parity.outcome import Call
from parity.runner import run_placed

NEEDS = "torch devices"
DEVICE = "cuda"
NOT_BUILT = "not linked with support for"  # a copy of a tensor that does not lie in rows asks for the real device
READS_VALUES = ("DataDependentOutputException", "DynamicOutputShapeException", "UnsupportedOperatorException")


_FOUND: dict[tuple[object, ...], Finding] = {}
"""What was found of a call, by what there is of it without sizes and values: many trials differ in these alone."""


def compare(exam: Exam) -> Finding:
    if exam.trial.dtype != exam.trial.case.dtypes[0]:
        return not_compared("looked at in the first dtype of the case: it is the same in all")
    if exam.trial.form != "function":
        return not_compared("looked at in the function's form: the module calls it")
    if found := unanswered(exam):
        return found
    key = (exam.subject, *_without_values(exam.call))
    if key not in _FOUND:
        _FOUND[key] = _compared(exam)
    return _FOUND[key]


def _without_values(call: Call) -> tuple[object, ...]:
    given = ((name, value) for name, value in call.arguments.items() if name not in DEPRECATED)
    return call.loss, repr(call.expression), tuple((name, _kind(value)) for name, value in given)


def _kind(value: object) -> object:
    """What decides where a loss makes tensors of its own: neither a size nor a number."""
    if isinstance(value, torch.Tensor):
        return value.ndim, value.numel() == 0, value.is_contiguous(), value.is_floating_point() or value.dtype
    return repr(value) if value is None or isinstance(value, bool | str) else type(value)


def _compared(exam: Exam) -> Finding:
    ours = run_placed(exam.subject, exam.call, device=DEVICE)
    if ours.value is not None and ours.value.device.type == DEVICE:
        return PASSED
    theirs = run_placed(exam.reference, exam.call, device=DEVICE)
    if theirs.raised is not None:
        return not_compared(f"torch itself cannot run without values: {theirs.raised.type}")
    if ours.raised is not None:
        if set(ours.raised.bases) & set(READS_VALUES):
            return not_compared("the candidate reads values to decide what to do")
        if NOT_BUILT in ours.raised.message:
            return not_compared(f"this build of torch cannot pretend {DEVICE} for what the candidate does")
        return failed(f"inputs on {DEVICE}: {ours.raised}")
    assert theirs.value is not None
    if ours.value is not None and ours.value.device.type == theirs.value.device.type:
        return PASSED
    where = "nowhere" if ours.value is None else ours.value.device
    return failed(f"inputs on {DEVICE}, the value on {where}, torch's on {theirs.value.device}")
