"""Triplet margin loss."""

from reimpl import _checks
from reimpl._array import Array, autocast, clamped, is_floating, namespace, rounded, widened
from reimpl._reduction import checked, legacy, reduced
from reimpl.pairwise_distance import pairwise_distance


def triplet_margin_loss(
    anchor: Array,
    positive: Array,
    negative: Array,
    margin: float = 1.0,
    p: float = 2,
    eps: float = 1e-6,
    swap: bool = False,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Array:
    """The positive must be nearer to the anchor than the negative is, by ``margin``.

    For one row of each, with d = ``pairwise_distance`` of degree p::

        loss = max(0, margin + d(anchor, positive) - d(anchor, negative))
        swap: the least of d(anchor, negative) and d(positive, negative) in place of the latter

    Domain:
        anchor, positive, negative: any real or complex; NaN passes through. margin: (0, inf], or NaN.
    Gradient:
        That of the distances, before torch 2.14 also where the loss is just 0; where swap finds a tie, each distance
        has half of it. None for p = 0.
    Args:
        anchor, positive, negative: shapes (*, C) of one number of axes that broadcast with each other, silently.
        p: the degree of the distance. eps: added to each difference.
        swap: takes the negative's distance from the positive where that is less.
    Returns:
        Shape (*) for ``"none"``, else 0-d. The promoted dtype, of complex numbers the real one, of whole numbers the
        default one; halves are computed in float32 and rounded once.
    Raises:
        ValueError: ``margin`` is not above 0. TypeError: ``p`` or ``eps`` is no number, ``swap`` no bool.
        RuntimeError: the numbers of axes differ, the shapes do not broadcast, or what ``pairwise_distance`` raises.
    References:
        Balntas et al., Learning local feature descriptors with triplets and shallow CNNs, BMVC 2016.

    >>> triplet_margin_loss(torch.tensor([[0.0, 0.0]]), torch.tensor([[3.0, 4.0]]), torch.tensor([[0.0, 2.0]]))
    tensor(4.0000)
    """
    anchor, positive, negative = autocast(anchor, positive, negative)
    reduction = checked(legacy(reduction, size_average, reduce))
    if margin <= 0:
        raise ValueError(f"margin must be greater than 0, got {margin}")
    _checks.number("triplet_margin_loss", "p", p)
    _checks.number("triplet_margin_loss", "eps", eps)
    _checks.boolean("triplet_margin_loss", "swap", swap)
    _checks.same_rank(anchor=anchor, positive=positive, negative=negative)
    x, y, z = widened(anchor), widened(positive), widened(negative)
    near, far = pairwise_distance(x, y, p, eps), pairwise_distance(x, z, p, eps)
    if swap:
        far = namespace(far).minimum(far, pairwise_distance(y, z, p, eps))
    loss = reduced(clamped(margin + near - far), reduction)
    # Two arrays of whole numbers are a float32 apart, and the loss is one then, though the third array be a half.
    pairs = ((anchor, positive), (anchor, negative), (positive, negative))[: 2 + swap]
    if not all(is_floating(one) or is_floating(other) for one, other in pairs):
        return loss
    return rounded(loss, anchor, positive, negative)
