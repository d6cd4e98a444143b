"""Mean squared error."""

from reimpl import _checks
from reimpl._array import Array, autocast, namespace, numeric, rounded, widened
from reimpl._reduction import checked, legacy, reduced, weighted


def mse_loss(
    input: Array,
    target: Array,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    weight: Array | None = None,
) -> Array:
    """The squared error.

    With d = input - target, elementwise::

        loss(d) = d²                         without weight
                = w · d², mean = Σ w·d² / Σ w

    Domain:
        input, target: any real; inf - inf is NaN. weight: any real; weights that sum to 0 give NaN.
    Gradient:
        2 · d.
    Args:
        input: predictions, shape (*).
        target: the shape of ``input``, or one that broadcasts with it (torch warns).
        weight: the shape of ``input``.
    Returns:
        Shape (*) for ``"none"``, else 0-d. Dtype and device of the promoted inputs. Halves are computed in float32
        and rounded once, where torch rounds d and d² too (a mean of large squares is inf there, not here).
    Raises:
        ValueError: ``weight`` has another shape; with ``weight``, ``reduction`` is ``elementwise_mean``.
        NotImplementedError: not floating point and without ``weight``.

    >>> mse_loss(torch.tensor([0.5, 3.0]), torch.zeros(2), reduction="none")
    tensor([0.2500, 9.0000])
    """
    xp = namespace(input, target)
    if weight is None:  # with one, torch's loss is made of operations that autocast leaves alone
        input, target = autocast(input, target)
    x, t = _checks.broadcast(widened(input), widened(target))
    reduction = legacy(reduction, size_average, reduce)
    if weight is None:
        reduction = checked(reduction)
        _checks.floating("mse_cpu", x, t)
        return rounded(reduced(xp.square(numeric(x) - numeric(t)), reduction), input, target)
    _checks.same_size(weight, input)
    w = widened(weight)
    return rounded(weighted(xp.square(x - t) * w, w, reduction), input, target, weight)
