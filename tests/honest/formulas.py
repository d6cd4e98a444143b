"""The losses as textbooks write them, over one way to sum, one to a mean and one to a log-sum-exp.

Every option of torch's is taken (``asked`` are the words that ask for a reduction, deprecated ones too); refusals are
not copied: a formula is honest where torch answers.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch

from honest.sums import Along, Tensor

Function = Callable[..., Any]
LOWEST = -100.0
FLOOR = torch.tensor(1e-12).item()  # torch's own, which is float32's in every dtype: a gap of 4e-9 elsewhere


@dataclass(frozen=True)
class Route:
    """``mean`` takes the weighted terms and their weights; ``by_hand`` leaves no slope of a row to autograd."""

    total: Along
    mean: Callable[[Tensor, Tensor], Tensor]
    log_sum_exp: Along
    by_hand: bool = False


def softplus(x: Tensor) -> Tensor:
    """log(1 + exp(x)) without overflow, with the right slope at 0 (that of |x| would not do)."""
    small = torch.log1p(torch.exp(torch.where(x > 0, -x, x)))
    return torch.where(x > 0, x + small, small)


class _LogSoftmax(torch.autograd.Function):
    """A fused kernel: the slope is made of the result."""

    @staticmethod
    def forward(ctx: Any, shifted: Tensor, dim: int, log_sum_exp: Along) -> Tensor:
        result = shifted - log_sum_exp(shifted, dim).unsqueeze(dim)
        ctx.save_for_backward(result)
        ctx.dim = dim
        return result

    @staticmethod
    def backward(ctx: Any, upstream: Tensor) -> tuple[Tensor, None, None]:
        (result,) = ctx.saved_tensors
        return upstream - torch.exp(result) * upstream.sum(ctx.dim, keepdim=True), None, None


class _Softmax(torch.autograd.Function):
    """A fused kernel: the slope is made of the result."""

    @staticmethod
    def forward(ctx: Any, shifted: Tensor, dim: int, total: Along) -> Tensor:
        powers = torch.exp(shifted)
        result = powers / total(powers, dim).unsqueeze(dim)
        ctx.save_for_backward(result)
        ctx.dim = dim
        return result

    @staticmethod
    def backward(ctx: Any, upstream: Tensor) -> tuple[Tensor, None, None]:
        (result,) = ctx.saved_tensors
        return result * (upstream - (upstream * result).sum(ctx.dim, keepdim=True)), None, None


class _LogitsLoss(torch.autograd.Function):
    """Slopes by hand: autograd's are differences of near numbers, of two softplus for the target (30 ulps at x = 0.03)
    and of 1 and a sigmoid for the input."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, target: Tensor) -> Tensor:
        ctx.save_for_backward(x, target)
        return (1 - target) * softplus(x) + target * softplus(-x)

    @staticmethod
    def backward(ctx: Any, upstream: Tensor) -> tuple[Tensor, Tensor]:
        x, target = ctx.saved_tensors
        return upstream * (torch.sigmoid(x) - target), -upstream * x


class _ProbabilityLoss(torch.autograd.Function):
    """torch's slopes are not those of its held logarithms, so every port writes them by hand."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, target: Tensor) -> Tensor:
        ctx.save_for_backward(x, target)
        return -(torch.log(x).clamp_min(LOWEST) * target + torch.log1p(-x).clamp_min(LOWEST) * (1 - target))

    @staticmethod
    def backward(ctx: Any, upstream: Tensor) -> tuple[Tensor, Tensor]:
        x, target = ctx.saved_tensors
        return upstream * (x - target) / (x * (1 - x)).clamp_min(FLOOR), upstream * (torch.log1p(-x) - torch.log(x))


def _shifted(x: Tensor, dim: int) -> Tensor:
    return x - x.detach().amax(dim, keepdim=True)


def _reduction(reduction: str = "mean", size_average: bool | None = None, reduce: bool | None = None) -> str:
    if size_average is None and reduce is None:
        return "mean" if reduction == "elementwise_mean" else reduction
    return "none" if reduce is False else "sum" if size_average is False else "mean"


def _classwise(weight: Tensor, like: Tensor, dim: int) -> Tensor:
    return weight.reshape([-1 if axis == dim else 1 for axis in range(like.ndim)])


def formulas(route: Route) -> dict[str, Function]:  # noqa: PLR0915, one for each loss
    """Nine losses and four of the functions they are made of, by name."""

    def reduced(loss: Tensor, weight: Tensor | None, asked: dict[str, Any]) -> Tensor:
        match _reduction(**asked):
            case "none":
                return loss
            case "sum":
                return route.total(loss.flatten(), 0)
            case _:
                return route.mean(loss, torch.ones_like(loss) if weight is None else weight)

    def softmax(input: Tensor, dim: int) -> Tensor:
        if route.by_hand:
            return _Softmax.apply(_shifted(input, dim), dim, route.total)
        powers = torch.exp(_shifted(input, dim))
        return powers / route.total(powers, dim).unsqueeze(dim)

    def log_softmax(input: Tensor, dim: int) -> Tensor:
        shifted = _shifted(input, dim)
        if route.by_hand:
            return _LogSoftmax.apply(shifted, dim, route.log_sum_exp)
        return shifted - route.log_sum_exp(shifted, dim).unsqueeze(dim)

    def sigmoid(input: Tensor) -> Tensor:
        power = torch.exp(torch.where(input > 0, -input, input))
        return torch.where(input > 0, 1, power) / (1 + power)

    def logsigmoid(input: Tensor) -> Tensor:
        return -softplus(-input)

    def l1_loss(input: Tensor, target: Tensor, weight: Tensor | None = None, **asked: Any) -> Tensor:
        loss = (target - input).abs()
        return reduced(loss if weight is None else loss * weight, weight, asked)

    def mse_loss(input: Tensor, target: Tensor, weight: Tensor | None = None, **asked: Any) -> Tensor:
        loss = (target - input) ** 2
        return reduced(loss if weight is None else loss * weight, weight, asked)

    def smooth_l1_loss(input: Tensor, target: Tensor, beta: float = 1.0, **asked: Any) -> Tensor:
        error = (target - input).abs()
        inside = error < beta
        near = torch.where(inside, error, 0)
        loss = torch.where(inside, near * (near / beta) / 2, error - beta / 2) if beta else error
        return reduced(loss, None, asked)

    def huber_loss(
        input: Tensor, target: Tensor, delta: float = 1.0, weight: Tensor | None = None, **asked: Any
    ) -> Tensor:
        error = (input - target).abs()
        loss = torch.where(error <= delta, error**2 / 2, delta * (error - delta / 2))
        return reduced(loss if weight is None else weight * loss, None, asked)

    def binary_cross_entropy(input: Tensor, target: Tensor, weight: Tensor | None = None, **asked: Any) -> Tensor:
        loss = _ProbabilityLoss.apply(input, target)
        return reduced(loss if weight is None else weight * loss, None, asked)

    def binary_cross_entropy_with_logits(
        input: Tensor, target: Tensor, weight: Tensor | None = None, pos_weight: Tensor | None = None, **asked: Any
    ) -> Tensor:
        if pos_weight is None:
            loss = _LogitsLoss.apply(input, target)
        else:
            loss = (1 - target) * softplus(input) + target * pos_weight * softplus(-input)
        return reduced(loss if weight is None else weight * loss, None, asked)

    def multilabel_soft_margin_loss(
        input: Tensor, target: Tensor, weight: Tensor | None = None, **asked: Any
    ) -> Tensor:
        loss = target * softplus(-input) + (1 - target) * softplus(input)
        loss = loss if weight is None else loss * weight
        axis = input.ndim - 1
        return reduced(route.total(loss / input.shape[axis], axis), None, asked)

    def nll_loss(
        input: Tensor, target: Tensor, weight: Tensor | None = None, ignore_index: int = -100, **asked: Any
    ) -> Tensor:
        label, importance = _kept(input, target, weight, ignore_index)
        kept = _is_kept(input, target, ignore_index)
        return reduced(torch.where(kept, -importance * _right(input, label), 0), importance, asked)

    def cross_entropy(
        input: Tensor, target: Tensor, weight: Tensor | None = None, ignore_index: int = -100,
        label_smoothing: float = 0.0, **asked: Any,
    ) -> Tensor:  # fmt: skip
        dim = min(input.ndim - 1, 1)
        rows = log_softmax(input, dim)
        classwise = 1 if weight is None else _classwise(weight, input, dim)
        smoothing, share = max(label_smoothing, 0.0), max(label_smoothing, 0.0) / input.shape[dim]
        if input.shape == target.shape:
            loss = -route.total(rows * (target * (1 - smoothing) + share) * classwise, dim)
            return reduced(loss, None, asked)
        label, importance = _kept(input, target, weight, ignore_index)
        kept = _is_kept(input, target, ignore_index)
        loss = reduced(torch.where(kept, -importance * _right(rows, label), 0), importance, asked)
        if not smoothing:
            return loss
        even = torch.where(kept, route.total(rows * classwise, dim), 0)
        return loss * (1 - smoothing) - reduced(even * share, importance, asked)

    rows = {"softmax": _of_a_row(softmax), "log_softmax": _of_a_row(log_softmax)}
    return {name: f for name, f in locals().items() if callable(f) and name not in ("route", "reduced")} | rows


def _of_a_row(function: Function) -> Function:
    """A single number is a row of one."""
    return lambda input, dim: function(input, dim) if input.ndim else function(input.reshape(1), 0).reshape(())


def _is_kept(input: Tensor, target: Tensor, ignore_index: int) -> Tensor:
    return (target.long().reshape(()) if input.ndim == 1 else target.long()) != ignore_index


def _kept(input: Tensor, target: Tensor, weight: Tensor | None, ignore_index: int) -> tuple[Tensor, Tensor]:
    """The labels, 0 where they are ignored, and the weight of each, 0 where it is ignored."""
    kept = _is_kept(input, target, ignore_index)
    label = torch.where(kept, target.reshape(kept.shape).long(), 0)
    importance = input.new_ones(()).expand(label.shape) if weight is None else weight[label]
    return label, torch.where(kept, importance, 0)


def _right(rows: Tensor, label: Tensor) -> Tensor:
    """What each row has for its label."""
    dim = min(rows.ndim - 1, 1)
    return rows.gather(dim, label.unsqueeze(dim)).squeeze(dim)
