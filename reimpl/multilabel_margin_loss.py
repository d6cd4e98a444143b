"""Multi-label margin loss."""

from math import prod

from reimpl import _checks
from reimpl._array import Array, Labels, autocast, counting, namespace, only, rounded, widened
from reimpl._reduction import checked, legacy, reduced


def multilabel_margin_loss(
    input: Array,
    target: Labels,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Array:
    """How far each class that is not there comes up to each one that is, or past it.

    For a row x of C scores and its labels y_1 … y_k, which end before the first -1::

        loss(x, y) = 1/C · Σ_j Σ_c max(0, 1 - x_{y_j} + x_c)        c none of y_1 … y_k

    Domain:
        input: any real; NaN counts as a score that keeps its distance. target: -1 … C-1; the rest of a row after a
        -1 is padding, and a label that stands twice counts twice. The mean of no rows is NaN here and their sum 0,
        where torch hands out memory that it never wrote.
    Gradient:
        1 / C for each pair less than 1 apart, to the class that is not there, and -1 / C to the one that is; 0 where
        they are just 1 apart.
    Args:
        input: scores, shape (C) or (N, C).
        target: labels, int64, the shape of ``input``.
    Returns:
        Shape () or (N) for ``"none"``, else 0-d. Dtype of ``input``; halves are computed in float32 and rounded once,
        where there are any.
    Raises:
        NotImplementedError: ``input`` is neither float32 nor float64 (on the CPU).
        RuntimeError: a label out of range, padding too (CPU, not when traced), no classes, more than two axes, or a
            shape or dtype of ``target`` does not fit.

    >>> multilabel_margin_loss(torch.tensor([[0.5, 0.25, 2.0]]), torch.tensor([[2, 0, -1]]), reduction="none")
    tensor([0.2500])
    """
    input, target = autocast(input, target)
    reduction = checked(legacy(reduction, size_average, reduce))
    classes = _checks.row_or_rows(input)
    one_row = len(input.shape) < 2
    fits = len(target.shape) < 2 and prod(target.shape) == classes if one_row else target.shape == input.shape
    if not fits:
        raise RuntimeError(f"inconsistent target size: {list(target.shape)} for input of size: {list(input.shape)}")
    _checks.labels_between(-1, target, classes)
    _checks.no_half("multilabel_margin_loss_forward_out_frame", input)
    _checks.long_labels(target)
    xp = namespace(input, target)
    rows, label = xp.reshape(widened(input), (-1, classes)), xp.reshape(target, (-1, classes))
    number = counting(label, classes)
    later = number > xp.expand_dims(number, axis=1)
    kept = xp.all(xp.expand_dims(label >= 0, axis=1) | later, axis=2)
    label = xp.where(kept, label, xp.zeros_like(label))
    right = xp.take_along_axis(rows, label, axis=1)
    # Axes from here on: row, label, class.
    kept, label, right = (xp.expand_dims(array, axis=2) for array in (kept, label, right))
    absent = xp.all(xp.logical_not(kept) | (label != number), axis=1, keepdims=True)
    gap = 1 - right + xp.expand_dims(rows, axis=1)
    loss = xp.sum(only(kept & absent & (gap > 0), gap), axis=(1, 2)) / classes
    if one_row:
        loss = xp.squeeze(loss, axis=0)
    return rounded(reduced(loss, reduction), input)
