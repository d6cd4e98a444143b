"""Focal loss of logits."""

from reimpl._array import Array, autocast, rounded, widened
from reimpl._reduction import plain, reduced
from reimpl.binary_cross_entropy_with_logits import binary_cross_entropy_with_logits
from reimpl.sigmoid import sigmoid

REFERENCE = "torchvision.ops.sigmoid_focal_loss"


def sigmoid_focal_loss(
    inputs: Array,
    targets: Array,
    alpha: float = 0.25,
    gamma: float = 2,
    reduction: str = "none",
) -> Array:
    """Binary cross-entropy in which what is foretold well already counts little.

    With p = sigmoid(x) and q = p·t + (1 - p)·(1 - t) the probability given to what is the case, elementwise::

        loss(x, t) = (α·t + (1 - α)·(1 - t)) · (1 - q)^γ · binary_cross_entropy_with_logits(x, t)

    Domain:
        inputs: any real; inf gives NaN. targets: any real, meant to be 0 or 1. alpha: [0, 1], or -1 to leave its factor
        out. gamma: any real; below 0 it is the other way round, and infinite where q is 1.
    Gradient:
        As autograd derives it, for both.
    Args:
        inputs: logits, shape (*).
        targets: the same shape.
        alpha: the share of the positive examples.
        gamma: how much well foretold examples are held back; 0 for not at all.
    Returns:
        Shape (*) for ``"none"``, else 0-d. Dtype of the promoted inputs; halves are computed in float32 and rounded
        once.
    Raises:
        ValueError: ``alpha`` is neither in [0, 1] nor -1, the shapes differ, or ``reduction`` is unknown.
        NotImplementedError: ``inputs`` is not floating point. RuntimeError: ``targets`` is not.
    References:
        Lin et al., Focal Loss for Dense Object Detection, ICCV 2017, eq. 5.

    >>> sigmoid_focal_loss(torch.tensor([0.0, 2.0]), torch.tensor([1.0, 0.0]))
    tensor([0.0433, 1.2376])
    """
    if not 0 <= alpha <= 1 and alpha != -1:
        raise ValueError(f"sigmoid_focal_loss: alpha={alpha}, expected a number in [0, 1], or -1 to ignore it")
    inputs, targets = autocast(inputs, targets)
    x, t = widened(inputs), widened(targets)
    p = sigmoid(x)
    entropy = binary_cross_entropy_with_logits(x, t, reduction="none")
    missed = 1 - (p * t + (1 - p) * (1 - t))
    loss = entropy * missed**gamma
    if alpha >= 0:
        loss = (alpha * t + (1 - alpha) * (1 - t)) * loss
    return rounded(reduced(loss, plain(reduction)), inputs, targets)
