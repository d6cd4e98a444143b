"""Inputs and global state stay as they were, and the result shares memory with an input only where torch's does."""

from parity.exam import PASSED, Exam, Finding, failed


def compare(exam: Exam) -> Finding:
    if exam.actual.impurities:
        return failed("; ".join(exam.actual.impurities))
    shared = set(exam.actual.aliases) - set(exam.expected.aliases)
    return failed(f"the result shares memory with {', '.join(sorted(shared))}") if shared else PASSED
