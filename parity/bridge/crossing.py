"""A function of another framework's arrays as a function of torch's tensors, with gradients of any order.

Rules kept here: whatever crosses does so by the framework's own ``over`` and ``back``; a gradient is itself a function
of the framework's, and crosses like one.
"""

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, Protocol

import numpy as np
import torch

Function = Callable[..., Any]


class Arrays(Protocol):
    """What the bridge asks of a framework: each of the files ``<framework>_arrays`` answers it."""

    def over(self, tensor: torch.Tensor) -> Any:
        """The framework's array of the same numbers, bit for bit, and dtype."""

    def back(self, found: Any) -> Any:
        """The tensor of the same numbers and dtype; what is no array of the framework as it is."""


class Slopes(Arrays, Protocol):
    """The same of a framework that differentiates."""

    def slope(self, function: Function, at: int) -> Function:
        """From an upstream gradient and the arguments to the gradient of one of these."""

    def push(self, function: Function, arrays: Sequence[Any], tangents: Sequence[Any]) -> Any:
        """The derivative along ``tangents``, one beside each array, None for none."""


def bridged(function: Function, arrays: Any, *, slopes: bool) -> Function:
    """``function`` on torch's tensors; ``arrays`` is what ``Slopes`` says, or ``Arrays`` where there are no slopes."""

    @wraps(function)
    def call(*arguments: Any, **options: Any) -> Any:
        given: dict[Any, Any] = {**dict(enumerate(arguments)), **options}
        tensors = {name: value for name, value in given.items() if isinstance(value, torch.Tensor)}

        def on_arrays(*found: Any) -> Any:
            filled = {**given, **dict(zip(tensors, found, strict=True))}
            return function(*(filled[at] for at in range(len(arguments))), **{name: filled[name] for name in options})

        return _crossed(arrays, on_arrays, *tensors.values()) if slopes else _gone(arrays, on_arrays, tensors.values())

    return call


def _gone(arrays: Arrays, function: Function, tensors: Any) -> Any:
    """There and back. Of overflow and the like NumPy tells as its caller asks; torch tells nothing."""
    with np.errstate(all="ignore"):
        return arrays.back(function(*map(arrays.over, tensors)))


def _crossed(arrays: Slopes, function: Function, *tensors: torch.Tensor) -> Any:
    return _Crossing.apply(arrays, function, *tensors)  # type: ignore[no-untyped-call]


class _Crossing(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, arrays: Slopes, function: Function, *tensors: torch.Tensor) -> Any:
        ctx.arrays, ctx.function = arrays, function
        ctx.save_for_backward(*tensors)
        ctx.save_for_forward(*tensors)
        return _gone(arrays, function, tensors)

    @staticmethod
    def backward(ctx: Any, cotangent: torch.Tensor) -> Any:
        arrays, wanted = ctx.arrays, enumerate(ctx.needs_input_grad[2:])
        slopes = (arrays.slope(ctx.function, at) if need else None for at, need in wanted)
        return None, None, *(slope and _crossed(arrays, slope, cotangent, *ctx.saved_tensors) for slope in slopes)

    @staticmethod
    def jvp(ctx: Any, *tangents: torch.Tensor | None) -> Any:
        along = [None if tangent is None else ctx.arrays.over(tangent) for tangent in tangents[2:]]
        return _gone(ctx.arrays, lambda *found: ctx.arrays.push(ctx.function, found, along), ctx.saved_tensors)
