"""Soft margin loss."""

from reimpl import _checks
from reimpl._array import Array, autocast, dtype_name, is_complex, is_floating, namespace, rounded, widened
from reimpl._autograd import differentiated
from reimpl._reduction import checked, legacy, reduced


def soft_margin_loss(
    input: Array,
    target: Array,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Array:
    """The logistic loss of a logit whose sign should be that of ``target``.

    Elementwise::

        loss(x, y) = log(1 + exp(-y · x))

    Domain:
        input: any real; where exp(-y·x) overflows, from y·x = -88.7 in float32 and -709.8 in float64, the value is inf
        though the loss is about -y·x. target: 1 or -1; any real is a factor. The gradient of a uint8 target negates
        it in its type, so that 1 is -255 there.
    Gradient:
        -y · z / (1 + z) with z = exp(-y·x), written by hand in torch's order: NaN where z overflows, and infinite
        where only y·z does. target has none.
    Args:
        input: logits, shape (*).
        target: broadcasts with ``input`` but may not enlarge it; whole numbers will do.
    Returns:
        Shape (*) for ``"none"``, else 0-d. Dtype of ``input``; halves are computed in float32 and rounded once.
    Raises:
        RuntimeError: ``target`` enlarges the loss or requires a gradient, or so does a complex ``input``; ``input`` is
            not floating point, or only ``target`` is complex; backward, where ``target`` is of truth values. Truth
            values as input are a NotImplementedError, which is one, as in torch since 2.14.

    >>> soft_margin_loss(torch.tensor([0.0, 2.0]), torch.tensor([1.0, -1.0]), reduction="none")
    tensor([0.6931, 2.1269])
    """
    input, target = autocast(input, target)
    reduction = checked(legacy(reduction, size_average, reduce))
    _checks.constant("soft_margin_loss", "target", target)
    _checks.fits(target, input.shape)
    _check_types(input, target)
    return rounded(reduced(_soft_margin(widened(input), widened(target)), reduction), input)


def _check_types(input: Array, target: Array) -> None:
    _checks.subtractable("input", input)
    if is_complex(input):
        _checks.constant("soft_margin_loss", "input", input)
    elif is_complex(target) or not is_floating(input):
        raise RuntimeError(
            f"a loss of {dtype_name(target)} or float can't be cast to the type {dtype_name(input)} of input"
        )


def _formula(x: Array, y: Array) -> Array:
    xp = namespace(x)
    return xp.log1p(xp.exp(xp.astype(-x * y, x.dtype)))


def _slope(along: Array, x: Array, y: Array) -> Array:
    return along * _first_derivative(x, y)


def _first_formula(x: Array, y: Array) -> Array:
    xp = namespace(x)
    z = xp.exp(-y * x)
    return xp.astype(-(y * z) / (1 + z), x.dtype)


def _second_slope(along: Array, x: Array, y: Array) -> Array:
    z = namespace(x).exp(-y * x)
    # The direction first, as torch: the quotient alone is inf / inf where z is large.
    return namespace(x).astype(along * (y * y) * z / ((1 + z) * (1 + z)), x.dtype)


_soft_margin = differentiated(_formula, _slope)
# By hand, because autograd's quotient is a difference of near numbers where z is large.
_first_derivative = differentiated(_first_formula, _second_slope)
