"""The same numbers through ``torch.compile``."""

from parity.exam import Exam, Finding, unanswered
from parity.runner import run
from parity.transforms import compiled

DEPTH = 2
NEEDS = "torch.compile"
NUMBERS = True


def compare(exam: Exam) -> Finding:
    return unanswered(exam) or exam.through(compiled, run)
