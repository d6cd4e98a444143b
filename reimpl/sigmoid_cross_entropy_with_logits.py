"""Binary cross-entropy of logits, as TensorFlow has it."""

from reimpl import _checks
from reimpl._array import Array, namespace, rounded, widened
from reimpl._autograd import differentiated

REFERENCE = "tensorflow.nn.sigmoid_cross_entropy_with_logits"


def sigmoid_cross_entropy_with_logits(
    labels: Array | None = None,
    logits: Array | None = None,
    name: str | None = None,
) -> Array:
    """How badly the probability sigmoid(``logits``) foretells the probability ``labels``.

    Elementwise::

        loss(z, x) = max(x, 0) - x · z + log(1 + exp(-|x|))

    Domain:
        labels: any real. logits: any real; inf gives NaN, and so does -inf unless its label is positive.
    Gradient:
        sigmoid(x) - z for logits, -x for labels. Written by hand: as the sum that autograd makes of the formula it
        would lose the slope that is left far above 0.
    Args:
        labels: probabilities, shape (*).
        logits: the same shape and dtype.
        name: of the operation; it changes nothing.
    Returns:
        Shape (*). Halves are computed in float32 and rounded once.
    Raises:
        ValueError: one of the two is missing, or the shapes differ. RuntimeError: the dtypes do (TensorFlow's own
        exceptions, for these, are not builtin). NotImplementedError: not floating point.

    >>> sigmoid_cross_entropy_with_logits(labels=torch.tensor([1.0, 0.0]), logits=torch.tensor([0.0, 2.0]))
    tensor([0.6931, 2.1269])
    """
    if labels is None or logits is None:
        raise ValueError("Both labels and logits must be provided for sigmoid_cross_entropy_with_logits")
    if labels.shape != logits.shape:
        raise ValueError(f"logits and labels must have the same shape, not {logits.shape} and {labels.shape}")
    _checks.floating("sigmoid_cross_entropy_with_logits", logits)
    _checks.same_dtype(logits, labels)
    return rounded(_cross_entropy(widened(labels), widened(logits)), logits)


def _formula(z: Array, x: Array) -> Array:
    xp = namespace(x)
    positive = xp.where(x >= 0, x, xp.zeros_like(x))
    return positive - x * z + xp.log1p(xp.exp(xp.where(x >= 0, -x, x)))


def _slope_of_labels(along: Array, z: Array, x: Array) -> Array:
    return along * -x


def _slope_of_logits(along: Array, z: Array, x: Array) -> Array:
    xp = namespace(x)
    small = xp.exp(xp.where(x >= 0, -x, x))
    tail = small / (1 + small)
    return along * xp.where(x >= 0, 1 - z - tail, tail - z)


_cross_entropy = differentiated(_formula, _slope_of_labels, _slope_of_logits)
