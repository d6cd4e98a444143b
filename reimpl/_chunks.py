"""How a batch is cut into chunks, so that what is made of each never lies in memory for all; never a formula.

Rules kept here: options are read by their attributes, so that torch's class serves as well as the one here.
"""

from dataclasses import dataclass
from typing import Literal

import torch

from reimpl import _checks
from reimpl._array import Array, dtype_name, is_half

ACCUMULATED = (torch.float16, torch.bfloat16, torch.float32, torch.float64)


@dataclass(slots=True, frozen=True)
class LinearCrossEntropyOptions:
    """How ``linear_cross_entropy`` goes through its batch in chunks.

    ``allow_retain_graph``: more than one backward, for the price of another buffer for each gradient.
    ``batch_chunk_size``: rows at a time; None leaves it to the method, and is the whole batch where there is none.
    ``chunking_method``: ``"aspect_ratio"`` takes as many rows as make a chunk's logits about as large as the input,
    ``"aspect_ratio:k"`` a k-th of it; ``"auto"`` one of the two, by device and dtype.
    ``acc_policy``, ``acc_dtype``: what torch keeps in more digits than halves have, and in which; it changes here
    which dtypes go together, not the digits: sums of halves are always float32's.
    """

    allow_retain_graph: bool = False
    batch_chunk_size: int | None = None
    chunking_method: str | None = "auto"
    acc_policy: Literal["accurate", "balanced", "compact", "auto"] = "auto"
    acc_dtype: torch.dtype | None = None

    def __post_init__(self) -> None:
        if self.acc_policy not in ("auto", "accurate", "balanced", "compact"):
            raise ValueError(f"invalid acc_policy: {self.acc_policy!r}")
        if self.chunking_method is not None and self.chunking_method != "auto":
            _part(self.chunking_method)
        size = self.batch_chunk_size
        if size is not None and not (isinstance(size, int) and size > 0):
            raise ValueError(f"batch_chunk_size must be a positive int or None, not {size!r}")
        if self.acc_dtype is not None:
            _check_accumulated(self.acc_dtype)


def chunk_size(options: LinearCrossEntropyOptions, input: Array, classes: int) -> int:
    """The rows of a chunk of ``input``, of shape (N, in_features)."""
    count, features = input.shape
    given, method = options.batch_chunk_size, options.chunking_method
    if method == "auto":
        method = _usual_method(input) if given is None else None
    if method is None:
        return max(1, count if given is None else min(given, count))
    wanted = _ceiling(count, _ceiling(classes, features))
    size = min((1 << (wanted - 1).bit_length()) // _part(method), count)
    if given not in (None, size):
        raise ValueError(
            f"batch_chunk_size (={given}) and chunking_method ({method!r}) give different rows to a chunk, {given} and "
            f"{size}; give one of them"
        )
    return max(1, size)


def _usual_method(input: Array) -> str:
    on_cpu = not isinstance(input, torch.Tensor) or input.device.type == "cpu"
    return "aspect_ratio" if on_cpu and is_half(input) else "aspect_ratio:2"


def _part(method: str) -> int:
    """By what the rows that a method comes to are divided."""
    name, colon, number = method.partition(":")
    if name != "aspect_ratio" or (colon and not (number.isdigit() and int(number) > 0)):
        raise ValueError(f"invalid chunking_method: {method!r}")
    return int(number) if colon else 1


def _ceiling(number: int, divisor: int) -> int:
    return -(-number // divisor)


def _check_accumulated(dtype: object) -> None:
    if dtype not in ACCUMULATED:
        raise ValueError(f"acc_dtype must be None or one of {ACCUMULATED}, not {dtype!r}")


def check_dtypes(options: LinearCrossEntropyOptions, input: Array, linear_weight: Array) -> None:
    """What torch's sums in other dtypes than the input's can do: halves in float32, and then weights of any dtype."""
    if not isinstance(input, torch.Tensor):
        return
    own, wider = input.dtype, options.acc_dtype
    if wider is None:
        _check_accumulated(own)
        wider = torch.float32 if is_half(input) and options.acc_policy == "auto" else own
    if wider != own and not (is_half(input) and wider == torch.float32):
        raise RuntimeError(
            f"linear_cross_entropy: acc_dtype float32 goes with inputs in halves, not {dtype_name(input)} with {wider}"
        )
    keeps_logits = dtype_name(input) == "float16" and options.acc_policy in ("balanced", "compact")
    if wider == own or keeps_logits:
        _checks.same_dtype(input, linear_weight)
