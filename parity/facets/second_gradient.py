"""The gradient of the gradient, where torch has one."""

from parity.exam import Exam, Finding, not_compared, unanswered
from parity.transforms import second

DEPTH = 1
NEEDS = "gradients"
NUMBERS = True


def compare(exam: Exam) -> Finding:
    if not exam.call.differentiable:
        return not_compared("no argument is a float that wants a gradient")
    return unanswered(exam) or exam.through(second)
