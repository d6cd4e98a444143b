"""Value, dtype and gradients within ``torch.autocast``."""

from parity.exam import Exam, Finding, unanswered
from parity.transforms import autocast

DEPTH = 1
NEEDS = "torch.autocast"
NUMBERS = True


def compare(exam: Exam) -> Finding:
    return unanswered(exam) or exam.through(autocast)
