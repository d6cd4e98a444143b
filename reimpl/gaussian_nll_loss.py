"""Gaussian negative log likelihood."""

import math

from reimpl import _checks
from reimpl._array import Array, deciding, dtype_name, filled, has_slope, is_floating, namespace, only, rounded, widened
from reimpl._autograd import differentiated_by_rules


def gaussian_nll_loss(
    input: Array,
    target: Array,
    var: Array | float,
    full: bool = False,
    eps: float = 1e-6,
    reduction: str = "mean",
) -> Array:
    """Minus the logarithm of the density of ``target`` under a normal distribution about ``input``.

    With v = max(var, eps), elementwise::

        loss(x, t, v) = (log(v) + (x - t)² / v) / 2
                      + log(2π) / 2                    with ``full``

    Domain:
        input, target: any real. var: [0, inf]. eps: any real, rounded to the dtype of ``var``; NaN makes all NaN.
    Gradient:
        ±(x - t) / v for input and target, (1/v - (x - t)²/v²) / 2 for var, also where ``eps`` stands for it: written
        by hand, since the derivative of the hold is 0 there.
    Args:
        input: means, shape (*); whole numbers will do.
        target: the shape of ``input``, or one that broadcasts with it, silently.
        var: variances, of the shape of ``input``, or without its last axis, or with one axis of 1; or one float.
        full: whether to count the constant.
        eps: the least variance.
    Returns:
        Shape (*) for ``"none"``, else 0-d. Dtype of the promoted inputs; halves are computed in float32 and rounded
        once, where torch rounds each step.
    Raises:
        TypeError: ``var`` is an int or anything else. NotImplementedError: it is complex.
        ValueError: ``var`` is negative (CPU, not when traced) or of no such shape, or ``reduction`` is unknown, and
        here ``elementwise_mean`` is. RuntimeError: ``eps`` is not whole and ``var`` an array of whole numbers.
    References:
        Nix, Weigend, Estimating the mean and variance of the target probability distribution, ICNN 1994, eq. 4.

    >>> gaussian_nll_loss(torch.tensor([0.5, 3.0]), torch.zeros(2), torch.tensor([1.0, 4.0]), reduction="none")
    tensor([0.1250, 1.8181])
    """
    xp = namespace(input, target)
    if isinstance(var, float):
        # Not an array filled with it, which would refuse a number past the dtype's largest.
        var = var * filled(input, 1)
    _check_variance(var)
    var = _held(_spread(var, input), eps)
    variance, error = widened(var), widened(input) - widened(target)
    logarithm = xp.log(variance)
    loss = 0.5 * (logarithm + xp.square(error) / variance)
    if full:
        loss = loss + 0.5 * math.log(2 * math.pi)
    match reduction:
        case "none":
            pass
        case "mean":
            loss = xp.mean(loss)
        case "sum":
            loss = xp.sum(loss)
        case other:
            raise ValueError(other + " is not valid")
    # The logarithm of a whole number is of the default type.
    return rounded(loss, *deciding(input, target, var if is_floating(var) else logarithm))


def _check_variance(var: Array) -> None:
    if not hasattr(var, "shape"):
        raise TypeError(f"gaussian_nll_loss: var must be an array or a float, not {type(var).__name__}")
    # Complex numbers have no order: torch's own refusal comes of this comparison too.
    if _checks.is_concrete(var) and bool(namespace(var).any(var < 0)):
        raise ValueError("var has negative entry/entries")


def _spread(var: Array, input: Array) -> Array:
    """``var`` in a shape that broadcasts with ``input``."""
    shape, own = tuple(input.shape), tuple(var.shape)
    if own != shape and own == shape[:-1]:
        return namespace(var).expand_dims(var, axis=-1)
    others = [size for size, wanted in zip(own, shape, strict=False) if size != wanted]
    if own != shape and (len(own) != len(shape) or sum(others) != 1):
        raise ValueError("var is of incorrect size")
    return var


def _least(var: Array, eps: float) -> Array:
    if eps is None or (isinstance(eps, float) and not is_floating(var)):
        raise RuntimeError(f"gaussian_nll_loss: eps={eps} cannot be a least var of dtype {dtype_name(var)}")
    return namespace(var).maximum(var, filled(var, eps))


_held = differentiated_by_rules(
    _least, lambda along, var, eps: along, lambda along, var, eps: only(has_slope(var - eps), along)
)
