"""Triplet margin loss with a distance of one's own."""

from collections.abc import Callable

from reimpl import _checks
from reimpl._array import Array, clamped, namespace, rounded, widened
from reimpl._reduction import plain, reduced
from reimpl.pairwise_distance import pairwise_distance


def triplet_margin_with_distance_loss(
    anchor: Array,
    positive: Array,
    negative: Array,
    *,
    distance_function: Callable[[Array, Array], Array] | None = None,
    margin: float = 1.0,
    swap: bool = False,
    reduction: str = "mean",
) -> Array:
    """The positive must be nearer to the anchor than the negative is, by ``margin``, in a distance of one's own.

    For one row of each, with d = ``distance_function``::

        loss = max(0, margin + d(anchor, positive) - d(anchor, negative))
        swap: the least of d(anchor, negative) and d(positive, negative) in place of the latter

    Domain:
        anchor, positive, negative: what ``distance_function`` takes; NaN passes through. margin: (0, inf], or NaN.
    Gradient:
        That of the distances, before torch 2.14 also where the loss is just 0; where swap finds a tie, each distance
        has half of it.
    Args:
        anchor, positive, negative: arrays of one number of axes; they are handed on as they are.
        distance_function: two arrays to one, of any shape; None takes ``pairwise_distance``. A similarity is none.
        swap: takes the negative's distance from the positive where that is less.
    Returns:
        Shape of the distances for ``"none"``, else 0-d; their dtype. From distances that are halves the rest is
        computed in float32 and rounded once.
    Raises:
        ValueError: ``margin`` is not above 0, ``reduction`` is unknown, and here ``elementwise_mean`` is.
        RuntimeError: the numbers of axes differ; what ``distance_function`` raises.
    References:
        Balntas et al., Learning local feature descriptors with triplets and shallow CNNs, BMVC 2016.

    >>> triplet_margin_with_distance_loss(
    ...     torch.tensor([[0.0, 0.0]]), torch.tensor([[3.0, 4.0]]), torch.tensor([[0.0, 2.0]]),
    ...     distance_function=lambda x, y: abs(x - y).sum(-1),
    ... )
    tensor(6.)
    """
    reduction = plain(reduction)
    if margin <= 0:
        raise ValueError(f"margin must be greater than 0, got {margin}")
    _checks.same_rank(anchor=anchor, positive=positive, negative=negative)
    distance = pairwise_distance if distance_function is None else distance_function
    near, far = distance(anchor, positive), distance(anchor, negative)
    if swap:
        far = namespace(far).minimum(far, distance(positive, negative))
    loss = clamped(margin + widened(near) - widened(far))
    return rounded(reduced(loss, reduction), near, far)
