"""Margin ranking loss."""

from reimpl import _checks
from reimpl._array import Array, autocast, rounded, widened
from reimpl._autograd import positive_part
from reimpl._reduction import checked, legacy, reduced


def margin_ranking_loss(
    input1: Array,
    input2: Array,
    target: Array,
    margin: float = 0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Array:
    """By how much a pair of scores misses ``margin`` in the order that ``target`` asks for.

    Elementwise::

        loss(a, b, y) = max(0, -y · (a - b) + margin)

    Domain:
        input1, input2: any real; inf - inf is NaN. target: 1 where input1 should rank higher, -1 where input2 should;
        any real is a factor, 0 leaves the margin alone. Whole numbers wrap around as their type does: a uint8 target
        of 1 is negated to 255. margin: any real.
    Gradient:
        -y for input1, y for input2, b - a for target, where the sum in max is > 0, before torch 2.14 at the kink too;
        else 0, and 0 for NaN.
    Args:
        input1, input2: scores, shape (*).
        target: the same number of axes; the three broadcast silently.
        margin: how far apart the scores should be.
    Returns:
        Shape (*) for ``"none"``, else 0-d. Dtype of the promoted inputs, of whole numbers torch's default one. Halves
        are computed in float32 and rounded once.
    Raises:
        TypeError: ``margin`` is not a number.
        RuntimeError: the numbers of axes differ, or truth values would be subtracted or negated.
        NotImplementedError: complex.

    >>> margin_ranking_loss(torch.tensor([0.5, 3.0]), torch.tensor([1.0, 1.0]), torch.ones(2), reduction="none")
    tensor([0.5000, 0.0000])
    """
    input1, input2, target = autocast(input1, input2, target)
    reduction = checked(legacy(reduction, size_average, reduce))
    _checks.number("margin_ranking_loss", "margin", margin)
    ranks = [len(array.shape) for array in (input1, input2, target)]
    if len(set(ranks)) > 1:
        raise RuntimeError(f"margin_ranking_loss: the inputs should have the same number of axes, not {ranks}")
    # As a float: 0 would leave whole numbers whole.
    excess = -widened(target) * (widened(input1) - widened(input2)) + float(margin)
    return rounded(reduced(positive_part(excess), reduction), input1, input2, target)
