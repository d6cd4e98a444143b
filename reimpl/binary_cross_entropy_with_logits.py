"""Binary cross-entropy of logits."""

from reimpl import _checks
from reimpl._array import Array, autocast, dtype_name, is_floating, namespace, rounded, widened
from reimpl._autograd import differentiated
from reimpl._reduction import checked, divisor, legacy, reduced_undivided
from reimpl.logsigmoid import logsigmoid


def binary_cross_entropy_with_logits(
    input: Array,
    target: Array,
    weight: Array | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    pos_weight: Array | None = None,
) -> Array:
    """How badly the probability sigmoid(``input``) foretells the probability ``target``.

    With p = pos_weight, 1 where it is not given, elementwise::

        loss(x, t) = w · ((1 - t) · x - (1 + (p - 1) · t) · logsigmoid(x))

    Domain:
        input: any real; inf costs inf for a target below 1 and NaN for 1, -inf costs NaN. target: any real. weight,
        pos_weight: any real.
    Gradient:
        (1 - t + p·t) · sigmoid(x) - p·t for input, logsigmoid(-x) - p · logsigmoid(x) for target, -x without p.
        Written by hand, with the sigmoid's tail apart and a mean's divisor last: torch divides last too, but takes
        t from the sigmoid as a whole, and no digit is left where that is 1.
    Args:
        input: logits, shape (*).
        target: the same shape.
        weight: broadcasts with ``input`` but may not enlarge it; not differentiable.
        pos_weight: weight of the positive part, likewise.
    Returns:
        Shape (*) for ``"none"``, else 0-d. The dtype of ``target`` (torch computes in its place); halves are computed
        in float32 and rounded once. Torch's value, x - logsigmoid(x), is lost far below 0 for a target of 0; this is
        not: the loss of -x and 0 is that of x and 1.
    Raises:
        ValueError: the shapes differ. NotImplementedError: ``input`` is not floating point.
        RuntimeError: ``target`` is not floating point, or a weight enlarges the loss or requires a gradient. Truth
        values as target or pos_weight are a NotImplementedError, which is one, as in torch since 2.14.

    >>> binary_cross_entropy_with_logits(torch.tensor([0.0, 2.0]), torch.tensor([1.0, 0.0]), reduction="none")
    tensor([0.6931, 2.1269])
    """
    input, target, weight, pos_weight = autocast(input, target, weight, pos_weight)
    reduction = checked(legacy(reduction, size_average, reduce))
    if input.shape != target.shape:
        raise ValueError(f"Target size ({target.shape}) must be the same as input size ({input.shape})")
    _checks.constant("binary_cross_entropy_with_logits", "weight", weight)
    _checks.constant("binary_cross_entropy_with_logits", "pos_weight", pos_weight)
    _checks.floating("log_sigmoid_cpu", input)
    _checks.subtractable("target", target)
    if not is_floating(target):
        raise RuntimeError(f"a floating loss can't be cast to the desired output type {dtype_name(target)} of target")
    _checks.subtractable("pos_weight", pos_weight)
    _checks.fits(weight, input.shape)
    _checks.fits(pos_weight, input.shape)
    xp = namespace(input, target)
    wide = widened(target)
    if pos_weight is None:
        loss = _unweighted(widened(input), wide, divisor(input, reduction))
    else:
        loss = _weighted(widened(input), wide, widened(pos_weight), divisor(input, reduction))
    if weight is not None:
        loss = loss * widened(weight)
    differs = loss.dtype != wide.dtype
    loss = reduced_undivided(loss, reduction)
    # Only now: the gradient of a float64 input does not pass through a float32 target's type before the mean does.
    return rounded(xp.astype(loss, wide.dtype) if differs else loss, target)


def _formula(x: Array, t: Array, count: int) -> Array:
    low, logarithm = _softplus(x)
    # The small part last: below 0 the large ones make 0 for a target of 0.
    return (1 - t) * x - low + logarithm


def _slope_of_input(along: Array, x: Array, t: Array, count: int) -> Array:
    step, tail = _sigmoid(x)
    return along * (step - t + tail) / count


def _slope_of_target(along: Array, x: Array, t: Array, count: int) -> Array:
    return along * -x / count


def _formula_weighted(x: Array, t: Array, p: Array, count: int) -> Array:
    low, logarithm = _softplus(x)
    # x - low is max(x, 0), but for -inf, where it is NaN, and so is torch's loss.
    return (1 - t) * (x - low + logarithm) + p * t * (logarithm - low)


def _slope_of_input_weighted(along: Array, x: Array, t: Array, p: Array, count: int) -> Array:
    step, tail = _sigmoid(x)
    positive = p * t
    return along * (step * (1 - t) - (1 - step) * positive + (1 - t + positive) * tail) / count


def _slope_of_target_weighted(along: Array, x: Array, t: Array, p: Array, count: int) -> Array:
    return along * (logsigmoid(-x) - p * logsigmoid(x)) / count


def _softplus(x: Array) -> tuple[Array, Array]:
    """-logsigmoid(x) in two parts: min(x, 0), to be taken away, and a logarithm, tiny beside it far below 0."""
    xp = namespace(x)
    return xp.minimum(x, xp.zeros_like(x)), xp.log1p(xp.exp(-xp.abs(x)))


def _sigmoid(x: Array) -> tuple[Array, Array]:
    """sigmoid(x) in two parts: its step, 0 or 1, and the tail that is missing to it, tiny beside it far from 0."""
    xp = namespace(x)
    step = xp.astype(x >= 0, x.dtype)
    side = 1 - 2 * step
    z = xp.exp(side * x)
    return step, side * (z / (1 + z))


_unweighted = differentiated(_formula, _slope_of_input, _slope_of_target)
_weighted = differentiated(_formula_weighted, _slope_of_input_weighted, _slope_of_target_weighted)
