"""Four of torch's losses for NumPy's arrays.

parity check numpy_port.py --framework numpy

NumPy has no gradients and no bfloat16: values, dtypes, shapes, refusals and warnings are judged.
"""

import warnings

import numpy as np


def mse_loss(input, target, size_average=None, reduce=None, reduction="mean", weight=None):
    """The squared error; with weights, the mean is over their sum."""
    dtype = _result(input, target) if weight is None else _result(input, target, weight)
    reduction = _word(reduction, size_average, reduce, plain=weight is not None)
    x, t = _broadcast(_wide(input), _wide(target))
    if weight is None:
        _floating(x, t)
        return _reduced((x - t) ** 2, reduction, dtype)
    if weight.shape != input.shape:
        raise ValueError(f"weight has shape {weight.shape}, input {input.shape}")
    w = _wide(weight)
    loss = (x - t) ** 2 * w
    if reduction == "mean":
        mean = loss.sum() / w.sum()
        return mean.astype(np.float32 if np.issubdtype(dtype, np.integer) else dtype)
    return _reduced(loss, reduction, dtype)


def smooth_l1_loss(input, target, size_average=None, reduce=None, reduction="mean", beta=1.0):
    """Quadratic for errors below ``beta``, linear from there on."""
    dtype = _result(input, target)
    reduction = _word(reduction, size_average, reduce)
    input, target = _broadcast(_wide(input), _wide(target))
    if not beta >= 0:
        raise RuntimeError(f"beta is {beta}, and must not be negative")
    if beta == 0:
        return _reduced(np.abs(_difference(input, target)), reduction, np.zeros((), dtype).real.dtype)
    _floating(input, target)
    size = np.abs(input - target)
    return _reduced(np.where(size < beta, 0.5 * size * size / beta, size - 0.5 * beta), reduction, dtype)


def soft_margin_loss(input, target, size_average=None, reduce=None, reduction="mean"):
    """The logistic loss of a logit whose sign should be the target's."""
    reduction = _word(reduction, size_average, reduce)
    if not np.issubdtype(input.dtype, np.inexact) or np.iscomplexobj(target) > np.iscomplexobj(input):
        raise TypeError(f"the input is {input.dtype}, the target {target.dtype}")
    if np.broadcast_shapes(input.shape, target.shape) != input.shape:
        raise ValueError(f"the target has shape {target.shape}, more than the input's {input.shape}")
    x = _wide(input)
    return _reduced(np.log1p(np.exp((-x * _wide(target)).astype(x.dtype))), reduction, input.dtype)


def softmax(input, dim=None, _stacklevel=3, dtype=None):
    """Weights that are positive and sum to 1 along one axis."""
    if dim is None:
        warnings.warn("softmax without dim is deprecated", stacklevel=_stacklevel)
        dim = 0 if input.ndim in (0, 1, 3) else 1
    if not isinstance(dim, int) or isinstance(dim, bool):
        raise TypeError(f"dim is {dim!r}, and must be an int")
    input = input if dtype is None else input.astype(dtype)
    _floating(input)
    rows = np.atleast_1d(_wide(input))
    if not -rows.ndim <= dim < rows.ndim:
        raise IndexError(f"dim is {dim}, the input has {rows.ndim} axes")
    if rows.size == 0:
        return input
    exponential = np.exp(rows - rows.max(axis=dim, keepdims=True))
    total = exponential.sum(axis=dim, keepdims=True, dtype=np.float64).astype(exponential.dtype)
    return (exponential / total).astype(input.dtype).reshape(input.shape)


def _word(reduction, size_average, reduce, *, plain=False):
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


def _broadcast(input, target):
    if input.shape != target.shape:
        warnings.warn(f"the target has shape {target.shape}, the input {input.shape}", stacklevel=3)
    return np.broadcast_arrays(input, target)


def _result(*arrays):
    """torch's result type: whole numbers never widen a float."""
    floating = [array for array in arrays if not np.issubdtype(array.dtype, np.integer) and array.dtype != bool]
    return np.result_type(*(array.dtype for array in floating or arrays))


def _wide(array):
    """Halves as single precision: they are rounded once, at the end."""
    return array.astype(np.float32) if array.dtype == np.float16 else array


def _floating(*arrays):
    if not any(np.issubdtype(array.dtype, np.floating) for array in arrays):
        raise TypeError(f"{arrays[0].dtype} is no floating type")


def _difference(input, target):
    if bool in (input.dtype, target.dtype):
        raise TypeError("truth values have no difference")
    return input - target


def _reduced(loss, reduction, dtype):
    if reduction == "none":
        return loss.astype(dtype)
    if reduction == "sum":
        return loss.sum() if np.issubdtype(dtype, np.integer) else loss.sum().astype(dtype)
    return (loss.sum() / np.float32(loss.size)).astype(dtype)  # 0 / 0 is NaN, where np.mean would warn
