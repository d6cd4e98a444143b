"""Multi-class margin loss."""

from math import prod

from reimpl import _checks
from reimpl._array import Array, Labels, autocast, counting, namespace, only, rounded, weights, widened
from reimpl._reduction import checked, legacy, reduced


def multi_margin_loss(
    input: Array,
    target: Labels,
    p: int = 1,
    margin: float = 1.0,
    weight: Array | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Array:
    """How far each wrong class comes up to the right one, or past it.

    For a row x of C scores with label y::

        loss(x, y) = w_y / C · Σ_{c≠y} max(0, margin - x_y + x_c)^p
        mean       = Σ loss / N, whatever the weights

    Domain:
        input: any real; NaN counts as a score that keeps its distance. target: 0 … C-1. margin, weight: any real.
        The mean of no rows is NaN here and their sum 0, where torch hands out memory that it never wrote.
    Gradient:
        w_y / C · p · max(0, margin - x_y + x_c)^(p - 1) for each wrong class, minus the sum of these for the right one;
        0 where the margin is just kept.
    Args:
        input: scores, shape (C) or (N, C).
        target: int64; shape () or (1) for a single row, (N).
        p: 1 or 2.
        weight: of the classes, shape (C), dtype of ``input``; not differentiable.
    Returns:
        Shape of ``target`` for ``"none"``, else 0-d. Dtype of ``input``; halves are computed in float32 and rounded
        once, where there are any.
    Raises:
        ValueError: ``p`` is another, ``weight`` not 1-d. TypeError: ``margin`` is no number.
        NotImplementedError: ``input`` is neither float32 nor float64 (on the CPU).
        RuntimeError: no such class (CPU, not when traced), no classes, a shape or dtype does not fit, ``margin`` is
            finite but not in float32, or ``weight`` requires a gradient.
    References:
        Crammer and Singer, On the algorithmic implementation of multiclass kernel-based vector machines, JMLR 2001.

    >>> multi_margin_loss(torch.tensor([[0.5, 0.25, 2.0]]), torch.tensor([0]), reduction="none")
    tensor([1.0833])
    """
    input, target, weight = autocast(input, target, weight)
    reduction = checked(legacy(reduction, size_average, reduce))
    if p not in (1, 2):
        raise ValueError(f"only p == 1 and p == 2 supported, not {p}")
    if weight is not None and len(weight.shape) != 1:
        raise ValueError(f"weight must be one-dimensional: expected None or 1D, got {len(weight.shape)}D")
    _checks.number("multi_margin_loss", "margin", margin)
    _checks.constant("multi_margin_loss", "weight", weight)
    classes = _checks.row_or_rows(input)
    count = input.shape[0] if len(input.shape) == 2 else 1
    if len(target.shape) > 1 or prod(target.shape) != count:
        raise RuntimeError(f"expected target size [{count}], a label for each row, but got {list(target.shape)}")
    _checks.class_weight(weight, classes)
    _checks.no_half("multi_margin_loss_cpu_kernel", input)
    _checks.held("multi_margin_loss", margin, input)
    _checks.same_dtype(input, weight)
    _checks.long_labels(target)
    _checks.labels_between(0, target, classes)
    xp = namespace(input, target)
    rows, label = xp.reshape(widened(input), (-1, classes)), xp.reshape(target, (-1, 1))
    gap = margin - xp.take_along_axis(rows, label, axis=1) + rows
    wrong = (counting(label, classes) != label) & (gap > 0)
    # A class that keeps its distance counts for nothing, in the gradient too, whatever inf its power and weight are.
    gap = only(wrong, gap)
    loss = gap if p == 1 else gap * gap
    if weight is not None:
        loss = only(wrong, loss * weights(widened(weight), label))
    loss = xp.reshape(xp.sum(loss, axis=1) / classes, target.shape)
    return rounded(reduced(loss, reduction), input)
