"""Binary cross-entropy of probabilities."""

from reimpl import _checks
from reimpl._array import Array, autocast, less_product, namespace, rounded, widened
from reimpl._autograd import differentiated, slope_with_slopes
from reimpl._reduction import checked, divisor, legacy, reduced_undivided

_FLOOR = 9.999999960041972e-13  # float32's 1e-12: torch's constant is of that type, for float64 too
_ADDED = 1e-12


def binary_cross_entropy(
    input: Array,
    target: Array,
    weight: Array | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Array:
    """How badly the probability ``input`` foretells the probability ``target``.

    With each logarithm held at -100 from below, elementwise::

        loss(x, t) = w · ((t - 1) · log(1 - x) - t · log(x))

    Domain:
        input, target: [0, 1]. weight: any real.
    Gradient:
        (x - t) / max((1 - x)·x, 1e-12) for input, -log(x / (1 - x)) for target, infinite at 0 and 1. Written by hand
        as in torch, a mean's divisor last: neither is the derivative of the held formula, which is 0, or ±100, past
        the hold. Nor are torch's second derivatives those of its first: 1e-12 is added to x and to 1 - x there.
    Args:
        input: probabilities, shape (*).
        target: the same shape and dtype.
        weight: broadcasts with ``input`` but may not enlarge it; not differentiable.
    Returns:
        Shape (*) for ``"none"``, else 0-d. Halves are computed in float32 and rounded once; float32 is summed in
        float64.
    Raises:
        ValueError: the shapes differ. NotImplementedError: not floating point.
        RuntimeError: outside [0, 1] (CPU, not when traced), the dtypes differ, or ``weight`` requires a gradient.

    >>> binary_cross_entropy(torch.tensor([0.5, 0.0]), torch.tensor([1.0, 1.0]), reduction="none")
    tensor([  0.6931, 100.0000])
    """
    input, target, weight = autocast(input, target, weight)
    reduction = checked(legacy(reduction, size_average, reduce))
    if input.shape != target.shape:
        raise ValueError(f"Using a target size ({target.shape}) that is different to the input size ({input.shape})")
    _checks.fits(weight, input.shape)
    _checks.constant("binary_cross_entropy", "weight", weight)
    _checks.same_dtype(input, target)
    _checks.floating("binary_cross_entropy", input)
    _checks.probabilities("input", input)
    _checks.probabilities("target", target)
    loss = _binary_cross_entropy(widened(input), widened(target), divisor(input, reduction))
    if weight is not None:
        loss = loss * namespace(input).astype(weight, loss.dtype)
    return rounded(reduced_undivided(loss, reduction), input)


def _formula(x: Array, t: Array, count: int) -> Array:
    xp = namespace(x)
    floor = xp.full_like(x, -100)
    # x before t: the result lies in memory as x does.
    return less_product(xp.maximum(xp.log1p(-x), floor) * (t - 1), xp.maximum(xp.log(x), floor), t)


def _slope_of_input(along: Array, x: Array, t: Array, count: int) -> Array:
    xp = namespace(x)
    return along * (x - t) / xp.maximum((1 - x) * x, xp.full_like(x, _FLOOR)) / count


def _slope_of_target(along: Array, x: Array, t: Array, count: int) -> Array:
    return along * -namespace(x).log(x / (1 - x)) / count


# Torch's second derivatives are not those of its first: they keep off 0 by adding, with a constant of float64.


def _slope_along(direction: Array, along: Array, x: Array, t: Array, count: int) -> Array:
    return direction * ((x - t) / ((x + _ADDED) * (1 - x + _ADDED))) / count


def _curve_of_input(direction: Array, along: Array, x: Array, t: Array, count: int) -> Array:
    near, far = x + _ADDED, 1 - x + _ADDED
    return direction * along * ((x * x - 2 * x * t + t) / (near * near * (far * far))) / count


def _curve_of_target(direction: Array, along: Array, x: Array, t: Array, count: int) -> Array:
    xp = namespace(x)
    return -direction * along / xp.maximum((1 - x) * x, xp.full_like(x, _ADDED)) / count


def _target_along(direction: Array, along: Array, x: Array, t: Array, count: int) -> Array:
    return _slope_of_target(direction, x, t, count)


def _target_curve_of_input(direction: Array, along: Array, x: Array, t: Array, count: int) -> Array:
    return -direction * along / (x * (1 - x)) / count


_binary_cross_entropy = differentiated(
    _formula,
    slope_with_slopes(_slope_of_input, _slope_along, _curve_of_input, _curve_of_target),
    slope_with_slopes(_slope_of_target, _target_along, _target_curve_of_input),
)
