"""From a loss per element to what ``reduction`` asks for, with torch's deprecated spellings.

Rules kept here: which warning comes before which error is torch's; an unknown word is never a default; where torch
leaves the sum to the sum of the library, so does this, and agrees to the last bit; where its kernels add up in an order
of their own, float32 is summed in float64, to be no farther from the truth whatever that order is.
"""

import warnings
from math import prod

from reimpl._array import Array, is_single, namespace
from reimpl._autograd import differentiated


def reduced(loss: Array, reduction: str, size_average: bool | None = None, reduce: bool | None = None) -> Array:
    """``loss`` as it is, its mean, or its sum."""
    match checked(legacy(reduction, size_average, reduce)):
        case "none":
            return loss
        case "mean":
            return namespace(loss).mean(loss)
        case "sum":
            return namespace(loss).sum(loss)
        case other:
            raise ValueError(f"{other} is not a valid value for reduction")


def divisor(loss: Array, reduction: str) -> int:
    """What the slopes of a loss divide by where ``reduced_undivided`` reduces it."""
    return prod(loss.shape) if reduction == "mean" else 1


def reduced_undivided(loss: Array, reduction: str) -> Array:
    """``reduced``, but the upstream gradient of a mean is not divided on its way back: the slopes do that, at their
    end, or it would be rounded before each of them."""
    if reduction == "none":
        return loss
    if is_single(loss):
        return reduced_undivided(loss.double(), reduction).float()
    total = namespace(loss).sum(loss)
    return _divided(total, divisor(loss, reduction)) if reduction == "mean" else total


_divided = differentiated(lambda total, count: total / count, lambda along, total, count: along)


def weighted_rows(loss: Array, weight: Array, reduction: str) -> Array:
    """``weighted`` for a loss per row, which torch adds up row by row."""
    if is_single(loss) and reduction != "none":
        return weighted(loss.double(), weight.double(), reduction).float()
    return weighted(loss, weight, reduction)


def weighted(loss: Array, weight: Array, reduction: str) -> Array:
    """``loss`` as it is, its sum, or its sum over that of ``weight``; these paths refuse ``elementwise_mean``."""
    xp = namespace(loss)
    match plain(reduction):
        case "none":
            return loss
        case "mean":
            return xp.sum(loss) / xp.sum(weight)
        case _:
            return xp.sum(loss)


def legacy(reduction: str, size_average: bool | None, reduce: bool | None) -> str:
    """The word for the deprecated pair, which overrides ``reduction`` and warns; ``reduction`` where none is given."""
    if size_average is None and reduce is None:
        return reduction
    word = "none" if not (reduce is None or reduce) else "mean" if size_average is None or size_average else "sum"
    warnings.warn(
        f"size_average and reduce args will be deprecated, please use reduction='{word}' instead.", stacklevel=3
    )
    return word


def checked(reduction: str) -> str:
    """``reduction``, with the deprecated ``elementwise_mean`` put into today's word."""
    match reduction:
        case "none" | "mean" | "sum":
            return reduction
        case "elementwise_mean":
            warnings.warn("reduction='elementwise_mean' is deprecated, write reduction='mean'.", stacklevel=3)
            return "mean"
        case other:
            raise ValueError(f"{other} is not a valid value for reduction")


def plain(reduction: str) -> str:
    """``reduction`` where torch takes today's words only."""
    match reduction:
        case "none" | "mean" | "sum":
            return reduction
        case other:
            raise ValueError(f"Invalid reduction mode: {other}. Expected one of 'none', 'mean', 'sum'.")
