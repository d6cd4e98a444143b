"""The same bits when called again."""

from dataclasses import replace

from parity.exam import PASSED, Exam, Finding, described, failed, unanswered
from parity.runner import run

NUMBERS = True


def compare(exam: Exam) -> Finding:
    if found := unanswered(exam, alone=True):
        return found
    again = run(exam.subject, replace(exam.call, brief=True))
    for quantity in exam.quantities(again):
        if not exam.repeats(quantity, again):
            return failed(f"{described(quantity)} changed from one call to the next")
    return PASSED
