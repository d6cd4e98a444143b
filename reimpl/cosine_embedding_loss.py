"""Cosine embedding loss."""

from reimpl import _checks
from reimpl._array import Array, autocast, is_floating, namespace, rounded, widened
from reimpl._autograd import positive_part
from reimpl._reduction import checked, legacy, reduced

_FLOOR = 9.999999960041972e-13  # float32's 1e-12: torch's constant is of that type, for float64 too


def cosine_embedding_loss(
    input1: Array,
    input2: Array,
    target: Array,
    margin: float = 0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Array:
    """How far two vectors that are alike are from one direction, or two that are not from being ``margin`` apart.

    For one pair of vectors a, b, with ε = 1e-12::

        cos           = Σ a·b / sqrt((Σ a² + ε) · (Σ b² + ε))
        loss(a, b, y) = 1 - cos                    y = 1
                      = max(0, cos - margin)       y = -1
                      = 0                          any other y

    Domain:
        input1, input2: any real; a zero vector has cos = 0. Σ a² overflows: cos is 0 or NaN. target: 1 or -1.
        margin: any real; past 1 nothing costs, below -1 everything does.
    Gradient:
        That of the formula. At a zero vector it is ∓b / sqrt(ε · (Σ b² + ε)), a million times the direction of b.
        Before torch 2.14 the kink passes it on. NaN or inf in a vector makes it NaN, also where target is neither 1 nor
        -1. target has none.
    Args:
        input1, input2: vectors, shape (D) or (N, D).
        target: shape () or (N), of any type.
        margin: the cosine up to which unlike vectors cost nothing.
    Returns:
        Shape of ``target`` for ``"none"``, else 0-d. The axes broadcast, but each vector's length is its own: (N, D)
        and (N, 1) give no cosine. Dtype of the promoted inputs, of whole numbers torch's default one; halves are
        computed in float32 and rounded once, if both are of one type.
    Raises:
        TypeError: ``margin`` is not a number.
        RuntimeError: ``target`` has more than one axis, or the inputs do not have one more than ``target``.
        NotImplementedError: complex.

    >>> like, unlike = torch.tensor([[1.0, 0.0]]), torch.tensor([[3.0, 4.0]])
    >>> cosine_embedding_loss(like, unlike, torch.ones(1)), cosine_embedding_loss(like, unlike, -torch.ones(1), 0.5)
    (tensor(0.4000), tensor(0.1000))
    """
    input1, input2, target = autocast(input1, input2, target)
    reduction = checked(legacy(reduction, size_average, reduce))
    _checks.number("cosine_embedding_loss", "margin", margin)
    xp = namespace(input1, input2, target)
    rank = len(target.shape)
    if rank > 1:
        raise RuntimeError("0D or 1D target tensor expected, multi-target not supported")
    if not len(input1.shape) == len(input2.shape) == rank + 1:
        raise RuntimeError(
            f"{rank}D target tensor expects {rank + 1}D input tensors, "
            f"but found inputs with sizes {list(input1.shape)} and {list(input2.shape)}"
        )
    a, b = widened(input1), widened(input2)
    # The product first, because autograd adds up the gradient in the order of the lines, from the last.
    product = xp.sum(a * b, axis=-1)
    cosine = product / xp.sqrt(_floored_square(a) * _floored_square(b))
    zero = xp.zeros_like(cosine)
    loss = xp.where(target == 1, 1 - cosine, zero) + xp.where(target == -1, positive_part(cosine - margin), zero)
    loss = reduced(loss, reduction)
    # The length of a vector of whole numbers is a float32, which torch does not round to a half.
    return rounded(loss, input1, input2) if is_floating(input1) and is_floating(input2) else loss


def _floored_square(x: Array) -> Array:
    xp = namespace(x)
    # With its axis, because torch.func.jvp makes the tangent of a 0-d float32 plus a number a float64.
    return xp.squeeze(xp.sum(x * x, axis=-1, keepdims=True) + _FLOOR, axis=-1)
