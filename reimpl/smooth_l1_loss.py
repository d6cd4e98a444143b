"""Smooth L1 loss."""

from reimpl import _checks
from reimpl._array import Array, autocast, namespace, numeric, rounded, widened
from reimpl._autograd import differentiated
from reimpl._reduction import checked, legacy, reduced


def smooth_l1_loss(
    input: Array,
    target: Array,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    beta: float = 1.0,
) -> Array:
    """Quadratic for errors below ``beta``, linear from there on.

    With d = input - target, elementwise::

        loss(d) = d² / (2·beta)      |d| <  beta
                = |d| - beta / 2     |d| >= beta

    Domain:
        input, target: any real; NaN and inf pass through. beta: [0, inf], 0 gives ``l1_loss``, inf gives 0.
    Gradient:
        d / beta inside, sign(d) outside; they meet at |d| = beta. 0 at d = 0, for beta = 0 too. Written by hand: the
        formula's own divides by beta first, and is inf · 0 for a tiny one.
    Args:
        input: predictions, shape (*).
        target: the shape of ``input``, or one that broadcasts with it (torch warns).
        beta: where the quadratic zone ends, in the unit of ``input``.
    Returns:
        Shape (*) for ``"none"``, else 0-d. Dtype and device of the promoted inputs; halves are computed in float32
        and rounded once.
    Raises:
        RuntimeError: beta is negative or NaN. NotImplementedError: not floating point and beta > 0.
    References:
        Girshick, Fast R-CNN, ICCV 2015, eq. 3 (the case beta = 1).

    >>> smooth_l1_loss(torch.tensor([0.5, 3.0]), torch.zeros(2), reduction="none")
    tensor([0.1250, 2.5000])
    """
    input, target = autocast(input, target)
    x, t = _checks.broadcast(widened(input), widened(target))
    reduction = checked(legacy(reduction, size_average, reduce))
    if not beta >= 0:
        raise RuntimeError(f"smooth_l1_loss does not support negative values for beta: {beta}")
    if beta != 0:
        _checks.floating("smooth_l1_cpu", x, t)
        x, t = numeric(x), numeric(t)
    error = x - t
    loss = namespace(error).abs(error) if beta == 0 else _smooth_l1(error, beta)
    return rounded(reduced(loss, reduction), input, target)


def _formula(error: Array, beta: float) -> Array:
    xp = namespace(error)
    size = xp.abs(error)
    return xp.where(size < beta, 0.5 * size * size / beta, size - 0.5 * beta)


def _slope(along: Array, error: Array, beta: float) -> Array:
    xp = namespace(error)
    # None at a tie, where a beta that the dtype rounds to 0 is reached; torch has -1 or 0 there, as its loop takes it.
    one = xp.astype(error != 0, error.dtype)
    return along * xp.where(error >= beta, one, xp.where(error <= -beta, -one, error / beta))


_smooth_l1 = differentiated(_formula, _slope)
