"""Kullback-Leibler divergence."""

import warnings

from reimpl import _checks
from reimpl._array import Array, autocast, deciding, dense, is_floating, namespace, only, rounded, widened
from reimpl._autograd import differentiated, moves
from reimpl._reduction import checked, legacy, reduced


def kl_div(
    input: Array,
    target: Array,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    log_target: bool = False,
) -> Array:
    """How much the distribution ``target`` diverges from the distribution exp(``input``), term by term.

    With 0 · log(0) = 0, elementwise::

        loss(x, t) = t · log(t) - t · x          without ``log_target``
                   = exp(t) · (t - x)            with it

        batchmean  = Σ loss / N                  N = input.shape[0]

    Domain:
        input: any real; -inf gives inf, but NaN at a target of 0. target: [0, inf), below 0 gives NaN; with
        ``log_target`` any real, and -inf gives NaN. Neither is checked to be a distribution.
    Gradient:
        -t for input; log(t) + 1 - x for target, NaN at t = 0 as in torch, though it is -inf. With ``log_target``
        -exp(t) and exp(t) · (t - x + 1). That of t · log(t) is written by hand: under an upstream gradient of 0
        torch's is 0 even where the logarithm is NaN.
    Args:
        input: logarithms of probabilities, shape (*).
        target: probabilities, or their logarithms; the shape of ``input``, or one that broadcasts with it, silently.
        reduction: ``"mean"`` is over all elements, with a warning; ``"batchmean"`` divides by the length of ``input``,
            even if it broadcasts. Torch divides by it too where the deprecated pair overrides the word.
    Returns:
        Shape (*) for ``"none"``, else 0-d. Dtype of the promoted inputs; halves are computed in float32 and rounded
        once, so that a ``"batchmean"`` is finite where torch's float16 sum overflows before it is divided.
    Raises:
        RuntimeError: an argument is not floating point. TypeError: ``log_target`` is no bool.
    References:
        Kullback and Leibler, On information and sufficiency, 1951.

    >>> kl_div(torch.tensor([[0.5, 0.5]]).log(), torch.tensor([[0.25, 0.75]]), reduction="batchmean")
    tensor(0.1308)
    """
    input, target = autocast(input, target)
    word = _word(reduction, size_average, reduce)
    _checks.boolean("kl_div", "log_target", log_target)
    for array in (input, target):
        if not is_floating(array):
            raise RuntimeError(f"kl_div: Integral and Complex inputs not supported, got {array.dtype}")
    xp = namespace(input, target)
    x, t = widened(input), widened(dense(target))
    loss = (t - x) * xp.exp(t) if log_target else _entropy(t) - t * x
    loss = reduced(loss, word)
    if reduction == "batchmean" and input.shape:
        loss = loss / input.shape[0]
    return rounded(loss, *deciding(input, target))


def _word(reduction: str, size_average: bool | None, reduce: bool | None) -> str:
    """What is left of ``reduction`` for what all losses share."""
    if size_average is not None or reduce is not None:
        return legacy(reduction, size_average, reduce)
    if reduction == "mean":
        warnings.warn(
            "reduction='mean' divides by the number of elements; 'batchmean' divides by the number of rows, which is "
            "what the divergence means, and 'mean' is to do so some day.",
            stacklevel=3,
        )
    return checked("sum" if reduction == "batchmean" else reduction)


def _formula(t: Array) -> Array:
    xp = namespace(t)
    return xp.where(t == 0, t, t * xp.log(t))


def _slope(along: Array, t: Array) -> Array:
    # A quotient that is 1, or NaN at 0 and at infinity: torch adds the slopes of the two factors.
    return only(moves(along) | (t > 0), along * namespace(t).log(t)) + along * t / t


_entropy = differentiated(_formula, _slope)
