"""The same bits when called again."""

from dataclasses import replace

import torch

from parity.exam import PASSED, Exam, Finding, described, failed, unanswered
from parity.runner import run
from parity.truth import quantity_of

NUMBERS = True


def compare(exam: Exam) -> Finding:
    if found := unanswered(exam, alone=True):
        return found
    again = run(exam.subject, replace(exam.call, brief=True))
    for quantity in exam.quantities(again):
        first, second = quantity_of(exam.actual, quantity), quantity_of(again, quantity)
        if (first is None) != (second is None) or (
            first is not None and second is not None and not _same(first, second)
        ):
            return failed(f"{described(quantity)} changed from one call to the next")
    return PASSED


def _same(first: torch.Tensor, second: torch.Tensor) -> bool:
    return first.shape == second.shape and torch.allclose(first, second, rtol=0, atol=0, equal_nan=True)
