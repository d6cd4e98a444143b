"""Gradient harmonized regression loss."""

from reimpl import _checks
from reimpl._array import Array, autocast, namespace, rounded, widened
from reimpl._density import harmony
from reimpl._reduction import plain, reduced

REFERENCE = None


def ghm_r_loss(
    input: Array,
    target: Array,
    mu: float = 0.02,
    bins: int = 10,
    counts: Array | None = None,
    reduction: str = "mean",
) -> Array:
    """A smooth absolute error in which examples count the less, the more there are whose error is about as large.

    With d = input - target, g = |d| / √(d² + μ²) the size of an example's gradient, and R the number of the N examples
    whose g is in the same one of M bins [k/M, (k+1)/M), the last with 1 in it::

        loss(d) = N / (R·M) · (√(d² + μ²) - μ)

    Domain:
        input, target: any real whose d² does not overflow. mu: above 0.
    Gradient:
        N / (R·M) · d / √(d² + μ²): R is a constant.
    Args:
        input: predictions, shape (*).
        target: the same shape.
        mu: the error where the loss turns from quadratic to linear.
        bins: M. With 1 nothing is weighted.
        counts: R of each bin, shape (M), in place of this batch's: the paper's moving average α·S + (1 - α)·R, say.
        reduction: ``"mean"`` is the paper's Σ over 1/N.
    Returns:
        Shape (*) for ``"none"``, else 0-d. Dtype of the promoted inputs; halves are computed in float32 and rounded
        once.
    Raises:
        ValueError: the shapes differ, ``mu`` is not positive, ``bins`` is below 1, or ``reduction`` is unknown.
        TypeError: ``bins`` is no int. NotImplementedError: not floating point.
    References:
        Li, Liu and Wang, Gradient Harmonized Single-stage Detector, AAAI 2019.

    >>> ghm_r_loss(torch.tensor([3.0, 0.0, 0.0]), torch.tensor([0.0, 0.0, 0.0]), mu=4.0, bins=2, reduction="none")
    tensor([1.5000, 0.0000, 0.0000])
    """
    input, target = autocast(input, target)
    if input.shape != target.shape:
        raise ValueError(f"input and target must have the same shape, not {input.shape} and {target.shape}")
    if not mu > 0:
        raise ValueError(f"mu={mu}, expected a number above 0")
    _checks.floating("ghm_r_loss", input, target)
    xp = namespace(input, target)
    error = widened(input) - widened(target)
    root = xp.sqrt(error * error + mu * mu)
    # √(d² + μ²) - μ, without the difference that loses a small d.
    loss = error * error / (root + mu)
    return rounded(reduced(harmony(xp.abs(error) / root, bins, counts) * loss, plain(reduction)), input, target)
