"""Logistic sigmoid."""

from reimpl._array import Array, dtype_name, is_floating, namespace, rounded, widened
from reimpl._autograd import differentiated, differentiated_by_output


def sigmoid(input: Array) -> Array:
    """Any real number to a probability.

    Elementwise::

        sigmoid(x) = 1 / (1 + exp(-x))

    Domain:
        input: any real; -inf gives 0, inf gives 1, NaN passes through. Whole numbers are taken as float32. Any complex
        number but where exp(-x) is -1.
    Gradient:
        s · (1 - s), written by hand: the formula's own is inf · 0 where exp(-x) overflows.
    Args:
        input: logits, shape (*).
    Returns:
        Shape (*). Halves are computed in float32 and rounded once, as torch does.

    >>> sigmoid(torch.tensor([-1.0, 0.0, 1.0]))
    tensor([0.2689, 0.5000, 0.7311])
    """
    xp = namespace(input)
    if dtype_name(input).startswith("complex"):
        return _of_complex(input)
    wide = widened(input) if is_floating(input) else xp.astype(input, xp.float32)
    return rounded(_sigmoid(wide), input)


def _formula(x: Array) -> Array:
    return 1 / (1 + namespace(x).exp(-x))


def _slope(along: Array, x: Array) -> Array:
    s = sigmoid(x)
    return along * (1 - s) * s


def _pull(cotangent: Array, s: Array) -> Array:
    return cotangent * namespace(s).conj((1 - s) * s)


def _push(tangent: Array, s: Array) -> Array:
    return tangent * ((1 - s) * s)


_sigmoid = differentiated(_formula, _slope)
_of_complex = differentiated_by_output(_formula, _pull, _push)
