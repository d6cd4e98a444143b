"""Judges one trial: both sides on the same inputs, looked at through the facets, to one verdict."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Literal

from parity.calls import call_of, losses_of
from parity.capability import fitted, lacking, stands_in, unsupported
from parity.case import Case, Trial, reseeded
from parity.errors import CaseError
from parity.exam import Exam, Finding
from parity.facets import compare, depth_of, facets_of
from parity.loader.expected import Expectation
from parity.losses import REFERENCE, Subject
from parity.outcome import Call, Outcome
from parity.references import absence
from parity.runner import needs_subnormals, run, run_differentiably
from parity.vacuity import accepted_fake

State = Literal["passed", "failed", "error", "missing", "unsupported", "known gap", "expected"]

SUBNORMALS = "subnormal numbers"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the facets say together.

    ``error`` says why the trial could not be judged (the case is at fault, not the candidate); ``missing`` trials are
    of losses that the candidate lacks, ``unsupported`` ones give an option that it does not take, or ask for what its
    framework does not have, which ``error`` says then. ``absent`` says why there was no reference: then what the case
    prints was all that the candidate was held to. ``notices`` are worth knowing and no fault. ``excused`` are the
    failures that an adopter expects; where there is no other, the state is ``expected``.
    """

    trial: Trial
    state: State
    findings: Mapping[str, Finding] = field(default_factory=dict)
    error: str = ""
    absent: str = ""
    call: Call | None = None
    expected: Outcome | None = None
    actual: Outcome | None = None
    notices: tuple[str, ...] = ()
    excused: Mapping[str, Expectation] = field(default_factory=dict)

    @property
    def failures(self) -> dict[str, Finding]:
        """The facets that failed and that nobody expects to."""
        bad = {name: finding for name, finding in self.findings.items() if finding.status == "failed"}
        return {name: finding for name, finding in bad.items() if name not in self.excused}


def failed_besides(verdict: Verdict, name: str, finding: Finding) -> Verdict:
    """The verdict with one more finding, a failure."""
    findings = {**verdict.findings, name: finding}
    unjudged = ("error", "missing", "unsupported")
    state = verdict.state if verdict.state in unjudged else _state(verdict.trial.case, findings)
    return replace(verdict, findings=findings, state=state)


def excused(verdict: Verdict, by: Mapping[str, Expectation]) -> Verdict:
    """The verdict with these failures expected."""
    rest = {name: finding for name, finding in verdict.findings.items() if name not in by}
    fails = _state(verdict.trial.case, rest) == "failed"
    return replace(verdict, excused=by, state="failed" if fails else "expected")


def check(trial: Trial, subject: Subject, only: Sequence[str] = (), quick: bool = False) -> Verdict:
    """The verdict on ``subject``; ``only`` names the facets to look at, ``quick`` leaves out the costly."""
    try:
        return _judged(trial, subject, only, quick)
    except CaseError as error:
        return Verdict(trial, "error", error=str(error))


def _judged(trial: Trial, subject: Subject, only: Sequence[str], quick: bool) -> Verdict:
    if absent := lacking(trial, subject):
        return Verdict(trial, "missing", error=f"{subject.name} has no {absent}")
    if why := unsupported(trial, subject.framework):
        return Verdict(trial, "unsupported", error=why)
    if is_module := stands_in(trial, subject):
        trial = replace(trial, form="module")
    call, expected, refused_gradients = referred(trial, gradients=subject.framework.has("gradients"))
    call, untaken = fitted(call, subject)
    verdict = partial(Verdict, trial, absent=expected.absent, call=call, expected=expected)
    if untaken:
        return verdict("unsupported", error=untaken)
    if trouble := _case_trouble(trial, expected, refused_gradients):
        said = f"torch's own module, which stands in for {trial.case.loss}, does otherwise"
        return verdict("unsupported", error=said) if is_module else verdict("error", error=trouble)
    if not (subject.framework.has(SUBNORMALS) or expected.absent) and needs_subnormals(call, expected):
        return verdict("unsupported", error=f"{subject.framework.name} has no {SUBNORMALS}")
    if expected.absent:
        run(subject, call)  # what a first call loads is not held against it; the reference would have loaded it
    actual = run(subject, call, watched=True)
    exam = Exam(trial, subject, call, expected, actual, refused_gradients)
    findings = {name: compare(name, exam) for name in _asked(trial, only, quick)}
    if _holds_to_numbers(trial) and (fake := accepted_fake(exam)):
        return verdict("error", findings, f"the tolerance proves nothing: {fake}", actual=actual)
    return verdict(_state(trial.case, findings), findings, actual=actual)


def moved(trial: Trial, by: int) -> Trial:
    """The trial with every seed moved; without a reference as it is, for what its case prints is all that judges it."""
    return trial if _absence(trial.case) else reseeded(trial, by)


def referred(trial: Trial, *, gradients: bool = True) -> tuple[Call, Outcome, tuple[str, ...]]:
    """The trial's call, what the reference does, and the arguments for which it refuses a gradient. Without a reference
    gradients are taken where the case has numbers for them, or an identity another side; and none if no ``gradients``
    are wanted."""
    call = call_of(trial)
    wanted = tuple(name for name in call.floats if gradients and _wants_gradient(trial, name))
    if why := _absence(trial.case):
        wanted = wanted if trial.case.left is not None or not gradients else tuple(trial.case.expect_gradient)
        return replace(call, differentiable=wanted), Outcome(absent=why), ()
    expected, granted = run_differentiably(REFERENCE, call, wanted)
    refused = tuple(name for name in wanted if name not in granted)
    return replace(call, differentiable=granted), expected, refused


def _absence(case: Case) -> str:
    """Why a reference that the case needs is not here."""
    return next(filter(None, map(absence, losses_of(case))), "")


def _wants_gradient(trial: Trial, name: str) -> bool:
    """Every float does unless the case says no; in a case that is refused, only what the case insists on."""
    described = trial.inputs[name]
    usual = trial.case.refused is None
    return described is not None and (usual if described.requires_grad is None else described.requires_grad)


def _case_trouble(trial: Trial, expected: Outcome, refused_gradients: Sequence[str]) -> str:
    """What the case says of torch and torch does not do; such a case judges nobody."""
    case = trial.case
    if expected.absent:
        says = case.refused or case.left or case.expect is not None or case.expect_gradient
        return "" if says else f"{expected.absent}, and the case prints no numbers"
    for name in refused_gradients:
        described = trial.inputs[name]
        if described is not None and described.requires_grad:
            return f"the case insists on a gradient of {name}, torch refuses one"
    if case.refused is None:
        return f"torch refuses the call: {expected.raised}; say `refused:` if it should" if expected.raised else ""
    if expected.raised is None:
        return f"the case says that torch raises {case.refused.error}, it accepts the call"
    if case.refused.matching is not None and not re.search(case.refused.matching, expected.raised.message):
        return (
            f"the case says that torch's message matches {case.refused.matching!r}, it is {expected.raised.message!r}"
        )
    if case.refused.error not in expected.raised.bases:
        return f"the case says that torch raises {case.refused.error}, it raises {expected.raised}"
    return ""


def _asked(trial: Trial, only: Sequence[str], quick: bool) -> list[str]:
    return [name for name in facets_of(trial) if (not only or name in only) and not (quick and depth_of(name))]


def _holds_to_numbers(trial: Trial) -> bool:
    """A case that leaves out what the reference makes of no number holds nobody to it."""
    return not trial.undefined and not {"value", "gradient"}.isdisjoint(facets_of(trial))


def _state(case: Case, findings: Mapping[str, Finding]) -> State:
    bad = {name for name, finding in findings.items() if finding.status == "failed"}
    if case.known_gap is None:
        return "failed" if bad else "passed"
    gap = set(case.known_gap.facets) & set(findings)
    return "failed" if bad - gap or gap - bad else "known gap"
