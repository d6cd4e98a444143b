"""Negative log likelihood of a Poisson distribution."""

import math

from reimpl import _checks
from reimpl._array import Array, autocast, deciding, is_floating, namespace, rounded, widened
from reimpl._reduction import legacy, reduced


def poisson_nll_loss(
    input: Array,
    target: Array,
    log_input: bool = True,
    full: bool = False,
    size_average: bool | None = None,
    eps: float = 1e-8,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Array:
    """How badly a rate foretells a count: -log of the Poisson probability, up to a constant unless ``full``.

    Elementwise::

        loss(x, t) = exp(x) - t · x                  with ``log_input``: x is the logarithm of the rate
                   = x - t · log(x + eps)            without it: x is the rate
                   + t · log(t) - t + log(2π·t) / 2  with ``full``, where t > 1: Stirling's log(t!)

    Domain:
        input: any real; a rate below -eps gives NaN. target: any real; none is checked. eps: any real, used only
        without ``log_input``.
    Gradient:
        exp(x) - t, or 1 - t / (x + eps), for input; -x, or -log(x + eps), for target, + log(t) + 1/(2·t) with ``full``
        where t > 1, and NaN where t <= 0, as autograd derives it from the term that is left out there.
    Args:
        input: rates, or their logarithms, shape (*); whole numbers will do.
        target: counts, whole or not; the shape of ``input``, or one that broadcasts with it, silently.
    Returns:
        Shape (*) for ``"none"``, else 0-d. Dtype of the promoted inputs, the default one for whole numbers; halves are
        computed in float32 and rounded once. Torch takes a whole target's Stirling term in the default dtype.
    Raises:
        ValueError: ``reduction`` is unknown, and here ``elementwise_mean`` is. RuntimeError: a bool is subtracted.
        TypeError: ``log_input`` or ``full`` is no bool, ``eps`` no number.

    >>> poisson_nll_loss(torch.tensor([0.0, 1.0]), torch.tensor([2, 3]), reduction="none")
    tensor([ 1.0000, -0.2817])
    """
    input, target = autocast(input, target)
    reduction = legacy(reduction, size_average, reduce)
    if reduction not in ("none", "mean", "sum"):
        raise ValueError(reduction + " is not a valid value for reduction")
    _checks.boolean("poisson_nll_loss", "log_input", log_input)
    _checks.boolean("poisson_nll_loss", "full", full)
    _checks.number("poisson_nll_loss", "eps", eps)
    xp = namespace(input, target)
    x, t = widened(input), widened(target)
    other = xp.exp(x) if log_input else xp.log(x + eps)
    loss = other - t * x if log_input else x - t * other
    if full:
        stirling = t * xp.log(t) - t + 0.5 * xp.log(2 * math.pi * t)
        loss = loss + xp.where(t <= 1, xp.zeros_like(stirling), stirling)
    # A whole number became a float of the default type.
    return rounded(reduced(loss, reduction), *deciding(input if is_floating(input) else other, target))
