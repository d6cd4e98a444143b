"""Cross-entropy."""

from math import inf, prod

from reimpl import _checks
from reimpl._array import (
    Array,
    Labels,
    along_classes,
    autocast,
    entries,
    indices,
    namespace,
    only,
    rounded,
    weights,
    widened,
)
from reimpl._reduction import checked, legacy, weighted_rows
from reimpl.log_softmax import log_softmax


def cross_entropy(
    input: Array,
    target: Labels,
    weight: Array | None = None,
    size_average: bool | None = None,
    ignore_index: int = -100,
    reduce: bool | None = None,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Array:
    """How badly the distribution softmax(``input``) foretells a class, or a distribution of classes.

    For one row of C logits x, with l = log_softmax(x), a class y or probabilities q, and ε = label_smoothing::

        loss(x, y) = -(1 - ε) · w_y · l_y - ε/C · Σ_c w_c · l_c      0 where y == ignore_index
        loss(x, q) = -Σ_c w_c · ((1 - ε) · q_c + ε/C) · l_c
        mean       = Σ loss / Σ w_y over the rows kept for classes, Σ loss / N for probabilities

    Domain:
        input: any real; a logit of -inf is a class that cannot be: inf if it is the label. target: 0 … C-1 or
        ``ignore_index``; probabilities need not sum to 1. No row kept, or weights that sum to 0: the mean is NaN.
    Gradient:
        softmax(x) · Σ q - q for a row without weights. Probabilities have one, -l; and so has their weight.
    Args:
        input: shape (C), (N, C) or (N, C, d1, …).
        target: classes of shape () or (1), (N), (N, d1, …), int64 or uint8; or probabilities in the shape of input.
        weight: of the classes, shape (C); not differentiable with classes.
        ignore_index: the label of rows that do not count; with probabilities it must be negative.
        label_smoothing: how much of the target is spread evenly; (0, 1], and 0 or anything below means none.
    Returns:
        Shape of a target of classes for ``"none"``, else 0-d. Dtype of ``input``, with probabilities the promoted one.
        Halves are computed in float32 and rounded once, where torch rounds l, counts and sums in halves. Rows are
        summed in float64.
    Raises:
        TypeError: ``ignore_index`` is not an int. ValueError: the batches differ. IndexError: no such class (CPU, not
            when traced). RuntimeError: label_smoothing > 1; a shape or dtype of ``target`` or ``weight`` does not fit
            (with smoothing neither a target of shape (1) beside (C), nor uint8 in a weighted mean); ``ignore_index``
            with probabilities; ``weight`` requires a gradient.
    References:
        Szegedy et al., Rethinking the Inception architecture, CVPR 2016, section 7 (label smoothing).

    >>> cross_entropy(torch.tensor([[0.0, 2.0]]), torch.tensor([1]))
    tensor(0.1269)
    """
    input, target, weight = autocast(input, target, weight)
    reduction = checked(legacy(reduction, size_average, reduce))
    _checks.whole("cross_entropy", "ignore_index", ignore_index)
    if input.shape == target.shape:
        _checks.class_probabilities(input, target, weight, ignore_index)
        _check_smoothing(label_smoothing)
        loss = _of_probabilities(input, widened(target), widened(weight), reduction, label_smoothing)
        return rounded(loss, input, target, weight)
    _check_smoothing(label_smoothing)
    _checks.class_labels("cross_entropy", input, target, weight, ignore_index)
    if label_smoothing > 0:
        _checks.smoothed(input, target, weight, reduction)
    loss = _of_classes(input, indices(target), widened(weight), ignore_index, reduction, label_smoothing)
    return rounded(loss, input)


def _of_classes(
    input: Array, label: Labels, weight: Array | None, ignore_index: int, reduction: str, smoothing: float
) -> Array:
    xp = namespace(input)
    axis = min(len(input.shape) - 1, 1)
    rows = log_softmax(widened(input), axis)
    if axis == 0:
        label = xp.reshape(label, ())
    kept = label != ignore_index
    label = xp.where(kept, label, xp.zeros_like(label))
    importance = xp.astype(kept, rows.dtype)
    if weight is not None:
        importance = importance * weights(weight, label)
    loss = weighted_rows(only(kept, -entries(rows, label, axis) * importance), importance, reduction)
    if not smoothing > 0:
        return loss
    uniform = -rows if weight is None else -rows * along_classes(weight, rows)
    even = weighted_rows(only(kept, xp.sum(uniform, axis=axis)), importance, reduction)
    return (1 - smoothing) * loss + even * (smoothing / input.shape[axis] if input.shape[axis] else inf)


def _of_probabilities(input: Array, target: Array, weight: Array | None, reduction: str, smoothing: float) -> Array:
    xp = namespace(input, target)
    axis = min(len(input.shape) - 1, 1)
    rows = log_softmax(widened(input), axis)
    if smoothing > 0:
        target = target * (1 - smoothing) + smoothing / input.shape[axis]
    loss = rows * target
    if weight is not None:
        loss = loss * along_classes(weight, rows)
    match reduction:
        case "none":
            return -xp.sum(loss, axis=axis)
        case "mean":
            return -xp.sum(loss) / (prod(input.shape) // max(input.shape[axis], 1))
        case _:
            return -xp.sum(loss)


def _check_smoothing(smoothing: float) -> None:
    if smoothing > 1:
        raise RuntimeError(f"label_smoothing must be between 0.0 and 1.0. Got: {smoothing}")
