"""Distance of vectors, pair by pair."""

from math import inf

from reimpl import _checks
from reimpl._array import Array, is_complex, namespace, only, rounded, widened
from reimpl._autograd import absolute, differentiated_by_rows


def pairwise_distance(x1: Array, x2: Array, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False) -> Array:
    """How far apart two vectors are, in the norm of degree ``p``.

    Along the last axis, with d = x1 - x2 + eps::

        distance(d) = (Σ |d|^p)^(1/p)       any p but these:
                    = number of d ≠ 0       p = 0
                    = max |d|, min |d|      p = inf, -inf

    Domain:
        x1, x2: any real or complex; NaN and inf pass through. p: any real; below 1 it is no norm.
        eps: any real. It makes the distance of equal points √C · 1e-6 and that of (x, y) another than that of (y, x).
    Gradient:
        sign(d) · (|d| / distance)^(p - 1), and 0 where d or the distance is 0. For p = ±inf all d of that size share
        it. None for p = 0. Written by hand up to the sign: at 0 the formula's own is inf · 0.
    Args:
        x1, x2: shapes (*, C) that broadcast with each other, silently.
        p: the degree. eps: added to each difference.
        keepdim: leaves the last axis with a length of 1; a 0-d result has none.
    Returns:
        Shape (*), or (*, 1). The promoted dtype, of complex numbers the real one, of whole numbers the default one;
        halves are computed in float32 and rounded once.
    Raises:
        TypeError: ``p`` or ``eps`` is no number, ``keepdim`` no bool.
        RuntimeError: the shapes do not broadcast, truth values, or C = 0 where p < 0 or p = inf.

    >>> pairwise_distance(torch.tensor([[0.0, 3.0]]), torch.tensor([[4.0, 0.0]]))
    tensor([5.])
    """
    _checks.number("pairwise_distance", "p", p)
    _checks.number("pairwise_distance", "eps", eps)
    _checks.boolean("pairwise_distance", "keepdim", keepdim)
    xp = namespace(x1, x2)
    difference = widened(x1) - widened(x2) + eps
    rows = xp.reshape(difference, difference.shape or (1,))
    if rows.shape[-1] == 0 and (p < 0 or p == inf):
        raise RuntimeError(f"pairwise_distance cannot compute the {p} norm of vectors without elements")
    if p == 2:
        distance = _length(_parts(rows))
    elif p == 0:
        distance = _count(xp.abs(rows))
    else:
        distance = _norm(absolute(rows), p)
    if not (keepdim and difference.shape):
        distance = xp.squeeze(distance, axis=-1)
    return rounded(distance, x1, x2)


def _count(size: Array) -> Array:
    xp = namespace(size)
    return xp.sum(xp.astype(size != 0, size.dtype), axis=-1, keepdims=True)


def _formula(size: Array, p: float) -> Array:
    xp = namespace(size)
    if p == inf or size.shape[-1] == 1:  # a single element's power may be more than there is
        return xp.max(size, axis=-1, keepdims=True)
    if p == -inf:
        return xp.min(size, axis=-1, keepdims=True)
    if p == 2:
        return xp.sqrt(xp.sum(size * size, axis=-1, keepdims=True))
    return xp.sum(size**p, axis=-1, keepdims=True) ** (1 / p)


def _slope(size: Array, distance: Array, p: float) -> Array:
    xp = namespace(size)
    if abs(p) == inf:
        reached = xp.astype((size == distance) | xp.isnan(size), size.dtype)
        return reached / xp.sum(reached, axis=-1, keepdims=True)
    if p < 1:
        return only(size != 0, size ** (p - 1)) * distance ** (1 - p)
    return only(distance != 0, size ** (p - 1) / distance ** (p - 1))


_norm = differentiated_by_rows(_formula, _slope)


def _parts(rows: Array) -> Array:
    """Complex rows as real ones of twice the length."""
    xp = namespace(rows)
    return xp.concat([xp.real(rows), xp.imag(rows)], axis=-1) if is_complex(rows) else rows


def _formula_of_length(parts: Array) -> Array:
    return _formula(namespace(parts).abs(parts), 2)


def _slope_of_length(parts: Array, length: Array) -> Array:
    """Of the elements and not of their sizes: the length is smooth where one of them is 0, its size is not."""
    return only(length != 0, parts / length)


_length = differentiated_by_rows(_formula_of_length, _slope_of_length)
