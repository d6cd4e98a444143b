"""What a candidate can be asked: it may lack a loss or an option, and its framework what torch has.

Rules kept here: what cannot be asked is told in words, for the reports count it by them; nothing is judged here.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import torch

from parity.bridge import Framework
from parity.calls import applications, call_of, form_of, losses_of
from parity.case import Trial
from parity.losses import Subject, signatures, usual_form
from parity.outcome import Call


def lacking(trial: Trial, subject: Subject) -> str | None:
    """The loss or the form that the candidate has none of; None where it has all."""
    if trial.form != "function" and subject.framework.is_torch:
        name = form_of(trial)
        return None if subject.has_form(name) else name
    if stands_in(trial, subject):
        return None
    return next((name for name in losses_of(trial.case) if not subject.has(name)), None)


def stands_in(trial: Trial, subject: Subject) -> bool:
    """Whether the candidate has the loss as an nn.Module only, which then is what is called."""
    if trial.form != "function" or trial.case.left is not None or subject.has(trial.case.loss):
        return False
    form = usual_form(trial.case.loss)
    return form is not None and subject.has_form(form)


def fitted(call: Call, subject: Subject) -> tuple[Call, str]:
    """The call without options that the candidate does not take, where they are at their defaults; and what it would
    have to take besides, in words."""
    if call.expression is not None:
        given = ((application.function, application.options) for application in applications(call.expression))
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


def unsupported(trial: Trial, framework: Framework) -> str:
    """What the trial asks for and the candidate's framework does not have."""
    if framework.is_torch:
        return ""
    if trial.form != "function":
        return f"{framework.name} has no torch.nn.Module"
    if trial.case.refused and any(described and described.requires_grad for described in trial.inputs.values()):
        return f"{framework.name} has no requires_grad"
    call = call_of(trial)
    if any(signatures()[call.loss][name].names_function(value) for name, value in trial.options.items()):
        return f"{framework.name} cannot call a function of torch's"
    without = framework.without & {tensor.dtype for tensor in call.tensors.values()}
    names = ", ".join(sorted(str(dtype).removeprefix("torch.") for dtype in without))
    return f"{framework.name} has no {names}" if names else ""
