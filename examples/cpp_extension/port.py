"""smooth_l1_loss in C++, built when this file is imported: the loss of each error, and its slope.

parity check cpp_extension/port.py --loss smooth_l1_loss --quick --timeout 300

The first build takes half a minute, which `--timeout` bounds as it does a trial; later ones find it in torch's cache.
"""

import warnings
from pathlib import Path

import torch
from torch.utils.cpp_extension import load

load("parity_example", [Path(__file__).with_name("smooth_l1_loss.cpp")], is_python_module=False)
_operators = torch.ops.parity_example


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
        loss = _operators.smooth_l1(input.to(wide) - target.to(wide), beta)
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


def _keep(ctx, inputs, output):
    ctx.save_for_backward(inputs[0])
    ctx.beta = inputs[1]


def _backward(ctx, upstream):
    return _operators.smooth_l1_slope(upstream, *ctx.saved_tensors, ctx.beta), None


torch.library.register_autograd("parity_example::smooth_l1", _backward, setup_context=_keep)
for name in ("smooth_l1", "smooth_l1_slope"):  # what they give where there are shapes and no numbers
    torch.library.register_fake(f"parity_example::{name}", lambda first, *rest: torch.empty_like(first))
