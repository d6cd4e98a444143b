"""Right implementations by other routes than torch's and ours: none of them may be turned down on numbers.

Each is what a good engineer might write: another order of operations, another way to the log-sum-exp, float64 inside,
sums from first to last or in halves, a gradient left to autograd. Half precision is computed in float32 and rounded
once, which is what every serious port does.
"""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812, its usual name

from parity.losses import Subject

Function = Callable[..., Any]
Tensor = torch.Tensor
HALVES = (torch.float16, torch.bfloat16)


def _as_subject(functions: dict[str, Function]) -> Subject:
    return Subject("an honest variant", SimpleNamespace(**functions), forms=SimpleNamespace())


def _cast(value: Any, change: Callable[[Tensor], Tensor]) -> Any:
    return change(value) if isinstance(value, Tensor) else value


def _widened(function: Function, wide: Callable[[Tensor], Tensor]) -> Function:
    """``function`` on widened floats, its result rounded back to what torch gives."""

    def widened(*arguments: Any, **options: Any) -> Tensor:
        result = function(*(_cast(a, wide) for a in arguments), **{k: _cast(v, wide) for k, v in options.items()})
        floats = [a.dtype for a in arguments if isinstance(a, Tensor) and a.is_floating_point()]
        return result.to(floats[0]) if floats and len(set(floats)) == 1 and result.is_floating_point() else result

    return widened


def _double(x: Tensor) -> Tensor:
    return x.double() if x.is_floating_point() else x


def _single(x: Tensor) -> Tensor:
    return x.float() if x.dtype in HALVES else x


def _reduced(loss: Tensor, reduction: str, total: Callable[[Tensor], Tensor]) -> Tensor:
    if reduction == "none":
        return loss
    return total(loss) if reduction == "sum" else total(loss) / max(loss.numel(), 1) if loss.numel() else loss.mean()


def _first_to_last(x: Tensor) -> Tensor:
    total = x.new_zeros(())
    for term in x.flatten().unbind():
        total = total + term
    return total


def _in_halves(x: Tensor) -> Tensor:
    x = x.flatten()
    while x.numel() > 1:
        half = (x.numel() + 1) // 2
        x = torch.cat((x[: x.numel() - half] + x[half:], x[x.numel() - half : half]))
    return x.sum()


def _last_to_first(x: Tensor) -> Tensor:
    return x.flatten().flip(0).cumsum(0)[-1] if x.numel() else x.sum()


def _softplus(x: Tensor) -> Tensor:
    """log(1 + exp(x)) without overflow, with the right slope at 0 (that of |x| would not do)."""
    small = torch.log1p(torch.exp(torch.where(x > 0, -x, x)))
    return torch.where(x > 0, x + small, small)


class _LogitsLoss(torch.autograd.Function):
    """A fused kernel: value by softplus, slopes by hand."""

    @staticmethod
    def forward(ctx: Any, input: Tensor, target: Tensor) -> Tensor:
        ctx.save_for_backward(input, target)
        return (1 - target) * input + _softplus(-input)

    @staticmethod
    def backward(ctx: Any, upstream: Tensor) -> tuple[Tensor, Tensor]:
        input, target = ctx.saved_tensors
        return upstream * (torch.sigmoid(input) - target), -upstream * input


def _elementwise(total: Callable[[Tensor], Tensor]) -> dict[str, Function]:
    """The losses whose sums are taken by ``total``."""

    def l1_loss(input: Tensor, target: Tensor, reduction: str = "mean") -> Tensor:
        return _reduced((target - input).abs(), reduction, total)

    def mse_loss(input: Tensor, target: Tensor, reduction: str = "mean") -> Tensor:
        return _reduced((target - input) ** 2, reduction, total)

    def smooth_l1_loss(input: Tensor, target: Tensor, reduction: str = "mean", beta: float = 1.0) -> Tensor:
        error = (target - input).abs()
        inside = error < beta
        near = torch.where(inside, error, 0)
        return _reduced(torch.where(inside, near * (near / beta) / 2, error - beta / 2), reduction, total)

    def huber_loss(input: Tensor, target: Tensor, reduction: str = "mean", delta: float = 1.0) -> Tensor:
        error = (input - target).abs()
        return _reduced(torch.where(error <= delta, error**2 / 2, delta * (error - delta / 2)), reduction, total)

    def binary_cross_entropy_with_logits(input: Tensor, target: Tensor, reduction: str = "mean") -> Tensor:
        return _reduced(_LogitsLoss.apply(input, target), reduction, total)

    def cross_entropy(input: Tensor, target: Tensor, reduction: str = "mean") -> Tensor:
        shifted = input - input.detach().amax(1, keepdim=True)
        right = shifted.gather(1, target.unsqueeze(1)).squeeze(1)
        return _reduced(torch.log(torch.exp(shifted).sum(1)) - right, reduction, total)

    def nll_loss(input: Tensor, target: Tensor, reduction: str = "mean") -> Tensor:
        return _reduced(-input.gather(1, target.unsqueeze(1)).squeeze(1), reduction, total)

    return {name: _widened(f, _single) for name, f in locals().items() if callable(f) and f is not total}


def _quotient_softmax(input: Tensor, dim: int) -> Tensor:
    powers = torch.exp(input - input.detach().amax(dim, keepdim=True))
    return powers / powers.sum(dim, keepdim=True)


class _OnePassSoftmax(torch.autograd.Function):
    """The maximum and the sum in one sweep, as fused kernels do: the sum is rescaled whenever the maximum grows."""

    @staticmethod
    def forward(ctx: Any, input: Tensor, dim: int) -> Tensor:
        top = torch.full_like(input.select(dim, 0), -torch.inf)
        total = torch.zeros_like(top)
        for x in input.unbind(dim):
            higher = torch.maximum(top, x)
            total = total * torch.exp(top - higher) + torch.exp(x - higher)
            top = higher
        result = torch.exp(input - top.unsqueeze(dim)) / total.unsqueeze(dim)
        ctx.save_for_backward(result)
        ctx.dim = dim
        return result

    @staticmethod
    def backward(ctx: Any, upstream: Tensor) -> tuple[Tensor, None]:
        (result,) = ctx.saved_tensors
        weighted = upstream * result
        return weighted - result * weighted.sum(ctx.dim, keepdim=True), None


def _one_pass_softmax(input: Tensor, dim: int) -> Tensor:
    return _OnePassSoftmax.apply(input, dim)


def _log_softmax(input: Tensor, dim: int) -> Tensor:
    shifted = input - input.detach().amax(dim, keepdim=True)
    return shifted - torch.logsumexp(shifted, dim, keepdim=True)


def _logsigmoid(input: Tensor) -> Tensor:
    return -_softplus(-input)


ROWS = {"softmax": _quotient_softmax, "log_softmax": _log_softmax, "logsigmoid": _logsigmoid}
IN_DOUBLE = (*_elementwise(_in_halves), *ROWS, "sigmoid", "binary_cross_entropy", "multilabel_soft_margin_loss")

VARIANTS: dict[str, Subject] = {
    "float64_inside": _as_subject({name: _widened(getattr(F, name), _double) for name in IN_DOUBLE}),
    "summed_first_to_last": _as_subject(_elementwise(_first_to_last)),
    "summed_last_to_first": _as_subject(_elementwise(_last_to_first)),
    "summed_in_halves": _as_subject(_elementwise(_in_halves)),
    "rows_by_autograd": _as_subject({name: _widened(function, _single) for name, function in ROWS.items()}),
    "rows_in_one_pass": _as_subject({"softmax": _widened(_one_pass_softmax, _single)}),
}
