"""The numbers that a case prints, met by torch and by the candidate at the digits printed."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch

from parity.case import Nested, Printed
from parity.errors import CaseError
from parity.exam import PASSED, Exam, Finding, failed, not_compared, unanswered
from parity.outcome import ONES, Outcome
from parity.ulp import component, numbers, ulp

NUMBERS = True


def compare(exam: Exam) -> Finding:
    case = exam.trial.case
    if case.expect is None and not _slopes(exam):
        return not_compared(exam.lacking("gradients") if case.expect_gradient else "the case prints no numbers")
    if found := unanswered(exam, alone=True):
        return found
    if not exam.expected.absent and (trouble := _first_unmet(exam, exam.expected)):
        raise CaseError(f"{case.place}: torch does not meet what the case prints: its {trouble}")
    trouble = _first_unmet(exam, exam.actual)
    return failed(f"the candidate's {trouble}") if trouble else PASSED


def _first_unmet(exam: Exam, outcome: Outcome) -> str:
    found = _printed(exam.trial.case.expect, _slopes(exam), outcome)
    return next((f"{name} {said}" for name, printed, tensor in found if (said := _unmet(printed, tensor))), "")


def _slopes(exam: Exam) -> Mapping[str, Nested]:
    """The gradients that the case prints, if the candidate's framework has any."""
    return {} if exam.lacking("gradients") else exam.trial.case.expect_gradient


def _printed(
    value: Nested, gradients: Mapping[str, Nested], outcome: Outcome
) -> Iterator[tuple[str, Nested, torch.Tensor | None]]:
    if value is not None:
        yield "value", value, outcome.value
    for argument, printed in gradients.items():
        yield f"gradient of {argument}", printed, outcome.gradients.get(ONES, {}).get(argument)


def _unmet(printed: Nested, tensor: torch.Tensor | None) -> str:
    if tensor is None:
        return "is missing"
    wanted = np.array(_each(printed, lambda p: p.value), dtype=np.float64)
    slack = np.array(_each(printed, lambda p: p.slack), dtype=np.float64)
    actual = numbers(tensor)
    if wanted.shape != actual.shape:
        return f"has shape {actual.shape}, the case prints shape {wanted.shape}"
    with np.errstate(invalid="ignore"):
        # A printed digit is itself rounded in the dtype: one more ulp than the slack of the last digit.
        met = np.abs(actual - wanted) <= slack + np.nan_to_num(ulp(wanted, component(tensor.dtype)))
    wrong = ~(met | (actual == wanted) | (np.isnan(actual) & np.isnan(wanted)))
    if not wrong.any():
        return ""
    at = tuple(int(i) for i in np.argwhere(wrong)[0])
    where = f" at {list(at)}" if at else ""
    return f"is {float(actual[at])!r}{where}, the case prints {float(wanted[at])!r}"


def _each(printed: Nested, field: Any) -> Any:
    return field(printed) if isinstance(printed, Printed) else [_each(part, field) for part in printed]
