"""Logarithm of the softmax."""

from typing import Any

from reimpl import _checks
from reimpl._array import Array, in_rows, less_product, namespace, rounded, total, widened
from reimpl._autograd import differentiated_by_output


def log_softmax(input: Array, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> Array:
    """The logarithm of ``softmax``, without its underflow.

    Along ``dim``::

        log_softmax(x)_i = (x_i - m) - log Σ_j exp(x_j - m)        m = max_j x_j

    Domain:
        input: any real; a logit of -inf gives -inf; inf, NaN, or nothing but -inf along ``dim`` gives NaN.
    Gradient:
        g_i - softmax(x)_i · Σ_j g_j for a cotangent g, written by hand: the formula's own takes Σ_j g_j apart and
        loses digits.
    Args:
        input: logits, shape (*).
        dim: the axis. None is deprecated: torch warns and takes 0 for 0, 1 or 3 axes, else 1.
        dtype: converts ``input`` first.
    Returns:
        Shape (*). Halves are computed in float32 and rounded once, as torch does. float32 is summed in float64, by
        torch in vectors of the machine's width: the last bit may differ.
    Raises:
        IndexError: there is no axis ``dim``. TypeError: ``dim`` is not an int. NotImplementedError: not floating point.

    >>> log_softmax(torch.tensor([1.0, 2.0, 3.0]), dim=0)
    tensor([-2.4076, -1.4076, -0.4076])
    """
    xp = namespace(input)
    axis = _checks.dimension("log_softmax", input, dim, _stacklevel)
    if dtype is not None:
        input = xp.astype(input, dtype)
    _checks.floating("log_softmax_lastdim_kernel_impl", input)
    if not input.shape:
        return xp.reshape(log_softmax(xp.reshape(input, (1,)), 0), ())
    if input.shape[axis] == 0:
        return xp.exp(input)
    return rounded(_log_softmax(widened(in_rows(input)), axis), input)


def _formula(x: Array, axis: int) -> Array:
    xp = namespace(x)
    shifted = x - xp.max(x, axis=axis, keepdims=True)
    return shifted - xp.astype(xp.log(total(xp.exp(shifted), axis)), x.dtype)


def _pull(cotangent: Array, logarithm: Array, axis: int) -> Array:
    xp = namespace(logarithm)
    return less_product(cotangent, xp.exp(logarithm), xp.astype(total(cotangent, axis), cotangent.dtype))


def _push(tangent: Array, logarithm: Array, axis: int) -> Array:
    xp = namespace(logarithm)
    return tangent - xp.sum(xp.exp(logarithm) * tangent, axis=axis, keepdims=True)


_log_softmax = differentiated_by_output(_formula, _pull, _push)
