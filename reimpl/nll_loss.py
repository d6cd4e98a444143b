"""Negative log likelihood."""

from reimpl import _checks
from reimpl._array import Array, Labels, autocast, entries, indices, namespace, only, rounded, weights, widened
from reimpl._reduction import checked, legacy, weighted_rows


def nll_loss(
    input: Array,
    target: Labels,
    weight: Array | None = None,
    size_average: bool | None = None,
    ignore_index: int = -100,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Array:
    """Minus the entry of ``input`` that ``target`` names; no logarithm is taken.

    For one row x with label y::

        loss(x, y) = -w_y · x_y      y != ignore_index
                   = 0               y == ignore_index
        mean       = Σ loss / Σ w_y over the rows kept

    Domain:
        input: any real, meant to be log-probabilities. target: 0 … C-1 or ``ignore_index``. No row kept, or weights
        that sum to 0: the mean is NaN.
    Gradient:
        -w_y at the label, 0 elsewhere.
    Args:
        input: shape (C), (N, C) or (N, C, d1, …).
        target: shape () or (1), (N), (N, d1, …); int64 or uint8.
        weight: of the classes, shape (C), dtype of ``input``; not differentiable.
        ignore_index: the label of rows that do not count; any integer.
    Returns:
        Shape of ``target`` for ``"none"`` (0-d for a single row), else 0-d. Summed in float64 and rounded once:
        torch sums, and counts the rows, in the type of ``input`` (no more than 65504 in float16).
    Raises:
        TypeError: ``ignore_index`` is not an int.
        ValueError: the batches differ, or ``input`` is 0-d. IndexError: no such class (CPU, not when traced).
        RuntimeError: a shape or dtype of ``target`` or ``weight`` does not fit, or ``weight`` requires a gradient.

    >>> nll_loss(torch.tensor([[-0.5, -1.0], [-2.0, -0.2]]), torch.tensor([1, 0]), reduction="none")
    tensor([1., 2.])
    """
    input, target, weight = autocast(input, target, weight)
    reduction = checked(legacy(reduction, size_average, reduce))
    _checks.whole("nll_loss", "ignore_index", ignore_index)
    _checks.class_labels("nll_loss_out_frame", input, target, weight, ignore_index)
    xp = namespace(input, target)
    rows, axis, label = widened(input), min(len(input.shape) - 1, 1), indices(target)
    if axis == 0:
        label = xp.reshape(label, ())
    kept = label != ignore_index
    label = xp.where(kept, label, xp.zeros_like(label))
    importance = xp.astype(kept, rows.dtype)
    if weight is not None:
        importance = importance * weights(widened(weight), label)
    loss = only(kept, -entries(rows, label, axis) * importance)
    return rounded(weighted_rows(loss, importance, reduction), input)
