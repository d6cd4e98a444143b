"""Cosine similarity."""

import torch

from reimpl import _checks
from reimpl._array import Array, dtype_name, is_complex, is_floating, namespace, rounded, widened
from reimpl._autograd import differentiated_by_rules


def cosine_similarity(x1: Array, x2: Array, dim: int = 1, eps: float = 1e-8) -> Array:
    """The cosine of the angle between two vectors.

    Along ``dim``::

        cosine(a, b) = Σ (a / max(‖a‖, eps)) · (b / max(‖b‖, eps))        ‖a‖ = sqrt(Σ a²)

    Domain:
        x1, x2: any real; a zero vector gives 0. Σ a² overflows: 0, or NaN with an inf. eps: [0, inf]; 0 gives NaN for
        a zero vector.
    Gradient:
        That of a / ‖a‖, the norm's own being a / ‖a‖ too, and 0 at a zero vector. Written by hand in one place: as in
        torch, max passes the gradient of the norm below ``eps`` too, where it is not the derivative of the formula;
        forward mode gives that derivative.
    Args:
        x1, x2: vectors along ``dim``; the two broadcast silently, and ``dim`` counts their common axes.
        dim: the axis that is summed.
        eps: the least length to divide by.
    Returns:
        The common shape without ``dim``. Dtype of the promoted inputs, once both have their common shape; halves are
        computed in float32 and rounded once, where torch rounds each norm, and 1e-8 to 0 in float16.
    Raises:
        RuntimeError: neither input is floating point, or one is complex; the shapes do not broadcast; ``eps`` is
            negative, NaN, or overflows the dtype.
        IndexError: there is no axis ``dim``. TypeError: ``dim`` is not an int, or ``eps`` not a number.

    >>> cosine_similarity(torch.tensor([[3.0, 4.0], [0.0, 0.0]]), torch.tensor([1.0, 0.0]))
    tensor([0.6000, 0.0000])
    """
    xp = namespace(x1, x2)
    _checks.whole("cosine_similarity", "dim", dim)
    _checks.number("cosine_similarity", "eps", eps)
    if is_complex(x1) or is_complex(x2) or not (is_floating(x1) or is_floating(x2)):
        raise RuntimeError(
            f"expected common dtype to be floating point, yet the inputs are {dtype_name(x1)} and {dtype_name(x2)}"
        )
    if not eps >= 0:
        raise RuntimeError(f"eps must be non-negative, got: {eps}")
    x1, x2 = xp.broadcast_arrays(x1, x2)
    axis = _checks.axis(x1, dim)
    if not x1.shape:
        x1, x2 = xp.reshape(x1, (1,)), xp.reshape(x2, (1,))
    # The common type of the broadcast arrays: a 0-d float64 counts in it.
    common = xp.result_type(x1, x2)
    x1, x2 = xp.astype(x1, common), xp.astype(x2, common)
    a, b = (x / _length(x, axis, eps) for x in (widened(x1), widened(x2)))
    return rounded(xp.sum(a * b, axis=axis), x1)


def _formula(x: Array, axis: int, eps: float) -> Array:
    length = _norm(x, axis)
    return namespace(x).where(length < eps, namespace(x).full_like(length, eps), length)


def _pull(cotangent: Array, x: Array, axis: int, eps: float) -> Array:
    return cotangent * _direction(x, axis)


def _push(tangent: Array, x: Array, axis: int, eps: float) -> Array:
    xp = namespace(x)
    pushed = xp.sum(tangent * _direction(x, axis), axis=axis, keepdims=True)
    if not isinstance(x, torch.Tensor):
        return pushed
    # torch's max lets the gradient through below `eps`, but not the tangent; JAX makes its gradient of this rule.
    return xp.where(_norm(x, axis) < eps, xp.zeros_like(pushed), pushed)


def _norm(x: Array, axis: int) -> Array:
    xp = namespace(x)
    return xp.sqrt(xp.sum(x * x, axis=axis, keepdims=True))


def _direction(x: Array, axis: int) -> Array:
    xp = namespace(x)
    square = xp.sum(x * x, axis=axis, keepdims=True)
    # A length of 1 for 0: the slope is 0 there, and has a slope of its own.
    return x / xp.sqrt(xp.where(square == 0, xp.ones_like(square), square))


_length = differentiated_by_rules(_formula, _pull, _push)
