"""Two losses as a student might write them: right but for one bug each, which the reports name.

parity check student.py --loss nll_loss --loss mse_loss
"""

import torch


def nll_loss(input, target, weight=None, ignore_index=-100, reduction="mean"):
    """Minus the entry of each row that its label names, times the weight of that label."""
    classes = 1 if input.ndim > 1 else 0
    kept = target != ignore_index
    label = torch.where(kept, target, 0)
    loss = -input.gather(classes, label.unsqueeze(classes)).squeeze(classes) * kept
    if weight is not None:
        loss = loss * weight[label]
    if reduction == "mean":
        return loss.sum() / kept.sum()  # the bug: with weights, the mean divides by their sum
    return loss.sum() if reduction == "sum" else loss


def mse_loss(input, target, reduction="mean"):
    """The squared error."""
    if reduction == "mean":
        return _MeanSquaredError.apply(input, target)
    loss = (input - target) ** 2
    return loss.sum() if reduction == "sum" else loss


class _MeanSquaredError(torch.autograd.Function):
    @staticmethod
    def forward(ctx, input, target):
        ctx.save_for_backward(input, target)
        return ((input - target) ** 2).mean()

    @staticmethod
    def backward(ctx, upstream):
        input, target = ctx.saved_tensors
        slope = 2 * (input - target) / input.numel()
        return slope, -slope  # the bug: the upstream gradient is left out
