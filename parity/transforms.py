"""The same call through what torch does to functions: differentiated twice, forwards, mapped, compiled, in autocast.

Rules kept here: each way takes a side and a call and answers an outcome, as ``runner.run`` does, so that both sides and
the truth can go it; what a way raises is part of its outcome.
"""

import logging
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import torch
from torch.autograd import forward_ad

from parity.losses import Subject
from parity.outcome import Call, Outcome, cotangents, irregular
from parity.runner import attempt, bound, called, leaf

Tensors = Mapping[str, torch.Tensor]

SECOND = "second"
"""The name under which an outcome holds gradients of gradients."""


def second(subject: Subject, call: Call) -> Outcome:
    """The gradients of Σ v·g for the first gradients g and an irregular v; zeros where nothing depends on them."""
    own = _leaves(call)

    def differentiated() -> dict[str, torch.Tensor | None]:
        value = called(subject, call, {**call.arguments, **own})
        name, cotangent = next(iter(cotangents(value.detach(), call).items()))
        cotangent.requires_grad_()
        wanted = {**{n: own[n] for n in call.differentiable}, f"upstream {name}": cotangent}
        if not value.requires_grad:
            return {n: torch.zeros_like(t) for n, t in wanted.items()}
        leaves = list(wanted.values())
        gradients = torch.autograd.grad(value, leaves[:-1], cotangent, create_graph=True, allow_unused=True)
        given = [g for g in gradients if g is not None]
        along = [_direction(g, turn, call.dtype) for turn, g in enumerate(given)]
        total = sum((v * g).sum().real for v, g in zip(along, given, strict=True) if g.requires_grad)
        if not isinstance(total, torch.Tensor):
            return {n: torch.zeros_like(t) for n, t in wanted.items()}
        found = torch.autograd.grad(total, leaves, allow_unused=True)
        return {name: _dense(g, t) for (name, t), g in zip(wanted.items(), found, strict=True)}

    found, raised = _quietly(differentiated)
    return Outcome(raised=raised) if raised else Outcome(value=torch.zeros(()), gradients={SECOND: found})


def _dense(gradient: torch.Tensor | None, like: torch.Tensor) -> torch.Tensor:
    """Zeros where nothing depends on the argument, and where torch keeps a zero without memory."""
    return torch.zeros_like(like) if gradient is None or gradient._is_zerotensor() else gradient


def forward(subject: Subject, call: Call) -> Outcome:
    """The directional derivative along irregular tangents of all differentiable arguments at once."""
    own = _leaves(call, differentiable=False)

    def differentiated() -> Any:
        with forward_ad.dual_level():
            dual = {n: _dual(own[n], turn, call.dtype) for turn, n in enumerate(call.differentiable)}
            value = called(subject, call, {**call.arguments, **own, **dual})
            tangent = forward_ad.unpack_dual(value).tangent  # type: ignore[no-untyped-call]
            return torch.zeros_like(value) if tangent is None else tangent.clone()

    return _outcome(differentiated)


def _direction(tensor: torch.Tensor, turn: int, dtype: torch.dtype) -> torch.Tensor:
    """Another for each argument, or a function of a difference would not move; rounded to the coarsest dtype."""
    return irregular(tensor.shape, turn).to(dtype).to(tensor)


def _dual(tensor: torch.Tensor, turn: int, dtype: torch.dtype) -> Any:
    return forward_ad.make_dual(tensor, _direction(tensor, turn, dtype))  # type: ignore[no-untyped-call]


def mapped(subject: Subject, call: Call) -> Outcome:
    """``vmap`` over this call and another of the same shapes: the value of both, and the gradients."""
    tensors = {name: torch.stack((t, _other(t))) for name, t in call.tensors.items()}

    def one(*arrays: torch.Tensor) -> Any:
        return called(subject, call, {**call.arguments, **dict(zip(tensors, arrays, strict=True))})

    return _with_gradients(tensors, call, lambda own: torch.func.vmap(one)(*own.values()))


def looped(subject: Subject, call: Call) -> Outcome:
    """What ``mapped`` must give: the two calls one after the other."""
    tensors = {name: torch.stack((t, _other(t))) for name, t in call.tensors.items()}

    def both(own: Tensors) -> Any:
        rows = [{name: t[i] for name, t in own.items()} for i in range(2)]
        return torch.stack([called(subject, call, {**call.arguments, **row}) for row in rows])

    return _with_gradients(tensors, call, both)


def compiled(subject: Subject, call: Call) -> Outcome:
    """Through ``torch.compile``, graph breaks allowed, without code generation: traced, transformed, run."""
    torch.compiler.reset()  # or Dynamo gives up on a function that it has compiled for many calls

    def traced(own: Tensors) -> Any:
        function, ordered, named = bound(subject, call, {**call.arguments, **own})
        return torch.compile(function, backend="aot_eager")(*ordered, **named)

    with _quiet_dynamo():
        return _with_gradients(call.tensors, call, traced)


@contextmanager
def _quiet_dynamo() -> Iterator[None]:
    """Without Dynamo's remarks on graph breaks, which are allowed here."""
    logger = logging.getLogger("torch._dynamo")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)


def autocast(subject: Subject, call: Call) -> Outcome:
    """Within ``torch.autocast``, in its usual half type."""
    device = next((t.device.type for t in call.tensors.values()), "cpu")

    def within(own: Tensors) -> Any:
        with torch.autocast(device):
            return called(subject, call, {**call.arguments, **own})

    return _with_gradients(call.tensors, call, within)


def _with_gradients(tensors: Tensors, call: Call, action: Callable[[Tensors], Any]) -> Outcome:
    own = {name: leaf(tensor, name in call.differentiable) for name, tensor in tensors.items()}
    value, raised = _quietly(lambda: action(own))
    if not isinstance(value, torch.Tensor):
        return Outcome(returned=type(value).__name__, raised=raised)
    outcome = Outcome(value=value.detach())
    if not value.requires_grad:
        return outcome
    label, cotangent = next(iter(cotangents(value.detach(), replace(call, cotangent=None)).items()))
    leaves = [own[name] for name in call.differentiable]
    found, raised = _quietly(lambda: torch.autograd.grad(value, leaves, cotangent, allow_unused=True))
    if raised:
        return replace(outcome, raised_in_backward=raised)
    return replace(outcome, gradients={label: dict(zip(call.differentiable, found, strict=True))})


def _outcome(action: Callable[[], Any]) -> Outcome:
    value, raised = _quietly(action)
    return Outcome(value=value, returned=type(value).__name__, raised=raised)


def _quietly(action: Callable[[], Any]) -> Any:
    """What it gives or raises; its warnings are the business of a facet that calls plainly."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return attempt(action)


def _leaves(call: Call, *, differentiable: bool = True) -> dict[str, torch.Tensor]:
    return {name: leaf(t, differentiable and name in call.differentiable) for name, t in call.tensors.items()}


def _other(tensor: torch.Tensor) -> torch.Tensor:
    """Other numbers that are as good: the rows in another order."""
    return tensor.roll(1, 0) if tensor.ndim else tensor
