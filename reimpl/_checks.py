"""Refusals that the losses share, each with the exception type that torch raises.

Rules kept here: a check that needs values steps aside where there are none to look at (torch.compile, torch.func,
FakeTensor, a device other than the CPU, a JAX trace); a check never changes an argument.
"""

import warnings
from math import isfinite

import array_api_compat
import torch

from reimpl._array import Array, Labels, dtype_name, indices, is_floating, is_half, namespace


def broadcast(input: Array, target: Array) -> tuple[Array, Array]:
    """Both in their common shape, with a warning where the shapes differ."""
    if input.shape == target.shape:
        return input, target
    warnings.warn(
        f"Using a target size ({target.shape}) that is different to the input size ({input.shape}): the two are "
        "broadcast, which is rarely meant. Please ensure they have the same size.",
        stacklevel=3,
    )
    xp = namespace(input, target)
    return tuple(xp.broadcast_arrays(input, target))


def same_size(weight: Array, input: Array) -> None:
    """A weight per element has the shape of the input before broadcasting."""
    if weight.shape != input.shape:
        raise ValueError(f"Weights and input must have the same size, not {weight.shape} and {input.shape}.")


def subtractable(name: str, array: Array | None) -> None:
    """torch subtracts from this argument or negates it, and refuses truth values: since 2.14 with this RuntimeError."""
    if array is not None and dtype_name(array) == "bool":
        raise NotImplementedError(f"{name} is of dtype bool, and truth values are neither negated nor subtracted from")


def floating(name: str, *arrays: Array) -> None:
    """torch has no kernel of this name for whole or complex numbers; one real array is enough to promote the others."""
    if not any(is_floating(array) for array in arrays):
        raise NotImplementedError(f'"{name}" not implemented for {dtype_name(arrays[0])}')


def same_dtype(expected: Array, *arrays: Array | None) -> None:
    """torch's kernel reads all arguments as one type."""
    for array in arrays:
        if array is not None and array.dtype != expected.dtype:
            raise RuntimeError(f"expected scalar type {_kind(expected)} but found {_kind(array)}: the dtypes differ")


def whole(name: str, argument: str, value: object) -> None:
    """torch takes a whole number here, and does not count truth values as such."""
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise TypeError(f"{name}(): argument '{argument}' must be int, not {type(value).__name__}")


def number(name: str, argument: str, value: object) -> None:
    """torch takes a plain number here."""
    if not hasattr(value, "__float__"):
        raise TypeError(f"{name}(): argument '{argument}' must be float, not {type(value).__name__}")


def constant(name: str, argument: str, array: Array | None) -> None:
    """torch has no derivative with respect to this argument and says so when called."""
    if isinstance(array, torch.Tensor) and array.requires_grad and torch.is_grad_enabled():
        raise RuntimeError(
            f"The function '{name}' is not differentiable with respect to argument '{argument}'. "
            f"This input cannot have requires_grad True: the derivative for '{argument}' is not implemented."
        )


def fits(array: Array | None, shape: tuple[int, ...]) -> None:
    """``array`` may be broadcast to ``shape`` but may not enlarge it."""
    if array is None:
        return
    own = tuple(array.shape)
    short = len(own) <= len(shape)
    if not (short and all(a in (1, b) for a, b in zip(reversed(own), reversed(shape), strict=False))):
        raise RuntimeError(f"output with shape {list(shape)} doesn't match the broadcast shape of {list(own)}")


def probabilities(name: str, array: Array) -> None:
    """Every element in [0, 1]; NaN is not."""
    xp = namespace(array)
    if is_concrete(array) and not bool(xp.all((array >= 0) & (array <= 1))):
        raise RuntimeError(f"all elements of {name} should be between 0 and 1")


def class_labels(kernel: str, input: Array, target: Labels, weight: Array | None, ignore_index: int) -> None:
    """``target`` holds a class of ``input``'s for each row, in torch's order of refusals."""
    rank, shape = len(input.shape), tuple(target.shape)
    if rank < 1:
        raise ValueError(f"Expected 1 or more dimensions (got {rank})")
    floating(kernel, input)
    if rank > 1 and (not shape or shape[0] != input.shape[0]):
        batch = shape[0] if shape else 0
        raise ValueError(f"Expected input batch_size ({input.shape[0]}) to match target batch_size ({batch}).")
    if rank == 1 and len(shape) == 1 and shape[0] != 1:
        raise ValueError(f"For 1D input, 1D target must have size 1, but got target size: {shape[0]}")
    if rank < 3 and len(shape) > 1:
        raise RuntimeError("0D or 1D target tensor expected, multi-target not supported")
    if rank >= 3 and shape[1:] != tuple(input.shape[2:]):
        raise RuntimeError(
            f"Expected target size {[shape[0], *input.shape[2:]]}, got size {list(shape)}: size mismatch"
        )
    classes = input.shape[min(rank - 1, 1)]
    class_weight(weight, classes)
    constant("nll_loss_forward", "weight", weight)
    label_dtype(target, is_spatial=rank >= 3)
    same_dtype(input, weight)
    in_range(target, classes, ignore_index)


def class_probabilities(input: Array, target: Array, weight: Array | None, ignore_index: int) -> None:
    """``target`` holds a probability for each class of ``input``'s."""
    if not is_floating(target):
        raise RuntimeError(
            f"Expected floating point type for target with class probabilities, got {dtype_name(target)}"
        )
    if ignore_index >= 0:
        raise RuntimeError("ignore_index is not supported for floating point target")
    if not input.shape:
        raise IndexError("Dimension specified as 1 but tensor has no dimensions")
    floating("log_softmax_lastdim_kernel_impl", input)
    class_weight(weight, input.shape[min(len(input.shape) - 1, 1)])


def class_weight(weight: Array | None, classes: int) -> None:
    """A weight for each class."""
    if weight is not None and tuple(weight.shape) != (classes,):
        raise RuntimeError(
            f"weight tensor should be defined either for all {classes} classes or no classes but got weight tensor of "
            f"shape: {list(weight.shape)}"
        )


def in_range(target: Labels, classes: int, ignore_index: int, error: type[Exception] = IndexError) -> None:
    """Every label is ``ignore_index`` or names a class."""
    if not is_concrete(target):
        return
    xp = namespace(target)
    label = indices(target)
    wrong = (label != ignore_index) & ((label < 0) | (label >= classes))
    if bool(xp.any(wrong)):
        raise error(f"Target {int(label[wrong][0])} is out of bounds.")


def label_dtype(target: Labels, is_spatial: bool) -> None:
    """Class indices are int64 in torch, or uint8 where a row has but one; JAX counts in int32."""
    name, on_torch = dtype_name(target), isinstance(target, torch.Tensor)
    if name not in ("int64", "uint8") and (on_torch or name != "int32"):
        raise RuntimeError(f"expected target dtype to be Long or Byte, but got {_kind(target)}")
    if on_torch and is_spatial and name == "uint8":
        raise RuntimeError("expected scalar type Long but found Byte")


def smoothed(input: Array, target: Labels, weight: Array | None, reduction: str) -> None:
    """What only label smoothing cannot do in torch: these are limits of its kernels, not of the formula."""
    if len(input.shape) == 1 and target.shape:
        raise RuntimeError("output with shape [] doesn't match the broadcast shape [1] of target")
    if weight is not None and reduction == "mean" and dtype_name(target) == "uint8":
        raise RuntimeError("gather(): Expected dtype int32/int64 for index, but got uint8")


def _kind(array: Array) -> str:
    """torch's word for a dtype in messages."""
    name = dtype_name(array)
    kinds = {"float16": "Half", "bfloat16": "BFloat16", "float32": "Float", "float64": "Double"}
    kinds |= {"uint8": "Byte", "int8": "Char", "int16": "Short", "int32": "Int", "int64": "Long"}
    return kinds.get(name, name.capitalize())


def is_concrete(array: Array) -> bool:
    """There are values here, to be had without waiting for a device or breaking a trace."""
    if isinstance(array, torch.Tensor):
        return (
            not torch.compiler.is_compiling()
            and not torch.jit.is_tracing()
            and type(array) in (torch.Tensor, torch.nn.Parameter)
            and array.device.type == "cpu"
            and not torch._C._functorch.is_functorch_wrapped_tensor(array)
        )
    if array_api_compat.is_jax_array(array):
        from jax.core import Tracer  # noqa: PLC0415, JAX is there already: the array is its own

        return not isinstance(array, Tracer)
    return True


def dimension(name: str, array: Array, dim: int | None, stacklevel: int) -> int:
    """The axis meant by ``dim``, counted from 0; torch's deprecated choice, with its warning, where it is None."""
    rank = len(array.shape)
    if dim is None:
        warnings.warn(f"Implicit dimension choice for {name} is deprecated; pass dim=X.", stacklevel=stacklevel)
        return 0 if rank in (0, 1, 3) else 1
    whole(name, "dim", dim)
    return axis(array, dim)


def axis(array: Array, dim: int) -> int:
    """``dim`` counted from 0; an array without axes counts as one with one."""
    bound = max(len(array.shape), 1)
    if not -bound <= dim < bound:
        raise IndexError(f"Dimension out of range (expected to be in range of [{-bound}, {bound - 1}], but got {dim})")
    return dim % bound


def last(array: Array) -> int:
    """The last axis, which a 0-d array does not have."""
    if not array.shape:
        raise IndexError("Dimension specified as -1 but tensor has no dimensions")
    return len(array.shape) - 1


def no_half(kernel: str, array: Array) -> None:
    """torch's kernel of this name has none of 16 bits on the CPU, and none for whole or complex numbers anywhere."""
    floating(kernel, array)
    if is_half(array) and isinstance(array, torch.Tensor) and array.device.type == "cpu":
        raise NotImplementedError(f'"{kernel}" not implemented for {dtype_name(array)}')


def boolean(name: str, argument: str, value: object) -> None:
    """torch takes a truth value here, and no number in its place."""
    if not isinstance(value, bool):
        raise TypeError(f"{name}(): argument '{argument}' must be bool, not {type(value).__name__}")


def row_or_rows(input: Array) -> int:
    """How many classes a row has; there may be no row in a batch, and a 0-d array is a row of one class."""
    shape = tuple(input.shape)
    if len(shape) > 2 or 0 in shape[-1:]:
        raise RuntimeError(f"Expected a row of classes or a batch of rows, which may be empty, but got: {list(shape)}")
    return shape[-1] if shape else 1


def long_labels(target: Labels) -> None:
    """Class indices are int64 in torch; JAX counts in int32."""
    name = dtype_name(target)
    if name != "int64" and (isinstance(target, torch.Tensor) or name != "int32"):
        raise RuntimeError(f"expected scalar type Long but found {_kind(target)}")


def labels_between(least: int, target: Labels, classes: int) -> None:
    """No label lies below ``least`` or names a class that is not there, of which these kernels say RuntimeError."""
    label = indices(target)
    if is_concrete(target) and bool(namespace(label).any((label < least) | (label >= classes))):
        raise RuntimeError(f"target is out of range: {classes} classes")


def same_rank(**arrays: Array) -> None:
    """All have the same number of axes; their sizes may differ, and broadcast."""
    ranks = {name: len(array.shape) for name, array in arrays.items()}
    if len(set(ranks.values())) > 1:
        told = ", ".join(f"{name} {rank}D" for name, rank in ranks.items())
        raise RuntimeError(f"The {', '.join(ranks)} tensors must have the same number of dimensions, but got: {told}")


def held(kernel: str, value: float, array: Array) -> None:
    """torch's kernel holds the number in the type of the array, where a finite one may not become infinite."""
    if dtype_name(array) == "float32" and isfinite(value) and abs(value) > namespace(array).finfo(array.dtype).max:
        raise RuntimeError(f"{kernel}: the value {value} cannot be converted to {_kind(array)} without overflow")


def linear_layer(input: Array, linear_weight: Array, linear_bias: Array | None) -> None:
    """``linear_weight`` of shape (C, d1, …, in_features) takes ``input`` of shape (in_features) or (N, in_features)."""
    shape, own = tuple(linear_weight.shape), tuple(input.shape)
    if len(own) not in (1, 2):
        raise RuntimeError(f"expected input of 1 or 2 dimensions, got {len(own)}")
    if len(shape) < 2:
        raise RuntimeError(f"expected linear_weight of 2 or more dimensions, got {len(shape)}")
    if own[-1] != shape[-1]:
        raise RuntimeError(f"the last dimensions of input and linear_weight differ: {own[-1]} and {shape[-1]}")
    if linear_bias is not None and tuple(linear_bias.shape) != shape[:-1]:
        raise RuntimeError(f"expected linear_bias of shape {shape[:-1]}, got {tuple(linear_bias.shape)}")
    if len(shape) > 2 and len(own) == 1:
        raise RuntimeError(f"linear_weight of shape {shape} takes batched input, (N, {shape[-1]}), not {own}")


def chunked(input: Array, target: Labels, weight: Array | None, classes: int, ignore_index: object) -> None:
    """A label for each row, as torch's loss in chunks looks at them: more labels than rows, and weights than classes,
    are left unread; an ignored class is one all the same."""
    if not isinstance(ignore_index, int):
        raise RuntimeError(f"linear_cross_entropy: ignore_index must be int, not {type(ignore_index).__name__}")
    if not target.shape or target.shape[0] < input.shape[0]:
        raise RuntimeError(f"target of shape {list(target.shape)} has no label for each of {input.shape[0]} rows")
    if weight is not None and len(weight.shape) != 1:
        raise RuntimeError(f"weight of shape {list(weight.shape)} is not one of {classes} classes")
    if weight is not None:
        in_range(target, weight.shape[0], ignore_index)
    in_range(target, classes, ignore_index, RuntimeError)
