"""Hinge embedding loss."""

from reimpl import _checks
from reimpl._array import Array, autocast, namespace, rounded, widened
from reimpl._autograd import positive_part
from reimpl._reduction import checked, legacy, reduced


def hinge_embedding_loss(
    input: Array,
    target: Array,
    margin: float = 1.0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Array:
    """A distance where two things are alike, what it lacks of ``margin`` where they are not.

    Elementwise::

        loss(x, y) = x                            y = 1
                   = max(0, margin - x)           y = -1
                   = x + max(0, margin - x)       any other y, NaN too

    Domain:
        input: any real, meant to be a distance. target: 1 or -1. margin: any number that the dtype of ``input`` holds;
        torch rounds it to that dtype.
    Gradient:
        1 from x, and from the other term -1 where x < margin, before torch 2.14 at the kink too; 0 where x is beyond
        or NaN. target has none.
    Args:
        input: distances, shape (*).
        target: 1 or -1 of any type; broadcasts with ``input`` silently.
        margin: the distance from which unlike things cost nothing.
    Returns:
        Shape (*) for ``"none"``, else 0-d. Dtype of ``input``; halves are computed in float32 and rounded once.
    Raises:
        TypeError: ``margin`` is not a number.
        RuntimeError: ``margin`` overflows the dtype of ``input`` (torch only); truth values as ``input``; the mean of
            whole numbers.
        NotImplementedError: complex ``input``.

    >>> hinge_embedding_loss(torch.tensor([0.25, 0.25, 3.0]), torch.tensor([1, -1, -1]), reduction="none")
    tensor([0.2500, 0.7500, 0.0000])
    """
    input, target = autocast(input, target)
    reduction = checked(legacy(reduction, size_average, reduce))
    _checks.number("hinge_embedding_loss", "margin", margin)
    xp = namespace(input, target)
    x = widened(input)
    limit = widened(xp.full_like(input, margin))
    zero = xp.zeros_like(x)
    loss = xp.where(target != 1, positive_part(limit - x), zero) + xp.where(target != -1, x, zero)
    return rounded(reduced(loss, reduction), input)
