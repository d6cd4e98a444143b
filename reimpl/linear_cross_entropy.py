"""Linear cross-entropy."""

import warnings
from itertools import compress
from math import nan, prod

import torch

from reimpl import _checks
from reimpl._accumulated import accumulated
from reimpl._array import Array, Labels, affine, autocast, dtype_name, entries, namespace, only, rounded, widened
from reimpl._chunks import LinearCrossEntropyOptions, check_dtypes, chunk_size
from reimpl.cross_entropy import cross_entropy


def linear_cross_entropy(
    input: Array,
    linear_weight: Array,
    target: Labels,
    *,
    linear_bias: Array | None = None,
    weight: Array | None = None,
    reduction: str = "mean",
    ignore_index: int | None = None,
    label_smoothing: float = 0.0,
    options: LinearCrossEntropyOptions | None = None,
) -> Array:
    """``cross_entropy`` of the logits that a linear layer makes of ``input``, without all logits in memory if wanted.

    For a row x of features, with A = linear_weight and b = linear_bias::

        loss(x, target) = cross_entropy(A · x + b, target)

    With ``options`` rows are taken in chunks. For logits z, t = z - max z, a label y, s = Σ exp(t)::

        loss(x, y) = w_y · (log s - t_y)               mean and sum: Σ v · log s - Σ v · t_y
        v          = w_y / Σ w_y, NaN if Σ w_y = 0     sum: w_y     0 where y == ignore_index
        slope      = v · (exp(t) / s - [c = y])        none: v = w_y · upstream

    and mean or sum adds up, chunk by chunk, the gradients slope · A, slopeᵀ · x and Σ slope. Without a reduction
    backward does, from each chunk's logits made again.

    Domain:
        As ``cross_entropy``'s. In chunks what is ignored counts 0 times, and is NaN where it would be inf or NaN.
    Gradient:
        softmax(z) - [c = y] through the layer. In chunks mean and sum give it once unless ``allow_retain_graph`` (a
        compiled graph sets that), NaN if no row is kept, and none to what ``torch.func.vmap`` maps over; forward mode
        sees a constant; a second gradient knows the upstream's part alone; ``torch.func.grad`` is refused.
    Args:
        input: shape (in_features) or (N, in_features).
        linear_weight: shape (C, in_features), or (C, d1, …, in_features) for batched input.
        target: classes, shape () or (N, d1, …), int64 or uint8; or probabilities of the logits' shape.
        linear_bias: shape (C, d1, …).
        weight: of the classes, shape (C), as in ``cross_entropy``; in chunks of any dtype, and without a gradient.
        ignore_index: the label of rows that do not count, -100 if None; refused with probabilities.
        label_smoothing: as in ``cross_entropy``.
        options: ``torch.nn.LinearCrossEntropyOptions`` or that of ``modules``. Ignored, with a warning, for
            probabilities, uint8, smoothing other than 0, d1, other reductions and in ``torch.jit.trace``.
    Returns:
        As ``cross_entropy``; in chunks the dtype of ``input``. Halves, their logits and sums too, are float32 until
        rounded once.
    Raises:
        RuntimeError: shapes or dtypes do not fit. As ``cross_entropy``, but in chunks RuntimeError for a class that is
            not there (IndexError for one without weight) and for ``ignore_index`` that is not an int, and none for
            more labels than rows (mean counts them) or more weights than classes.
        ValueError: ``batch_chunk_size`` and ``chunking_method`` disagree. ZeroDivisionError: no class, or no feature.

    >>> linear_cross_entropy(torch.tensor([[1.0, 2.0]]), torch.tensor([[0.0, 1.0], [1.0, 0.0]]), torch.tensor([0]))
    tensor(0.3133)
    """
    _checks.linear_layer(input, linear_weight, linear_bias)
    shape = (*input.shape[:-1], *linear_weight.shape[:-1])
    has_classes = tuple(target.shape) != shape
    if not has_classes and ignore_index is not None:
        raise RuntimeError("ignore_index cannot be given where target holds probabilities")
    ignored = -100 if ignore_index is None else ignore_index
    if options is not None:
        if _is_chunked(linear_weight, target, reduction, label_smoothing):
            return _in_chunks(input, linear_weight, target, linear_bias, weight, reduction, ignored, options)
        warnings.warn(
            "linear_cross_entropy: options are ignored. Chunks take reduction none, mean or sum, no label_smoothing, a "
            f"target of int64 and linear_weight of 2 dimensions, not {reduction!r}, {label_smoothing}, "
            f"{dtype_name(target)} and {tuple(linear_weight.shape)}, and no trace.",
            stacklevel=2,
        )
    _checks.same_dtype(input, linear_weight, linear_bias, weight if has_classes else None)
    xp = namespace(input, linear_weight)
    rows = xp.reshape(linear_weight, (prod(linear_weight.shape[:-1]), input.shape[-1]))
    bias = None if linear_bias is None else xp.reshape(linear_bias, (rows.shape[0],))
    logits = xp.reshape(widened(affine(widened(input), widened(rows), widened(bias))), shape)
    loss = cross_entropy(
        logits, target, widened(weight), ignore_index=ignored, reduction=reduction, label_smoothing=label_smoothing
    )
    # Within autocast the loss is what cross_entropy makes of the logits there: float32.
    return rounded(loss, *autocast(input, target, weight))


def _is_chunked(linear_weight: Array, target: Labels, reduction: str, smoothing: float) -> bool:
    return (
        reduction in {"none", "mean", "sum"}
        and smoothing == 0.0
        and dtype_name(target) in (("int64",) if isinstance(target, torch.Tensor) else ("int32", "int64"))
        and len(linear_weight.shape) == 2
        and not torch.jit.is_tracing()
    )


def _in_chunks(
    input: Array,
    linear_weight: Array,
    target: Labels,
    linear_bias: Array | None,
    weight: Array | None,
    reduction: str,
    ignore_index: int,
    options: LinearCrossEntropyOptions,
) -> Array:
    xp = namespace(input, linear_weight)
    rows, label = input, target
    if len(input.shape) == 1:
        rows, label = xp.expand_dims(input, axis=0), xp.expand_dims(target, axis=0)
    size = chunk_size(options, rows, linear_weight.shape[0])
    _checks.chunked(rows, label, weight, linear_weight.shape[0], ignore_index)
    check_dtypes(options, rows, linear_weight)
    keeps = options.allow_retain_graph or torch.compiler.is_compiling()
    arguments = (rows, linear_weight, linear_bias, label, weight, reduction, ignore_index, size)
    loss = rounded(_loss(keeps, reduction == "none", 3, *arguments), input)
    return xp.reshape(loss, ()) if len(input.shape) == 1 else loss


def _with_gradients(
    upstream: Array | None,
    wanted: tuple[bool, bool, bool],
    input: Array,
    linear_weight: Array,
    linear_bias: Array | None,
    target: Labels,
    weight: Array | None,
    reduction: str,
    ignore_index: int,
    size: int,
) -> tuple[Array, ...]:
    """The loss, and the gradients of input, linear_weight and linear_bias as far as they are wanted."""
    xp = namespace(input, linear_weight)
    rows = widened(input)
    matrix = xp.astype(linear_weight, rows.dtype)
    count, classes = rows.shape[0], xp.arange(matrix.shape[0], device=target.device)
    label, share = _shares(target, weight, rows, matrix.shape[0], reduction, ignore_index)
    if upstream is not None:
        share = share * upstream
    picked, logarithms, of_input, of_weight, of_bias = [], [], [], 0, 0
    for start in range(0, max(count, 1), size):
        chunk = slice(start, min(start + size, count))
        logits = xp.matmul(rows[chunk, :], xp.matrix_transpose(matrix))
        if linear_bias is not None:
            logits = logits + xp.astype(linear_bias, rows.dtype)
        logits = logits - xp.max(logits, axis=-1, keepdims=True)
        powers = xp.exp(logits)
        totals = xp.sum(powers, axis=-1)
        picked.append(entries(logits, label[chunk], 1))
        logarithms.append(xp.log(totals))
        if any(wanted):
            own = xp.expand_dims(share[chunk], axis=-1)
            slopes = powers * (own / xp.expand_dims(totals, axis=-1))
            if wanted[0]:
                of_label = xp.take(matrix, label[chunk], axis=0) * own
                of_input.append(affine(slopes, xp.matrix_transpose(matrix), -of_label))
            slopes = slopes - only(classes == xp.expand_dims(label[chunk], axis=-1), own)
            if wanted[1]:
                of_weight = of_weight + xp.matmul(xp.matrix_transpose(slopes), rows[chunk, :])
            if wanted[2]:
                of_bias = of_bias + xp.sum(slopes, axis=0)
    found = compress((xp.concat(of_input) if wanted[0] else None, of_weight, of_bias), wanted)
    entry, logarithm = xp.concat(picked), xp.concat(logarithms)
    if reduction == "none":
        return share[:count] * (logarithm - entry), *found
    loss = xp.sum(share[:count] * logarithm) - xp.sum(share[:count] * entry)
    return (xp.full_like(loss, nan) if reduction == "mean" and not count else loss), *found


def _shares(
    target: Labels, weight: Array | None, rows: Array, classes: int, reduction: str, ignore_index: int
) -> tuple[Labels, Array]:
    """The label of each row, and what its loss counts for in the result."""
    xp = namespace(target)
    kept = target != ignore_index
    # As in torch an ignored class stays its rows' label, and any other label becomes 0: what a row meets there counts 0
    # times, which is NaN for a logit of -inf.
    label = target if 0 <= ignore_index < classes else only(kept, target)
    share = xp.astype(kept, rows.dtype)
    if weight is not None:
        share = only(kept, xp.astype(xp.take(weight, label), rows.dtype))
    if reduction != "mean":
        return label, share
    total = xp.sum(share)
    return label, share / xp.where(total == 0, xp.full_like(total, nan), total)


_loss = accumulated(_with_gradients)
