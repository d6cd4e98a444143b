"""JAX's arrays and torch's tensors. JAX has 64 bits only where it is told so before it computes: here.

JAX's slope of a complex number is the conjugate of torch's.
"""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import torch

from parity.bridge import numpy_arrays
from parity.bridge.crossing import Function

jax.config.update("jax_enable_x64", True)  # type: ignore[no-untyped-call]


def over(tensor: torch.Tensor) -> Any:
    return jnp.array(numpy_arrays.over(tensor))


def back(found: Any) -> Any:
    return numpy_arrays.back(np.array(found)) if isinstance(found, jax.Array) else found


def slope(function: Function, at: int) -> Function:
    def found(cotangent: Any, *arrays: Any) -> Any:
        _, pulled = jax.vjp(lambda array: function(*arrays[:at], array, *arrays[at + 1 :]), arrays[at])
        return jnp.conj(pulled(jnp.conj(cotangent))[0])

    return found


def push(function: Function, arrays: Sequence[Any], tangents: Sequence[Any]) -> Any:
    moved = [at for at, tangent in enumerate(tangents) if tangent is not None]

    def of_moved(*chosen: Any) -> Any:
        filled = dict(zip(moved, chosen, strict=True))
        return function(*(filled.get(at, array) for at, array in enumerate(arrays)))

    _, found = jax.jvp(of_moved, [arrays[at] for at in moved], [tangents[at] for at in moved])
    return found
