"""``vmap`` over several calls gives what the calls give one after the other."""

from parity.exam import Exam, Finding, unanswered
from parity.transforms import looped, mapped

DEPTH = 1
NEEDS = "torch.func"
NUMBERS = True


def compare(exam: Exam) -> Finding:
    return unanswered(exam) or exam.through(mapped, looped)
