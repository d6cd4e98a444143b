"""Binary cross-entropy of logits."""

from reimpl import _checks
from reimpl._array import Array, autocast, dtype_name, is_floating, namespace, rounded, widened
from reimpl._autograd import differentiated
from reimpl._reduction import checked, legacy, reduced
from reimpl.logsigmoid import logsigmoid
from reimpl.sigmoid import sigmoid


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
        input: any real; inf is NaN unless target is 0, -inf is NaN. target: any real. weight, pos_weight: any real.
    Gradient:
        (1 - t + p·t) · sigmoid(x) - p·t for input, logsigmoid(-x) - p · logsigmoid(x) for target, -x without p.
        Written by hand as in torch: the formula's own is a difference of near numbers for x far below 0.
    Args:
        input: logits, shape (*).
        target: the same shape.
        weight: broadcasts with ``input`` but may not enlarge it; not differentiable.
        pos_weight: weight of the positive part, likewise.
    Returns:
        Shape (*) for ``"none"``, else 0-d. The dtype of ``target`` (torch computes in its place); halves are computed
        in float32 and rounded once. As in torch the value loses its last digits for x far below 0: it is a difference.
    Raises:
        ValueError: the shapes differ. NotImplementedError: ``input`` is not floating point.
        RuntimeError: ``target`` is not floating point, or a weight enlarges the loss or requires a gradient.

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
    if not is_floating(target):
        raise RuntimeError(f"a floating loss can't be cast to the desired output type {dtype_name(target)} of target")
    _checks.fits(weight, input.shape)
    _checks.fits(pos_weight, input.shape)
    xp = namespace(input, target)
    wide = widened(target)
    if pos_weight is None:
        loss = _unweighted(widened(input), wide)
    else:
        loss = _weighted(widened(input), wide, widened(pos_weight))
    if weight is not None:
        loss = loss * widened(weight)
    differs = loss.dtype != wide.dtype
    loss = reduced(loss, reduction)
    # Only now: the gradient of a float64 input does not pass through a float32 target's type before the mean does.
    return rounded(xp.astype(loss, wide.dtype) if differs else loss, target)


def _formula(x: Array, t: Array) -> Array:
    return (1 - t) * x - logsigmoid(x)


def _slope_of_input(along: Array, x: Array, t: Array) -> Array:
    return along * (sigmoid(x) - t)


def _slope_of_target(along: Array, x: Array, t: Array) -> Array:
    return along * -x


def _formula_weighted(x: Array, t: Array, p: Array) -> Array:
    return (1 - t) * x - logsigmoid(x) * ((p - 1) * t + 1)


def _slope_of_input_weighted(along: Array, x: Array, t: Array, p: Array) -> Array:
    positive = p * t
    return along * ((positive + 1 - t) * sigmoid(x) - positive)


def _slope_of_target_weighted(along: Array, x: Array, t: Array, p: Array) -> Array:
    return along * (logsigmoid(-x) - p * logsigmoid(x))


_unweighted = differentiated(_formula, _slope_of_input, _slope_of_target)
_weighted = differentiated(_formula_weighted, _slope_of_input_weighted, _slope_of_target_weighted)
