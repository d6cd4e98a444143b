"""The directional derivative in forward mode, where torch has one."""

from parity.exam import Exam, Finding, not_compared, unanswered
from parity.transforms import forward

DEPTH = 1
NEEDS = "forward mode"
NUMBERS = True


def compare(exam: Exam) -> Finding:
    if not exam.call.differentiable:
        return not_compared("no argument is a float that wants a gradient")
    return unanswered(exam) or exam.through(forward)
