"""Gradient harmonized classification loss."""

from reimpl._array import Array, autocast, namespace, rounded, widened
from reimpl._density import harmony
from reimpl._reduction import plain, reduced
from reimpl.binary_cross_entropy_with_logits import binary_cross_entropy_with_logits
from reimpl.sigmoid import sigmoid

REFERENCE = None


def ghm_c_loss(
    input: Array,
    target: Array,
    bins: int = 30,
    counts: Array | None = None,
    reduction: str = "mean",
) -> Array:
    """Binary cross-entropy in which examples count the less, the more there are that are as easy, or as hard.

    With g = |sigmoid(x) - t| the size of an example's gradient, and R the number of the N examples whose g is in the
    same one of M bins [k/M, (k+1)/M), the last with 1 in it::

        loss(x, t) = N / (R·M) · binary_cross_entropy_with_logits(x, t)

    Domain:
        input: any finite real. target: [0, 1].
    Gradient:
        N / (R·M) · (sigmoid(x) - t) for input: R is a constant.
    Args:
        input: logits, shape (*).
        target: probabilities, the same shape.
        bins: M. With 1 it is ``binary_cross_entropy_with_logits``.
        counts: R of each bin, shape (M), in place of this batch's: the paper's moving average α·S + (1 - α)·R, say.
        reduction: ``"mean"`` is the paper's Σ over 1/N.
    Returns:
        Shape (*) for ``"none"``, else 0-d. Dtype of the promoted inputs; halves are computed in float32 and rounded
        once.
    Raises:
        ValueError: the shapes differ, ``bins`` is below 1, or ``reduction`` is unknown. TypeError: ``bins`` is no int.
        NotImplementedError: ``input`` is not floating point.
    References:
        Li, Liu and Wang, Gradient Harmonized Single-stage Detector, AAAI 2019.

    >>> ghm_c_loss(torch.tensor([0.0, 0.0, 3.0]), torch.tensor([1.0, 0.0, 1.0]), bins=2, reduction="none")
    tensor([0.5199, 0.5199, 0.0729])
    """
    input, target = autocast(input, target)
    x, t = widened(input), widened(target)
    entropy = binary_cross_entropy_with_logits(x, t, reduction="none")
    weight = harmony(namespace(x, t).abs(sigmoid(x) - t), bins, counts)
    return rounded(reduced(weight * entropy, plain(reduction)), input, target)
