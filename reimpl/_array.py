"""What an array is here, which library computes with it, and in which precision; never a formula.

Rules kept here: an array decides its library by itself, and no library is imported that is not there already;
nothing asks an array for its values.
"""

from math import nan
from types import ModuleType
from typing import Any, Protocol

import array_api_compat
import array_api_compat.numpy
import array_api_compat.torch
import numpy
import torch

SLOPE_AT_ZERO = torch.__version__ < (2, 14)


class Array(Protocol):
    """Any array of the Python array API standard: torch, NumPy (also of objects, such as 50-digit numbers), JAX."""

    @property
    def dtype(self) -> Any: ...
    @property
    def shape(self) -> tuple[int, ...]: ...


class Labels(Array, Protocol):
    """An array that may hold class indices."""


def namespace(*arrays: Array | None) -> ModuleType:
    """The array API of the library that the arrays are of; None is passed over."""
    given = [array for array in arrays if array is not None]
    # First, because Dynamo warns about the look-up that `array_namespace` does.
    if any(isinstance(array, torch.Tensor) for array in given):
        return array_api_compat.torch
    if all(isinstance(array, numpy.ndarray | numpy.generic) for array in given):
        return array_api_compat.numpy
    return array_api_compat.array_namespace(*given)


def dtype_name(array: Array) -> str:
    """``"float32"``, whichever library the array is of."""
    return str(array.dtype).removeprefix("torch.")


def is_floating(array: Array) -> bool:
    """Real floating point; numbers of a class of their own count as such."""
    return dtype_name(array) in ("float16", "bfloat16", "float32", "float64", "object")


def is_complex(array: Array) -> bool:
    """A complex type of any width."""
    return dtype_name(array).startswith("complex")


def is_half(array: Array) -> bool:
    """A floating type of 16 bits."""
    return dtype_name(array) in ("float16", "bfloat16")


def is_single(array: Array) -> bool:
    """torch's float32 on a device that has float64 to sum it in."""
    return isinstance(array, torch.Tensor) and array.dtype == torch.float32 and array.device.type != "mps"


def widened(array: Array | None) -> Array | None:
    """Halves in float32, where their sums and means are computed; any other array as it is."""
    if array is None or not is_half(array):
        return array
    xp = namespace(array)
    return xp.astype(array, xp.float32)


def total(array: Array, axis: int) -> Array:
    """The sums along an axis, which stays; of torch's float32 in float64."""
    xp = namespace(array)
    if is_single(array):
        return xp.sum(array, axis=axis, keepdims=True, dtype=xp.float64)
    return xp.sum(array, axis=axis, keepdims=True)


def autocast(*arrays: Any) -> tuple[Any, ...]:
    """The arrays as torch's autocast hands them to its losses: within it, halves in float32. None stays None."""
    first = arrays[0]
    if not isinstance(first, torch.Tensor) or first.is_meta or not torch.is_autocast_enabled(first.device.type):
        return arrays
    return tuple(array.float() if array is not None and is_half(array) else array for array in arrays)


def numeric(array: Array) -> Array:
    """Truth values as 0 and 1, which torch's kernels subtract and its operator does not; any other array as it is."""
    xp = namespace(array)
    return xp.astype(array, xp.uint8) if dtype_name(array) == "bool" else array


def rounded(result: Array, *arguments: Array | None) -> Array:
    """``result`` in the half type that ``arguments`` have in common, rounded once; else as it is."""
    floating = [a.dtype for a in arguments if a is not None and (is_floating(a) or is_complex(a))]
    halves = [array.dtype for array in arguments if array is not None and is_half(array)]
    if not halves or any(dtype != halves[0] for dtype in floating):
        return result
    return namespace(result).astype(result, halves[0])


def deciding(*arrays: Array) -> list[Array]:
    """The arrays whose types decide that of an operator's result: in torch those of no dimensions give way."""
    floating = [array for array in arrays if is_floating(array) or is_complex(array)]
    return [array for array in floating if array.shape] or floating


def indices(labels: Labels) -> Labels:
    """Class indices in a type that can be gathered with: torch takes no uint8, and -100 does not fit into it."""
    return labels.long().contiguous() if isinstance(labels, torch.Tensor) else _counted(labels)


def _counted(labels: Labels) -> Labels:
    """In the type that their library counts in; fractions are cut off."""
    xp = namespace(labels)
    return xp.astype(labels, xp.arange(0).dtype)


def in_rows(array: Array) -> Array:
    """The array row by row in memory, where torch's kernel makes it so and its result is."""
    return array.contiguous() if isinstance(array, torch.Tensor) else array


def dense(array: Array) -> Array:
    """The array without shared elements, in the order it has: so torch makes room for results that are like it."""
    return array.clone() if isinstance(array, torch.Tensor) and 0 in array.stride() else array


def labels_beside(labels: Labels, array: Array) -> Labels:
    """Class indices where ``array`` lies, in the type that its library counts in; fractions are cut off."""
    if isinstance(labels, torch.Tensor):
        return labels.to(array.device, torch.int64)
    return _counted(labels)


def filled(array: Array, number: float) -> Array:
    """One number in the shape of ``array`` and of its kind, a class of its own included."""
    if dtype_name(array) == "object" and 0 not in array.shape:
        return numpy.full(array.shape, type(array[(0,) * len(array.shape)])(number))
    return namespace(array).full_like(array, number)


def less_product(minuend: Array, factor: Array, other: Array) -> Array:
    """minuend - factor · other. On torch rounded once, as in its own kernels, where the machine can: the product's own
    rounding would be all that is left of a difference of near numbers."""
    if isinstance(minuend, torch.Tensor):
        return torch.addcmul(minuend, factor, other, value=-1)
    return minuend - factor * other


def only(kept: Array, array: Array) -> Array:
    """``array`` where ``kept``, else 0."""
    xp = namespace(array)
    return xp.where(kept, array, xp.zeros_like(array))


def has_slope(array: Array) -> Array:
    """Where max(array, 0) has a slope in the torch that is here: above 0, and before torch 2.14 at 0 too."""
    return array >= 0 if SLOPE_AT_ZERO else array > 0


def clamped(array: Array) -> Array:
    """``array`` where it is not below 0, else 0. The slope at 0 is torch's, and NaN has none, as in its clamp."""
    xp = namespace(array)
    return xp.where(has_slope(array), array, xp.where(array <= 0, xp.zeros_like(array), xp.full_like(array, nan)))


def counting(label: Labels, count: int) -> Labels:
    """0 … count - 1, beside ``label``; a trace of JAX has no device to name."""
    return namespace(label).arange(count, device=getattr(label, "device", None))


def entries(rows: Array, label: Labels, axis: int) -> Array:
    """The entry of each row that its label names; 0 where there are no classes, so that no row counts."""
    xp = namespace(rows)
    if rows.shape[axis] == 0:
        return xp.sum(rows, axis=axis)
    return xp.squeeze(xp.take_along_axis(rows, xp.expand_dims(label, axis=axis), axis=axis), axis=axis)


def weights(weight: Array, label: Labels) -> Array:
    """The weight of each label's class; 0 where there are no classes."""
    xp = namespace(weight)
    if weight.shape[0] == 0:
        return xp.zeros(label.shape, dtype=weight.dtype, device=weight.device)
    return xp.reshape(xp.take(weight, xp.reshape(label, (-1,)), axis=0), label.shape)


def along_classes(weight: Array, rows: Array) -> Array:
    """A weight of shape (C) beside rows of shape (C) or (N, C, d1, …)."""
    rank = len(rows.shape)
    return namespace(weight).reshape(weight, (-1,) if rank == 1 else (1, -1, *(1,) * (rank - 2)))


def affine(rows: Array, weight: Array, bias: Array | None) -> Array:
    """rows · weightᵀ + bias. On torch the bias of a batch is in the product's sum, as in its own kernels."""
    xp = namespace(rows)
    if bias is not None and isinstance(rows, torch.Tensor) and rows.ndim == 2:
        return torch.addmm(bias, rows, weight.T)
    product = xp.matmul(rows, xp.matrix_transpose(weight))
    return product if bias is None else product + bias
