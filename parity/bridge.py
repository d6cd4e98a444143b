"""Functions of TensorFlow's tensors as functions of torch's, with gradients of any order.

Rules kept here: numbers cross bit for bit; a gradient is itself a function of TensorFlow's, and crosses like one.
"""

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

Function = Callable[..., Any]


def bridged(function: Function) -> Function:
    """``function`` on torch's tensors."""
    signature = inspect.signature(function)

    def call(*arguments: Any, **options: Any) -> Any:
        given = signature.bind(*arguments, **options).arguments
        tensors = {name: value for name, value in given.items() if isinstance(value, torch.Tensor)}
        rest = {name: value for name, value in given.items() if name not in tensors}
        return _crossed(lambda *t: function(**dict(zip(tensors, t, strict=True)), **rest), *tensors.values())

    return call


def _crossed(function: Function, *tensors: torch.Tensor) -> Any:
    return _Crossing.apply(function, *tensors)  # type: ignore[no-untyped-call]


class _Crossing(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, function: Function, *tensors: torch.Tensor) -> torch.Tensor:
        ctx.function = function
        ctx.save_for_backward(*tensors)
        return _back(function(*map(_over, tensors)))

    @staticmethod
    def backward(ctx: Any, cotangent: torch.Tensor) -> Any:
        wanted = enumerate(ctx.needs_input_grad[1:])
        slopes = (_slope(ctx.function, at) if need else None for at, need in wanted)
        return None, *(slope and _crossed(slope, cotangent, *ctx.saved_tensors) for slope in slopes)


def _slope(function: Function, at: int) -> Function:
    """From an upstream gradient and the arguments to the gradient of one of these."""
    import tensorflow  # noqa: PLC0415, it is there: a function of its own is called

    def slope(cotangent: Any, *tensors: Any) -> Any:
        with tensorflow.GradientTape() as tape:
            tape.watch(tensors[at])
            value = function(*tensors)
        zero = tensorflow.UnconnectedGradients.ZERO
        return tape.gradient(value, tensors[at], output_gradients=cotangent, unconnected_gradients=zero)

    return slope


def _over(tensor: torch.Tensor) -> Any:
    import tensorflow  # noqa: PLC0415, it is there: a function of its own is called

    if tensor.dtype is torch.bfloat16:  # NumPy has no such type
        return tensorflow.bitcast(_over(tensor.view(torch.int16)), tensorflow.bfloat16)
    return tensorflow.constant(tensor.detach().numpy())


def _back(tensor: Any) -> torch.Tensor:
    import tensorflow  # noqa: PLC0415, it is there: a function of its own is called

    if tensor.dtype == tensorflow.bfloat16:
        return _back(tensorflow.bitcast(tensor, tensorflow.int16)).view(torch.bfloat16)
    return torch.from_numpy(np.array(tensor))
