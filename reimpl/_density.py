"""How many examples have a gradient about as large as one's own: what both losses of the gradient harmonizing mechanism
divide by.
"""

from itertools import pairwise
from math import prod

from reimpl import _checks
from reimpl._array import Array, namespace


def harmony(norm: Array, bins: int, counts: Array | None) -> Array:
    """N / GD for gradients of size ``norm``, in [0, 1]. GD, the gradient density, is how many of the N are in one's own
    of ``bins`` equal bins, or what ``counts`` says instead, over the width of a bin: a constant to autograd.
    """
    _checks.whole("ghm", "bins", bins)
    if bins < 1:
        raise ValueError(f"bins={bins}, expected at least 1")
    if counts is not None and tuple(counts.shape) != (bins,):
        raise ValueError(f"counts of shape {tuple(counts.shape)}, expected ({bins},), one for each bin")
    xp = namespace(norm, counts)
    above = (xp.astype(norm >= edge / bins, norm.dtype) for edge in range(1, bins))
    inside = [low - high for low, high in pairwise((xp.ones_like(norm), *above, xp.zeros_like(norm)))]
    sizes = [xp.sum(one) for one in inside] if counts is None else counts
    density = bins * sum(one * sizes[at] for at, one in enumerate(inside))
    return prod(norm.shape) / density
