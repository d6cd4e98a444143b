"""Bad calls are refused with torch's exception type and a message that names the culprit; good calls are not. With
another framework, whose exceptions are its own, any will do."""

import re

from parity.exam import PASSED, Exam, Finding, failed
from parity.outcome import Raised


def compare(exam: Exam) -> Finding:
    ours, theirs = exam.actual.raised, _due(exam)
    if theirs is None:
        side = "the case expects an answer" if exam.expected.absent else "torch accepts the call"
        return PASSED if ours is None else failed(f"raised {ours}, {side}")
    if ours is None:
        return failed(f"accepted the call, torch raises {theirs}")
    if not exam.refuses_alike(ours, theirs):
        return failed(f"raised {ours}, torch {theirs}")
    if exam.subject.framework.is_torch and not _names_culprit(exam, ours, theirs):
        return failed(f"the message does not name the culprit: {ours}; torch says {theirs}")
    return PASSED


def _due(exam: Exam) -> Raised | None:
    """What the reference raises; without one, what the case says it does."""
    refused = exam.trial.case.refused
    if not exam.expected.absent or refused is None:
        return exam.expected.raised
    return Raised(refused.error, (refused.error,), refused.matching or "")


def _names_culprit(exam: Exam, ours: Raised, theirs: Raised) -> bool:
    refused = exam.trial.case.refused
    if refused is not None and refused.matching is not None:
        return re.search(refused.matching, ours.message) is not None
    named = _words(theirs) & _culprits(exam)
    return bool(named & _words(ours)) if named else bool(ours.message)


def _culprits(exam: Exam) -> set[str]:
    """What a message may name: arguments, option values, sizes, dtypes."""
    arguments = exam.call.arguments
    sizes = {str(size) for tensor in exam.call.tensors.values() for size in tensor.shape}
    dtypes = {str(tensor.dtype).removeprefix("torch.") for tensor in exam.call.tensors.values()}
    return {*arguments, *(str(value) for value in exam.trial.options.values()), *sizes, *dtypes}


def _words(raised: Raised) -> set[str]:
    return set(re.findall(r"[\w.-]*\w", raised.message))
