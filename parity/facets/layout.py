"""The same answer for the same numbers in another memory layout."""

from dataclasses import replace

from parity.exam import PASSED, Exam, Finding, failed, not_compared, unanswered
from parity.runner import relaid, run

NEEDS = "strides"
NUMBERS = True


def compare(exam: Exam) -> Finding:
    if exam.trial.form != "function":
        return not_compared("looked at in the function's form: the module calls it")
    if found := unanswered(exam):
        return found
    again = run(exam.subject, relaid(replace(exam.call, brief=True)))
    if raised := again.raised or again.raised_in_backward:
        theirs = run(exam.reference, relaid(exam.call))
        if theirs.raised or theirs.raised_in_backward:
            return not_compared("torch refuses the other layout")
        return failed(f"another layout of the inputs raised {raised}")
    for quantity in exam.quantities(again):
        found = PASSED if exam.repeats(quantity, again) else exam.compare(quantity, again)
        if found.status == "failed" and exam.compare(quantity).status == "passed":
            its = run(exam.reference, relaid(replace(exam.call, brief=True)))
            if exam.compare(quantity, its).status == "failed":
                return not_compared("torch itself gives other numbers in the other layout")
            return replace(found, what=f"{found.what}, inputs in another layout")
    return PASSED
