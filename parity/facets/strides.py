"""How the value lies in memory: a result in another layout slows down whatever comes next."""

from parity.exam import PASSED, Exam, Finding, failed, unanswered

NEEDS = "torch strides"


def compare(exam: Exam) -> Finding:
    if found := unanswered(exam):
        return found
    ours, theirs = exam.actual.value, exam.expected.value
    assert ours is not None
    assert theirs is not None
    if ours.shape != theirs.shape or ours.numel() == 0:
        return PASSED
    steps = [(a, b) for size, a, b in zip(ours.shape, ours.stride(), theirs.stride(), strict=True) if size > 1]
    if all(a == b for a, b in steps):
        return PASSED
    return failed(f"the value has strides {ours.stride()}, torch's {theirs.stride()}")
