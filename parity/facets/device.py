"""The device of the value."""

from parity.exam import PASSED, Exam, Finding, failed, unanswered

NEEDS = "torch devices"


def compare(exam: Exam) -> Finding:
    ours, theirs = exam.actual.value, exam.expected.value
    if ours is None or theirs is None:
        return unanswered(exam) or PASSED
    return (
        PASSED if ours.device == theirs.device else failed(f"the value is on {ours.device}, torch's on {theirs.device}")
    )
