"""Three of torch's losses for JAX's arrays. The gradients are JAX's own.

parity check jax_port.py --framework jax
"""

import warnings

import jax
import jax.numpy as jnp


def mse_loss(input, target, size_average=None, reduce=None, reduction="mean", weight=None):
    """The squared error; with weights, the mean is over their sum."""
    arrays = (input, target) if weight is None else (input, target, weight)
    dtype = _result(*arrays)
    reduction = _word(reduction, size_average, reduce, plain=weight is not None)
    x, t = _broadcast(_wide(input), _wide(target))
    if weight is None:
        _floating(x, t)
        return _reduced(jnp.square(x - t), reduction).astype(dtype)
    if weight.shape != input.shape:
        raise ValueError(f"weight has shape {weight.shape}, input {input.shape}")
    w = _wide(weight)
    loss = jnp.square(x - t) * w
    if reduction != "mean":
        return _reduced(loss, reduction).astype(_counted(dtype) if reduction == "sum" else dtype)
    mean = loss.sum() / w.sum()
    return mean.astype(jnp.float32 if jnp.issubdtype(dtype, jnp.integer) else dtype)


def logsigmoid(input):
    """log(1 / (1 + exp(-x)))."""
    _floating(input)
    return -jax.nn.softplus(-_wide(input)).astype(input.dtype)


def log_softmax(input, dim=None, _stacklevel=3, dtype=None):
    """The logarithm of weights that are positive and sum to 1 along one axis."""
    if dim is None:
        warnings.warn("log_softmax without dim is deprecated", stacklevel=_stacklevel)
        dim = 0 if input.ndim in (0, 1, 3) else 1
    if not isinstance(dim, int) or isinstance(dim, bool):
        raise TypeError(f"dim is {dim!r}, and must be an int")
    input = input if dtype is None else input.astype(dtype)
    _floating(input)
    rows = jnp.atleast_1d(_wide(input))
    if not -rows.ndim <= dim < rows.ndim:
        raise IndexError(f"dim is {dim}, the input has {rows.ndim} axes")
    if rows.size == 0:
        return input
    return jax.nn.log_softmax(rows, axis=dim).astype(input.dtype).reshape(input.shape)


def _word(reduction, size_average, reduce, *, plain):
    """The reduction that is meant; ``plain`` knows no deprecated word."""
    if size_average is not None or reduce is not None:
        warnings.warn("size_average and reduce are deprecated: write reduction", stacklevel=3)
        reduction = "none" if reduce is not None and not reduce else "sum" if size_average is False else "mean"
    if reduction == "elementwise_mean" and not plain:
        warnings.warn("elementwise_mean is deprecated: write mean", stacklevel=3)
        reduction = "mean"
    if reduction not in ("none", "mean", "sum"):
        raise ValueError(f"reduction is {reduction!r}, and must be none, mean or sum")
    return reduction


def _reduced(loss, reduction):
    return loss if reduction == "none" else loss.sum() if reduction == "sum" else loss.mean()


def _broadcast(input, target):
    if input.shape != target.shape:
        warnings.warn(f"the target has shape {target.shape}, the input {input.shape}", stacklevel=3)
    return jnp.broadcast_arrays(input, target)


def _result(*arrays):
    """torch's result type: whole numbers never widen a float."""
    floating = [array.dtype for array in arrays if jnp.issubdtype(array.dtype, jnp.inexact)]
    return jnp.result_type(*(floating or [array.dtype for array in arrays]))


def _counted(dtype):
    return jnp.int64 if jnp.issubdtype(dtype, jnp.integer) else dtype


def _wide(array):
    """Halves as single precision: they are rounded once, at the end."""
    return array.astype(jnp.float32) if array.dtype in (jnp.float16, jnp.bfloat16) else array


def _floating(*arrays):
    if not any(jnp.issubdtype(array.dtype, jnp.floating) for array in arrays):
        raise TypeError(f"{arrays[0].dtype} is no floating type")
