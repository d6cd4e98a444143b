"""Judges one trial: both sides on the same inputs, looked at through the facets, to one verdict."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Literal

import torch

from parity.bridge import Framework
from parity.case import Application, Case, Trial, reseeded
from parity.errors import CaseError
from parity.exam import Exam, Finding
from parity.facets import compare, depth_of, facets_of
from parity.inputs import build
from parity.loader.expected import Expectation
from parity.losses import ELEMENTARY, REFERENCE, Subject, signatures, usual_form
from parity.outcome import Call, Outcome
from parity.references import absence
from parity.runner import needs_subnormals, run, run_differentiably
from parity.ulp import FORMATS, component
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
    if lacking := _lacking(trial, subject):
        return Verdict(trial, "missing", error=f"{subject.name} has no {lacking}")
    if why := _unsupported(trial, subject.framework):
        return Verdict(trial, "unsupported", error=why)
    if stands_in := _stands_in(trial, subject):
        trial = replace(trial, form="module")
    call, expected, refused_gradients = referred(trial, gradients=subject.framework.has("gradients"))
    call, untaken = _fitted(call, subject)
    verdict = partial(Verdict, trial, absent=expected.absent, call=call, expected=expected)
    if untaken:
        return verdict("unsupported", error=untaken)
    if trouble := _case_trouble(trial, expected, refused_gradients):
        said = f"torch's own module, which stands in for {trial.case.loss}, does otherwise"
        return verdict("unsupported", error=said) if stands_in else verdict("error", error=trouble)
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
    call = _call(trial)
    wanted = tuple(name for name in call.floats if gradients and _wants_gradient(trial, name))
    if why := _absence(trial.case):
        wanted = wanted if trial.case.left is not None or not gradients else tuple(trial.case.expect_gradient)
        return replace(call, differentiable=wanted), Outcome(absent=why), ()
    expected, granted = run_differentiably(REFERENCE, call, wanted)
    refused = tuple(name for name in wanted if name not in granted)
    return replace(call, differentiable=granted), expected, refused


def _absence(case: Case) -> str:
    """Why a reference that the case needs is not here."""
    return next(filter(None, map(absence, _losses(case))), "")


def _losses(case: Case) -> list[str]:
    if case.left is None or case.right is None:
        return [case.loss]
    return [*_functions(case.left), *_functions(case.right)]


def _lacking(trial: Trial, subject: Subject) -> str | None:
    if trial.form != "function" and subject.framework.is_torch:
        name = _form(trial)
        return None if subject.has_form(name) else name
    if _stands_in(trial, subject):
        return None
    return next((name for name in _losses(trial.case) if not subject.has(name)), None)


def _stands_in(trial: Trial, subject: Subject) -> bool:
    """Whether the candidate has the loss as an nn.Module only, which then is what is called."""
    if trial.form != "function" or trial.case.left is not None or subject.has(trial.case.loss):
        return False
    form = usual_form(trial.case.loss)
    return form is not None and subject.has_form(form)


def _fitted(call: Call, subject: Subject) -> tuple[Call, str]:
    """The call without options that the candidate does not take, where they are at their defaults; and what it would
    have to take besides, in words."""
    if call.expression is not None:
        given = ((application.function, application.options) for application in _applications(call.expression))
        told = (_untaken(subject, function, options) for function, options in given)
        return call, next((f"{function} takes no {', '.join(names)}" for function, names in told if names), "")
    options = {name: value for name, value in call.arguments.items() if name not in call.positional}
    _, untaken = _untaken(subject, call.form or call.loss, options)
    usual = {one.name: one.default for one in signatures()[call.loss].arguments}
    beyond = [name for name in untaken if not _is(options[name], usual[name])]
    arguments = {name: value for name, value in call.arguments.items() if name not in untaken}
    return replace(call, arguments=arguments), f"{call.loss} takes no {', '.join(beyond)}" if beyond else ""


def _untaken(subject: Subject, function: str, options: Mapping[str, Any]) -> tuple[str, list[str]]:
    taken = subject.takes(function) if options else None
    return function, [] if taken is None else [name for name in options if name not in taken]


def _is(value: Any, usual: Any) -> bool:
    return not isinstance(value, torch.Tensor) and type(value) is type(usual) and value == usual


def _unsupported(trial: Trial, framework: Framework) -> str:
    """What the trial asks for and the candidate's framework does not have."""
    if framework.is_torch:
        return ""
    if trial.form != "function":
        return f"{framework.name} has no torch.nn.Module"
    if trial.case.refused and any(described and described.requires_grad for described in trial.inputs.values()):
        return f"{framework.name} has no requires_grad"
    call = _call(trial)
    if any(signatures()[call.loss][name].names_function(value) for name, value in trial.options.items()):
        return f"{framework.name} cannot call a function of torch's"
    lacking = framework.without & {tensor.dtype for tensor in call.tensors.values()}
    return (
        f"{framework.name} has no {', '.join(sorted(str(d).removeprefix('torch.') for d in lacking))}"
        if lacking
        else ""
    )


def _functions(expression: Application) -> list[str]:
    return [application.function for application in _applications(expression)]


def _applications(expression: Application) -> list[Application]:
    """Those of losses, the outer ones first."""
    below = [one for o in expression.operands if isinstance(o, Application) for one in _applications(o)]
    return below if expression.function in ELEMENTARY else [expression, *below]


def _form(trial: Trial) -> str:
    name = trial.form if trial.form != "module" else usual_form(trial.case.loss)
    if name is None or REFERENCE.form(name) is None:
        raise CaseError(f"{trial.case.place}: torch.nn has no module {name or 'for ' + trial.case.loss}")
    return name


def _call(trial: Trial) -> Call:
    """The call that the trial makes."""
    case = trial.case
    signature = None if case.left is not None else signatures()[case.loss]
    tensors = build(trial, signature)
    given: dict[str, Any] = {**tensors, **trial.options}
    order = list(given) if signature is None else [a.name for a in signature.arguments if a.name in given]
    required = (
        () if signature is None else tuple(a.name for a in signature.arguments if a.required and not a.keyword_only)
    )
    return Call(
        loss=case.loss,
        arguments={name: given[name] for name in order},
        positional=tuple(name for name in required if name in given),
        dtype=_coarsest(tensors.values()),
        cotangent=case.cotangent,
        ones=bool(case.expect_gradient),
        form=None if trial.form == "function" else _form(trial),
        expression=case.left,
    )


def _coarsest(tensors: Iterable[torch.Tensor | None]) -> torch.dtype:
    """The real dtype of fewest digits among the tensors; float32 where none is floating."""
    floats = {component(t.dtype) for t in tensors if t is not None and (t.is_floating_point() or t.is_complex())}
    return min(floats, key=lambda dtype: FORMATS[dtype].precision, default=torch.float32)


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
