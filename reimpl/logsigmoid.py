"""Logarithm of the sigmoid."""

from reimpl import _checks
from reimpl._array import Array, in_rows, namespace, rounded, widened
from reimpl._autograd import differentiated


def logsigmoid(input: Array) -> Array:
    """The logarithm of ``sigmoid``, without its overflow.

    Elementwise::

        logsigmoid(x) = min(x, 0) - log(1 + exp(-|x|))

    Domain:
        input: any real; inf gives 0, -inf gives -inf, NaN passes through.
    Gradient:
        sigmoid(-x), written by hand: |x| has no second derivative at 0, where this has -1/4. As a quotient of
        exp(-|x|) it keeps the subnormals far above 0, where sigmoid(-x) overflows on its way.
    Args:
        input: logits, shape (*).
    Returns:
        Shape (*). Halves are computed in float32 and rounded once, as torch does.
    Raises:
        NotImplementedError: ``input`` is not floating point.

    >>> logsigmoid(torch.tensor([-100.0, 0.0, 1.0]))
    tensor([-100.0000,   -0.6931,   -0.3133])
    """
    _checks.floating("log_sigmoid", input)
    return rounded(_logsigmoid(widened(in_rows(input))), input)


def _formula(x: Array) -> Array:
    xp = namespace(x)
    return xp.where(x < 0, x, xp.zeros_like(x)) - xp.log1p(xp.exp(-xp.abs(x)))


def _slope(along: Array, x: Array) -> Array:
    xp = namespace(x)
    # -|x|, with a derivative at 0.
    z = xp.exp(xp.where(x < 0, x, -x))
    tail = z / (1 + z)
    return along * xp.where(x < 0, 1 - tail, tail)


_logsigmoid = differentiated(_formula, _slope)
