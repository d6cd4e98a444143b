"""The dtype of the value and of every gradient."""

from parity.exam import PASSED, Exam, Finding, described, failed, unanswered
from parity.truth import quantity_of


def compare(exam: Exam) -> Finding:
    if found := unanswered(exam):
        return found
    for quantity in exam.quantities():
        ours, theirs = quantity_of(exam.actual, quantity), quantity_of(exam.expected, quantity)
        if ours is not None and theirs is not None and ours.dtype != theirs.dtype:
            return failed(f"{described(quantity)} is {ours.dtype}, torch's {theirs.dtype}")
    return PASSED
