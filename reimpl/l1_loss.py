"""L1 loss."""

from reimpl import _checks
from reimpl._array import Array, autocast, rounded, widened
from reimpl._autograd import absolute
from reimpl._reduction import legacy, reduced, weighted


def l1_loss(
    input: Array,
    target: Array,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    weight: Array | None = None,
) -> Array:
    """The absolute error.

    With d = input - target, elementwise::

        loss(d) = |d|                        without weight
                = w · |d|, mean = Σ w·|d| / Σ w

    Domain:
        input, target: any real or complex; inf - inf is NaN. weight: any real; weights that sum to 0 give NaN.
    Gradient:
        sign(d), 0 at d = 0 and, in torch, for d = NaN.
    Args:
        input: predictions, shape (*).
        target: the shape of ``input``, or one that broadcasts with it (torch warns).
        weight: the shape of ``input``.
    Returns:
        Shape (*) for ``"none"``, else 0-d. Dtype and device of the promoted inputs; halves are computed in float32.
    Raises:
        ValueError: ``weight`` has another shape; with ``weight``, ``reduction`` is ``elementwise_mean``.

    >>> l1_loss(torch.tensor([0.5, 3.0]), torch.zeros(2), reduction="none")
    tensor([0.5000, 3.0000])
    """
    if weight is None:  # with one, torch's loss is made of operations that autocast leaves alone
        input, target = autocast(input, target)
    x, t = _checks.broadcast(widened(input), widened(target))
    reduction = legacy(reduction, size_average, reduce)
    loss = absolute(x - t)
    if weight is None:
        return rounded(reduced(loss, reduction), input, target)
    _checks.same_size(weight, input)
    w = widened(weight)
    return rounded(weighted(loss * w, w, reduction), input, target, weight)
