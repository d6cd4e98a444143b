"""Huber loss."""

from typing import Any

from reimpl import _checks
from reimpl._array import Array, autocast, dense, dtype_name, is_floating, namespace, numeric, rounded, widened
from reimpl._autograd import differentiated
from reimpl._reduction import checked, plain, reduced


def huber_loss(
    input: Array,
    target: Array,
    reduction: str = "mean",
    delta: float = 1.0,
    weight: Array | None = None,
) -> Array:
    """Quadratic for errors below ``delta``, linear from there on.

    With d = input - target, elementwise::

        loss(d) = d² / 2                     |d| <  delta
                = delta · (|d| - delta / 2)  |d| >= delta

    Domain:
        input, target: any real; NaN and inf pass through. weight: any real. delta: (0, inf],
        where inf leaves NaN for an infinite error.
    Gradient:
        d, no farther from 0 than delta. Written by hand: `where` also differentiates the branch that it drops, and
        0 · inf is NaN there for delta = inf.
    Args:
        input: predictions, shape (*).
        target: the shape of ``input``, or one that broadcasts with it (torch warns).
        delta: where the quadratic zone ends, in the unit of ``input``.
        weight: the shape of ``input``. The mean is over N, not over the sum of the weights as in ``l1_loss``.
    Returns:
        Shape (*) for ``"none"``, else 0-d. The dtype of ``input``, promoted with that of ``weight`` only; halves are
        computed in float32 and rounded once.
    Raises:
        RuntimeError: delta is not positive; backward, if ``input`` is not of the promoted dtype.
        ValueError: ``weight`` has another shape; with ``weight``, ``reduction`` is ``elementwise_mean``.
        NotImplementedError: not floating point.
    References:
        Huber, Robust estimation of a location parameter, 1964.

    >>> huber_loss(torch.tensor([0.5, 3.0]), torch.zeros(2), reduction="none")
    tensor([0.1250, 2.5000])
    """
    input, target, weight = autocast(input, target, weight)
    x, t = _checks.broadcast(widened(input), widened(target))
    if weight is None:
        reduction = checked(reduction)
    else:
        _checks.same_size(weight, input)
    if not delta > 0:
        raise RuntimeError(f"huber_loss does not support non-positive values for delta: {delta}")
    _checks.floating("huber_cpu", x, t)
    error = numeric(dense(x)) - numeric(t)
    loss = _huber(error, delta)
    if input.dtype != target.dtype:
        if not is_floating(input):
            raise RuntimeError(f"result type {dtype_name(error)} can't be cast to the desired output type of input")
        loss = _in_type_of_input(loss, widened(input).dtype)
    if weight is not None:
        loss = loss * widened(weight)
        reduction = plain(reduction)
    return rounded(reduced(loss, reduction), input, weight)


def _formula(error: Array, delta: float) -> Array:
    xp = namespace(error)
    size = xp.abs(error)
    return xp.where(size < delta, 0.5 * size * size, delta * (size - 0.5 * delta))


def _slope(along: Array, error: Array, delta: float) -> Array:
    xp = namespace(error)
    # A product, because a delta past the dtype's largest number is no number to fill with.
    edge = delta * xp.ones_like(error)
    return along * xp.where(error >= delta, edge, xp.where(error <= -delta, -edge, error))


def _refused(along: Array, loss: Array, dtype: Any) -> Array:
    raise RuntimeError(f"huber_loss: found dtype {loss.dtype} but expected {dtype}: no gradient across two types")


_huber = differentiated(_formula, _slope)
_in_type_of_input = differentiated(lambda loss, dtype: namespace(loss).astype(loss, dtype), _refused)
