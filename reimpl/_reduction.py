"""From a loss per element to what ``reduction`` asks for, with torch's deprecated spellings.

Rules kept here: which warning comes before which error is torch's; an unknown word is never a default.
"""

import warnings

from reimpl._array import Array, namespace


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
