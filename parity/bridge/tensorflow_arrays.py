"""TensorFlow's tensors and torch's."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow
import torch

from parity.bridge import numpy_arrays
from parity.bridge.crossing import Function

ZERO = tensorflow.UnconnectedGradients.ZERO


def over(tensor: torch.Tensor) -> Any:
    return tensorflow.constant(numpy_arrays.over(tensor))


def back(found: Any) -> Any:
    return numpy_arrays.back(np.array(found.numpy())) if isinstance(found, tensorflow.Tensor) else found


def slope(function: Function, at: int) -> Function:
    def found(cotangent: Any, *tensors: Any) -> Any:
        with tensorflow.GradientTape() as tape:
            tape.watch(tensors[at])
            value = function(*tensors)
        gradient = tape.gradient(value, tensors[at], output_gradients=cotangent, unconnected_gradients=ZERO)
        return tensorflow.convert_to_tensor(gradient)  # that of a gathering is a list of slices

    return found


def push(function: Function, tensors: Sequence[Any], tangents: Sequence[Any]) -> Any:
    moved = [(tensor, tangent) for tensor, tangent in zip(tensors, tangents, strict=True) if tangent is not None]
    with tensorflow.autodiff.ForwardAccumulator(*zip(*moved, strict=True)) as forward:
        value = function(*tensors)
    return forward.jvp(value, unconnected_gradients=ZERO)
