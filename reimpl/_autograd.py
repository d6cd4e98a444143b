"""How a gradient written by hand stands beside an elementwise formula.

Rules kept here: the value is the formula's on every library; the slopes are themselves made of differentiable
operations, so that they can be differentiated again; a library that has no autograd gets the formula alone.
"""

from collections.abc import Callable
from typing import Any

import array_api_compat
import torch

from reimpl._array import Array

Elementwise = Callable[..., Any]


def differentiated(formula: Elementwise, *slopes: Elementwise) -> Elementwise:
    """``formula`` with ``slopes[i]`` as its partial derivative in argument i; further arguments are constants.

    ``formula`` and the slopes take the same arguments: arrays first, those with a slope in the shape of the result,
    then plain options (None among them).
    """
    on_torch = _rules_of_torch(formula, slopes)

    def apply(*arguments: Any) -> Any:
        if isinstance(arguments[0], torch.Tensor):
            # Dynamo refuses a Function that defines `jvp`; forward mode needs one.
            return on_torch[not torch.compiler.is_compiling()].apply(*arguments)
        if array_api_compat.is_jax_array(arguments[0]):
            return _by_jax(formula, slopes, arguments)
        return formula(*arguments)

    return apply


def held(array: Array) -> Array:
    """``array`` as a constant of differentiation."""
    if isinstance(array, torch.Tensor):
        return array.detach()
    if array_api_compat.is_jax_array(array):
        from jax.lax import stop_gradient  # noqa: PLC0415, JAX is there already: the array is its own

        return stop_gradient(array)
    return array


def _rules_of_torch(formula: Elementwise, slopes: tuple[Elementwise, ...]) -> tuple[Any, Any]:
    class Reverse(torch.autograd.Function):
        generate_vmap_rule = True

        # The formula itself, because Dynamo counts the parameters of `forward` to tell whether it takes a context.
        forward = staticmethod(formula)

        @staticmethod
        def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
            ctx.save_for_backward(*(a for a in inputs if isinstance(a, torch.Tensor)))
            ctx.options = tuple(a for a in inputs if not isinstance(a, torch.Tensor))

        @staticmethod
        def backward(ctx: Any, cotangent: Any) -> Any:
            arguments = (*ctx.saved_tensors, *ctx.options)
            gradients = [
                cotangent * slope(*arguments) if needed else None
                for slope, needed in zip(slopes, ctx.needs_input_grad, strict=False)
            ]
            return (*gradients, *(None for _ in arguments[len(gradients) :]))

    class Both(Reverse):
        @staticmethod
        def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
            Reverse.setup_context(ctx, inputs, output)
            ctx.save_for_forward(*(a for a in inputs if isinstance(a, torch.Tensor)))

        @staticmethod
        def jvp(ctx: Any, *tangents: Any) -> Any:
            return _pushed(slopes, (*ctx.saved_tensors, *ctx.options), tangents)

    return Reverse, Both


def _by_jax(formula: Elementwise, slopes: tuple[Elementwise, ...], arguments: tuple[Any, ...]) -> Any:
    import jax  # noqa: PLC0415, JAX is there already: the arrays are its own

    arrays = tuple(a for a in arguments if hasattr(a, "shape"))
    options = arguments[len(arrays) :]
    rule = jax.custom_jvp(lambda *primals: formula(*primals, *options))
    rule.defjvp(lambda primals, tangents: (rule(*primals), _pushed(slopes, (*primals, *options), tangents)))
    return rule(*arrays)


def _pushed(slopes: tuple[Elementwise, ...], arguments: tuple[Any, ...], tangents: tuple[Any, ...]) -> Any:
    """The directional derivative along ``tangents``, those that are there."""
    parts = [
        slope(*arguments) * tangent for slope, tangent in zip(slopes, tangents, strict=False) if tangent is not None
    ]
    return sum(parts[1:], start=parts[0])
