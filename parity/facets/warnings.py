"""The categories of the warnings given in the forward call."""

from parity.errors import CaseError
from parity.exam import PASSED, Exam, Finding, failed, not_compared
from parity.outcome import Outcome


def compare(exam: Exam) -> Finding:
    ours, theirs = _categories(exam.actual), _categories(exam.expected)
    said = exam.trial.case.warns
    if exam.expected.absent:
        if said is None:
            return not_compared(exam.expected.absent)
        return PASSED if ours == set(said) else failed(f"warned {_listed(ours)}, the case says {_listed(set(said))}")
    if said is not None and theirs != set(said):
        place = exam.trial.case.place
        raise CaseError(f"{place}: the case says that torch warns {_listed(set(said))}, it warns {_listed(theirs)}")
    if ours == theirs:
        return PASSED
    return failed(f"warned {_listed(ours)}, torch {_listed(theirs)}")


def _categories(outcome: Outcome) -> set[str]:
    return {category for category, _ in outcome.warned}


def _listed(categories: set[str]) -> str:
    return ", ".join(sorted(categories)) or "nothing"
