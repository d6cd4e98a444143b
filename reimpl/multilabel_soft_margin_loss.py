"""Multi-label soft margin loss."""

from reimpl import _checks
from reimpl._array import Array, namespace, rounded, widened
from reimpl._reduction import legacy
from reimpl.logsigmoid import logsigmoid


def multilabel_soft_margin_loss(
    input: Array,
    target: Array,
    weight: Array | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Array:
    """A binary cross-entropy for each class, averaged over the classes.

    For a row of C logits x and marks t::

        loss(x, t) = -1/C · Σ_c w_c · (t_c · logsigmoid(x_c) + (1 - t_c) · logsigmoid(-x_c))

    Domain:
        input, target: any real; an infinite logit meets 0 · -inf and gives NaN. weight: any real.
    Gradient:
        w_c / C · (sigmoid(x_c) - t_c), as autograd derives it: target and weight have one too.
    Args:
        input: logits, shape (*, C).
        target: 1 where the class is there, 0 where it is not; whole numbers will do; broadcasts silently.
        weight: of the classes, shape (C).
    Returns:
        Shape (*) for ``"none"``, else 0-d. Dtype of the promoted inputs; halves are computed in float32 and rounded
        once.
    Raises:
        ValueError: ``reduction`` is unknown, and here ``elementwise_mean`` is. IndexError: ``input`` is 0-d.
        NotImplementedError: ``input`` is not floating point.

    >>> multilabel_soft_margin_loss(torch.tensor([[0.0, 2.0]]), torch.tensor([[1.0, 0.0]]), reduction="none")
    tensor([1.4100])
    """
    xp = namespace(input, target)
    reduction = legacy(reduction, size_average, reduce)
    x, t = widened(input), widened(target)
    loss = -(t * logsigmoid(x) + (1 - t) * logsigmoid(-x))
    if weight is not None:
        loss = loss * widened(weight)
    # Counted from the left, which makes it another axis of `loss` where `target` has more axes than `input`.
    axis = _checks.last(input)
    loss = xp.sum(loss, axis=axis) / input.shape[axis]
    match reduction:
        case "none":
            pass
        case "mean":
            loss = xp.mean(loss)
        case "sum":
            loss = xp.sum(loss)
        case other:
            raise ValueError(other + " is not valid")
    return rounded(loss, input, target, weight)
