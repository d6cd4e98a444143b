"""The shape of the value."""

from parity.exam import PASSED, Exam, Finding, failed, unanswered


def compare(exam: Exam) -> Finding:
    if found := unanswered(exam):
        return found
    ours, theirs = exam.actual.value, exam.expected.value
    assert ours is not None
    assert theirs is not None
    if ours.shape == theirs.shape:
        return PASSED
    return failed(f"the value has shape {tuple(ours.shape)}, torch's {tuple(theirs.shape)}")
