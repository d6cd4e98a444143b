"""Ways to a sum, to a mean and to a log-sum-exp that a good engineer might take; each works along one dimension."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

Tensor = torch.Tensor
Along = Callable[[Tensor, int], Tensor]


class _Accumulated(torch.autograd.Function):
    """One addition after the other in the dtype itself, first to last."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, dim: int) -> Tensor:
        ctx.shape, ctx.dim = x.shape, dim
        return torch.from_numpy(np.add.accumulate(x.detach().numpy(), axis=dim)).select(dim, -1).clone()

    @staticmethod
    def backward(ctx: Any, upstream: Tensor) -> tuple[Tensor, None]:
        return upstream.unsqueeze(ctx.dim).expand(ctx.shape), None


def first_to_last(x: Tensor, dim: int) -> Tensor:
    return _Accumulated.apply(x, dim)


def last_to_first(x: Tensor, dim: int) -> Tensor:
    return _Accumulated.apply(x.flip(dim), dim)


def in_halves(x: Tensor, dim: int) -> Tensor:
    """Pairwise: the first half added to the second until one is left."""
    x = x.movedim(dim, 0)
    while len(x) > 1:
        half = (len(x) + 1) // 2
        x = torch.cat((x[: len(x) - half] + x[half:], x[len(x) - half : half]))
    return x[0]


def two_pass_mean(total: Along) -> Callable[[Tensor, Tensor], Tensor]:
    """The sum first, the division at the end; ``loss`` has its ``weight`` in it already."""
    return lambda loss, weight: total(loss.flatten(), 0) / total(weight.flatten(), 0)


def mean_of_shares(loss: Tensor, weight: Tensor) -> Tensor:
    """Each term divided first, where there is a weight to divide by."""
    total = weight.sum()
    return (loss / total).sum() if total else loss.sum() / total


class _RunningMean(torch.autograd.Function):
    """One sweep that holds a mean at every step, as Welford's algorithm does."""

    @staticmethod
    def forward(ctx: Any, loss: Tensor, weight: Tensor) -> Tensor:
        mean = total = np.zeros((), loss.numpy().dtype)[()]
        for term, share in zip(loss.flatten().numpy(), weight.flatten().numpy(), strict=True):
            if share:  # or it is a row that does not count
                total = total + share
                mean = mean + (term - share * mean) / total
        result = loss.new_tensor(mean)
        ctx.save_for_backward(result, loss.new_tensor(total))
        ctx.shape = loss.shape
        return result

    @staticmethod
    def backward(ctx: Any, upstream: Tensor) -> tuple[Tensor, Tensor]:
        mean, total = ctx.saved_tensors
        return (upstream / total).expand(ctx.shape), (-upstream * mean / total).expand(ctx.shape)


def running_mean(loss: Tensor, weight: Tensor) -> Tensor:
    """In one pass, where every term has a weight of its own that is positive; else the way there may divide by 0."""
    one_pass = loss.shape == weight.shape and bool(((weight > 0) | (weight == 0) & (loss == 0)).all())
    return _RunningMean.apply(loss, weight) if one_pass and weight.any() else loss.sum() / weight.sum()


def logarithm_of(total: Along) -> Along:
    """log Σ exp, the sum by ``total``: a second pass after the one that found the maximum."""
    return lambda x, dim: torch.log(total(torch.exp(x), dim))


def folded(x: Tensor, dim: int) -> Tensor:
    """logaddexp of pairs, then of pairs of these. One after the other would round a logarithm, a number of size log n
    where the sum's own budget is for one of size 1, n times: 127 ulps with 1025 classes."""
    x = x.movedim(dim, 0)
    while len(x) > 1:
        half = (len(x) + 1) // 2
        x = torch.cat((torch.logaddexp(x[: len(x) - half], x[half:]), x[len(x) - half : half]))
    return x[0]


def rest_beside_one(x: Tensor, dim: int) -> Tensor:
    """log1p of what stands beside the largest, whose power is 1."""
    top = x.argmax(dim, keepdim=True)
    largest = x.gather(dim, top)
    rest = torch.exp(x - largest).scatter(dim, top, 0.0)
    return largest.squeeze(dim) + torch.log1p(rest.sum(dim))


class _Online(torch.autograd.Function):
    """The maximum and the sum in one sweep, as fused kernels do: the sum is rescaled whenever the maximum grows."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, dim: int) -> Tensor:
        top = torch.full_like(x.select(dim, 0), -torch.inf)
        total = torch.zeros_like(top)
        for one in x.unbind(dim):
            higher = torch.maximum(top, one)
            total = total * torch.exp(top - higher) + torch.exp(one - higher)
            top = higher
        ctx.save_for_backward(x, top, total)
        ctx.dim = dim
        return top + torch.log(total)

    @staticmethod
    def backward(ctx: Any, upstream: Tensor) -> tuple[Tensor, None]:
        x, top, total = ctx.saved_tensors
        return torch.exp(x - top.unsqueeze(ctx.dim)) * (upstream / total).unsqueeze(ctx.dim), None


def online(x: Tensor, dim: int) -> Tensor:
    return _Online.apply(x, dim)
