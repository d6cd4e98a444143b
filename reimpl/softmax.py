"""Softmax."""

from typing import Any

from reimpl import _checks
from reimpl._array import Array, in_rows, namespace, rounded, total, widened
from reimpl._autograd import differentiated_by_output


def softmax(input: Array, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> Array:
    """Weights that are positive and sum to 1 along one axis.

    Along ``dim``::

        softmax(x)_i = exp(x_i - m) / Σ_j exp(x_j - m)        m = max_j x_j

    Domain:
        input: any real; a logit of -inf has weight 0; inf, NaN, or nothing but -inf along ``dim`` gives NaN.
    Gradient:
        s_i · (g_i - Σ_j g_j · s_j) for a cotangent g, written by hand: the formula's own is a difference of quotients
        and loses digits.
    Args:
        input: logits, shape (*).
        dim: the axis. None is deprecated: torch warns and takes 0 for 0, 1 or 3 axes, else 1.
        dtype: converts ``input`` first.
    Returns:
        Shape (*). Halves are computed in float32 and rounded once, as torch does. float32 is summed in float64, by
        torch in vectors of the machine's width: the last bit may differ.
    Raises:
        IndexError: there is no axis ``dim``. TypeError: ``dim`` is not an int.
        NotImplementedError: not floating point.

    >>> softmax(torch.tensor([1.0, 2.0, 3.0]), dim=0)
    tensor([0.0900, 0.2447, 0.6652])
    """
    xp = namespace(input)
    axis = _checks.dimension("softmax", input, dim, _stacklevel)
    if dtype is not None:
        input = xp.astype(input, dtype)
    _checks.floating("softmax_lastdim_kernel_impl", input)
    if not input.shape:
        return xp.reshape(softmax(xp.reshape(input, (1,)), 0), ())
    if input.shape[axis] == 0:
        return xp.exp(input)
    return rounded(_softmax(widened(in_rows(input)), axis), input)


def _formula(x: Array, axis: int) -> Array:
    xp = namespace(x)
    exponential = xp.exp(x - xp.max(x, axis=axis, keepdims=True))
    return exponential / xp.astype(total(exponential, axis), x.dtype)


def _slope(along: Array, s: Array, axis: int) -> Array:
    # The matrix of derivatives is symmetric: one rule serves both directions.
    return (along - namespace(s).astype(total(along * s, axis), s.dtype)) * s


_softmax = differentiated_by_output(_formula, _slope, _slope)
