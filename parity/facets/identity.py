"""Both sides of an identity give the same numbers, each as torch gives them."""

from dataclasses import replace

import numpy as np

from parity.case import Application
from parity.errors import CaseError
from parity.exam import PASSED, Exam, Finding, described, failed, not_compared, unanswered
from parity.outcome import Outcome
from parity.runner import run
from parity.truth import Quantity, quantity_of
from parity.ulp import component, distance, numbers

WRONG = 0.01  # of the size of the numbers: an identity that torch misses by so much is none

NUMBERS = True


def compare(exam: Exam) -> Finding:
    left, right = exam.trial.case.left, exam.trial.case.right
    if left is None or right is None:
        return not_compared("the case is no identity")
    if found := unanswered(exam, alone=True):
        return found
    call = replace(exam.call, expression=right)
    actual = run(exam.subject, call)
    expected = exam.expected if exam.expected.absent else run(exam.reference, call)
    if expected.raised is not None or actual.raised is not None:
        return failed(f"the right side raised {actual.raised or expected.raised}")
    other = Exam(exam.trial, exam.subject, call, expected, actual)
    for quantity in exam.quantities():
        found = PASSED if expected.absent else other.compare(quantity)
        if found.status == "failed":
            return replace(found, what=f"{found.what}, right side")
        if trouble := _apart(exam, expected, actual, quantity, _size(left) + _size(right)):
            return failed(trouble)
    return PASSED


def _apart(exam: Exam, expected: Outcome, actual: Outcome, quantity: Quantity, steps: int) -> str:
    """How far the candidate's sides lie apart where that is more than each step's budget and more than torch's do."""
    left, right = quantity_of(exam.actual, quantity), quantity_of(actual, quantity)
    if left is None or right is None:
        return f"{described(quantity)} is missing on one side"
    if left.shape != right.shape:
        return f"{described(quantity)} has shape {tuple(left.shape)} on the left, {tuple(right.shape)} on the right"
    x, y = numbers(left), numbers(right)
    apart = distance(x, y, component(left.dtype))
    allowed = max(steps * exam.measure(quantity, left.dtype).allowed, 2 * _reference_apart(exam, expected, quantity))
    if (apart <= allowed).all():
        return ""
    at = np.unravel_index(int(np.argmax(apart)), apart.shape)
    return (
        f"{described(quantity)}: left {float(x[at])!r}, right {float(y[at])!r}"
        f" at {[int(i) for i in at]}, {apart[at]:g} ulps apart, {allowed:g} allowed"
    )


def _reference_apart(exam: Exam, expected: Outcome, quantity: Quantity) -> float:
    """How far torch's own sides lie apart, in ulps; 0 where it gives none."""
    left, right = quantity_of(exam.expected, quantity), quantity_of(expected, quantity)
    if left is None or right is None:
        return 0.0
    x, y = numbers(left), numbers(right)
    if not np.allclose(x, y, rtol=WRONG, atol=WRONG * np.abs(x).max(initial=0), equal_nan=True):
        raise CaseError(f"{exam.trial.case.place}: torch's own sides differ: {x} and {y}")
    return float(distance(x, y, component(left.dtype)).max(initial=0.0))


def _size(expression: Application) -> int:
    return 1 + sum(_size(operand) for operand in expression.operands if isinstance(operand, Application))
