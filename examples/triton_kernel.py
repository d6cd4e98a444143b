"""smooth_l1_loss by Triton kernels, forwards and backwards.

parity check triton_kernel.py --loss smooth_l1_loss --device cuda --require cuda --quick
"""

import warnings

import torch
import triton
import triton.language as tl

BLOCK = 1024


@triton.jit
def _forward(error, loss, edge, count, block: tl.constexpr):
    at = tl.program_id(0) * block + tl.arange(0, block)
    inside = at < count
    beta = tl.load(edge)
    e = tl.load(error + at, mask=inside)
    size = tl.abs(e)
    tl.store(loss + at, tl.where(size < beta, 0.5 * size * size / beta, size - 0.5 * beta), mask=inside)


@triton.jit
def _backward(upstream, error, slope, edge, count, block: tl.constexpr):
    at = tl.program_id(0) * block + tl.arange(0, block)
    inside = at < count
    beta = tl.load(edge)
    along = tl.load(upstream + at, mask=inside)
    e = tl.load(error + at, mask=inside)
    tl.store(slope + at, tl.where(e <= -beta, -along, tl.where(e >= beta, along, along * e / beta)), mask=inside)


def _launched(kernel, *tensors, beta):
    """What the kernel makes of the elements of tensors that lie in memory alike, without gaps."""
    result = torch.empty_like(tensors[0])
    edge = torch.tensor(beta, dtype=torch.float64).to(result)  # as a number, it would be rounded to single precision
    if count := result.numel():
        kernel[(triton.cdiv(count, BLOCK),)](*tensors, result, edge, count, block=BLOCK)
    return result


@torch.library.custom_op("parity_example::triton_loss", mutates_args=())
def _loss(error: torch.Tensor, beta: float) -> torch.Tensor:
    return _launched(_forward, error, beta=beta)


@torch.library.custom_op("parity_example::triton_slope", mutates_args=())
def _slope(upstream: torch.Tensor, error: torch.Tensor, beta: float) -> torch.Tensor:
    return _launched(_backward, torch.empty_like(error).copy_(upstream), error, beta=beta)


for operator in (_loss, _slope):  # what they give where there are shapes and no numbers
    operator.register_fake(lambda *given: torch.empty_like(given[-2]))


class _SmoothL1(torch.autograd.Function):
    @staticmethod
    def forward(ctx, error, beta):
        ctx.save_for_backward(error)
        ctx.beta = beta
        return _loss(error, beta)

    @staticmethod
    def backward(ctx, upstream):
        return _slope(upstream, *ctx.saved_tensors, ctx.beta), None


def smooth_l1_loss(input, target, size_average=None, reduce=None, reduction="mean", beta=1.0):
    """Quadratic for errors below ``beta``, linear from there on."""
    if input.shape != target.shape:
        warnings.warn(f"the target has size {target.shape}, the input {input.shape}", stacklevel=2)
    reduction = _word(reduction, size_average, reduce)
    if not beta >= 0:
        raise RuntimeError(f"smooth_l1_loss: beta is {beta}, and must not be negative")
    dtype = torch.result_type(*torch.broadcast_tensors(input, target))
    wide = torch.float32 if dtype in (torch.float16, torch.bfloat16) else dtype  # halves are rounded once, at the end
    if beta == 0:
        loss = (input - target if wide is dtype else input.to(wide) - target.to(wide)).abs()
    elif dtype.is_floating_point:
        loss = _SmoothL1.apply(input.to(wide) - target.to(wide), beta)
    else:
        raise NotImplementedError(f"smooth_l1_loss is not implemented for {dtype}")
    loss = loss if reduction == "none" else loss.mean() if reduction == "mean" else loss.sum()
    return loss if wide is dtype else loss.to(dtype)


def _word(reduction, size_average, reduce):
    """The reduction that is meant."""
    if size_average is not None or reduce is not None:
        warnings.warn("size_average and reduce are deprecated: write reduction", stacklevel=3)
        reduction = "none" if reduce is not None and not reduce else "sum" if size_average is False else "mean"
    if reduction == "elementwise_mean":
        warnings.warn("elementwise_mean is deprecated: write mean", stacklevel=3)
        reduction = "mean"
    if reduction not in ("none", "mean", "sum"):
        raise ValueError(f"{reduction} is not a valid value for reduction")
    return reduction
