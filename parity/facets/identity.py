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
    if found := unanswered(exam):
        return found
    call = replace(exam.call, expression=right)
    expected, actual = run(exam.reference, call), run(exam.subject, call)
    if expected.raised is not None or actual.raised is not None:
        return failed(f"the right side raised {actual.raised or expected.raised}")
    other = Exam(exam.trial, exam.subject, call, expected, actual)
    for quantity in exam.quantities():
        found = other.compare(quantity)
        if found.status == "failed":
            return replace(found, what=f"{found.what}, right side")
        if trouble := _apart(exam, expected, actual, quantity, _size(left) + _size(right)):
            return failed(trouble)
    return PASSED


def _apart(exam: Exam, expected: Outcome, actual: Outcome, quantity: Quantity, steps: int) -> str:
    """How far the candidate's sides lie apart where that is more than each step's budget and more than torch's do."""
    sides = [quantity_of(outcome, quantity) for outcome in (exam.actual, actual, exam.expected, expected)]
    ours_left, ours_right, torch_left, torch_right = (None if s is None else numbers(s) for s in sides)
    if ours_left is None or ours_right is None or torch_left is None or torch_right is None or sides[0] is None:
        return f"{described(quantity)} is missing on one side"
    if ours_left.shape != ours_right.shape:
        return f"{described(quantity)} has shape {ours_left.shape} on the left, {ours_right.shape} on the right"
    dtype = component(sides[0].dtype)
    if not np.allclose(
        torch_left, torch_right, rtol=WRONG, atol=WRONG * np.abs(torch_left).max(initial=0), equal_nan=True
    ):
        raise CaseError(f"{exam.trial.case.place}: torch's own sides differ: {torch_left} and {torch_right}")
    ours, theirs = distance(ours_left, ours_right, dtype), distance(torch_left, torch_right, dtype)
    allowed = max(steps * exam.measure(quantity, sides[0].dtype).allowed, 2 * float(theirs.max(initial=0.0)))
    if (ours <= allowed).all():
        return ""
    at = np.unravel_index(int(np.argmax(ours)), ours.shape)
    return (
        f"{described(quantity)}: left {float(ours_left[at])!r}, right {float(ours_right[at])!r}"
        f" at {[int(i) for i in at]}, {ours[at]:g} ulps apart, {allowed:g} allowed"
    )


def _size(expression: Application) -> int:
    return 1 + sum(_size(operand) for operand in expression.operands if isinstance(operand, Application))
