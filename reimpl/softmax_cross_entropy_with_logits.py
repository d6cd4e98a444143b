"""Cross-entropy of logits against probabilities, as TensorFlow has it."""

from reimpl import _checks
from reimpl._array import Array, namespace, rounded, widened
from reimpl._autograd import detached, differentiated
from reimpl.log_softmax import log_softmax
from reimpl.softmax import softmax

REFERENCE = "tensorflow.nn.softmax_cross_entropy_with_logits"


def softmax_cross_entropy_with_logits(
    labels: Array, logits: Array, axis: int | None = -1, name: str | None = None
) -> Array:
    """How badly the distributions softmax(``logits``) foretell the distributions ``labels``.

    Along ``axis``::

        loss(z, x) = -Σ_i z_i · log_softmax(x)_i

    Domain:
        labels: any real; that they sum to 1 is not checked. logits: any real; -inf gives NaN at a label of 0.
    Gradient:
        softmax(x) - z for logits, written by hand as in TensorFlow: the derivative only where the labels sum to 1, else
        it is Σ z · softmax(x) - z. -log_softmax(x) for labels. To a second derivative z is a constant in the former, as
        in TensorFlow: 0 where -1 is right.
    Args:
        labels: probabilities, in any dtype; they may broadcast to the shape of ``logits``.
        logits: shape (*), at least one axis.
        axis: that of the classes: -1 (as is None), or counted from 0.
        name: of the operation; it changes nothing.
    Returns:
        The shape of ``logits`` without ``axis``, and its dtype; halves are computed in float32 and rounded once.
    Raises:
        ValueError: there is no ``axis``. RuntimeError: ``labels`` do not broadcast. NotImplementedError: ``logits`` is
        not floating point. (TensorFlow's own exception, for these, is not builtin.)

    >>> softmax_cross_entropy_with_logits(torch.tensor([0.0, 1.0]), torch.tensor([2.0, 2.0]))
    tensor(0.6931)
    """
    xp = namespace(labels, logits)
    rank = len(logits.shape)
    if axis is None or axis == -1:
        axis = rank - 1
    if not 0 <= axis < rank:
        raise ValueError(f"softmax_cross_entropy_with_logits: no axis {axis} of {rank}, expected -1 or one from 0 on")
    _checks.floating("softmax_cross_entropy_with_logits", logits)
    _checks.fits(labels, logits.shape)
    x = widened(logits)
    z = xp.broadcast_to(xp.astype(labels, x.dtype), x.shape)
    return rounded(xp.sum(_terms(x, z, axis), axis=axis), logits)


def _formula(x: Array, z: Array, axis: int) -> Array:
    return -z * log_softmax(x, axis)


def _slope_of_logits(along: Array, x: Array, z: Array, axis: int) -> Array:
    # What comes from the sum is the same along the axis, so that this is the gradient of the sum.
    return along * (softmax(x, axis) - detached(z))


def _slope_of_labels(along: Array, x: Array, z: Array, axis: int) -> Array:
    return along * -log_softmax(x, axis)


_terms = differentiated(_formula, _slope_of_logits, _slope_of_labels)
