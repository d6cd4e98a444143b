"""The gradient of every differentiable argument under every upstream gradient, and which arguments get one."""

from dataclasses import replace

from parity.exam import Exam, Finding, failed, not_compared, unanswered, worst
from parity.runner import run

NEEDS = "gradients"
NUMBERS = True


def compare(exam: Exam) -> Finding:
    if found := unanswered(exam):
        return found
    if not exam.call.differentiable and not exam.refused_gradients:
        return not_compared("no argument is a float that wants a gradient")
    return _backward_refusal(exam) or _undue_gradients(exam) or _all_gradients(exam)


def _backward_refusal(exam: Exam) -> Finding | None:
    ours, theirs = exam.actual.raised_in_backward, exam.expected.raised_in_backward
    if theirs is None and ours is None:
        return None
    if theirs is None:
        return failed(f"backward raised {ours}, torch's did not")
    if ours is None:
        return failed(f"backward gave gradients, torch's raised {theirs}")
    # What both gave before they raised is still compared: a graph may allow one backward only.
    return None if exam.refuses_alike(ours, theirs) else failed(f"backward raised {ours}, torch's {theirs}")


def _undue_gradients(exam: Exam) -> Finding | None:
    """Arguments for which torch refuses a gradient: so must the candidate, rather than give a wrong one or none. A
    function of other arrays is not told which of them want one."""
    if exam.lacking("requires_grad"):
        return None
    for name in exam.refused_gradients:
        alone = replace(exam.call, differentiable=(name,))
        ours, theirs = run(exam.subject, alone).raised, run(exam.reference, alone).raised
        if ours is None or theirs is None or not exam.refuses_alike(ours, theirs):
            return failed(f"{name} with requires_grad: {ours or 'accepted'}, torch raises {theirs}")
    return None


def _all_gradients(exam: Exam) -> Finding:
    names = [(c, name) for c, named in exam.expected.gradients.items() for name in named]
    return worst([exam.compare(quantity) for quantity in names])
