"""What a trial calls: which losses, in which form, with which arguments."""

from collections.abc import Iterable
from typing import Any

import torch

from parity.case import Application, Case, Trial
from parity.errors import CaseError
from parity.inputs import build
from parity.losses import ELEMENTARY, REFERENCE, signatures, usual_form
from parity.outcome import Call
from parity.ulp import FORMATS, component


def call_of(trial: Trial) -> Call:
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
        form=None if trial.form == "function" else form_of(trial),
        expression=case.left,
    )


def _coarsest(tensors: Iterable[torch.Tensor | None]) -> torch.dtype:
    """The real dtype of fewest digits among the tensors; float32 where none is floating."""
    floats = {component(t.dtype) for t in tensors if t is not None and (t.is_floating_point() or t.is_complex())}
    return min(floats, key=lambda dtype: FORMATS[dtype].precision, default=torch.float32)


def form_of(trial: Trial) -> str:
    """The nn.Module class that the trial is about.

    Raises:
        CaseError: torch has none.
    """
    name = trial.form if trial.form != "module" else usual_form(trial.case.loss)
    if name is None or REFERENCE.form(name) is None:
        raise CaseError(f"{trial.case.place}: torch.nn has no module {name or 'for ' + trial.case.loss}")
    return name


def losses_of(case: Case) -> list[str]:
    """The losses that are called: one, or those on both sides of an identity."""
    if case.left is None or case.right is None:
        return [case.loss]
    return [*_functions(case.left), *_functions(case.right)]


def _functions(expression: Application) -> list[str]:
    return [application.function for application in applications(expression)]


def applications(expression: Application) -> list[Application]:
    """Those of losses, the outer ones first."""
    below = [one for o in expression.operands if isinstance(o, Application) for one in applications(o)]
    return below if expression.function in ELEMENTARY else [expression, *below]
