"""How a gradient written by hand stands beside a formula.

Rules kept here: the value is the formula's on every library; the rules are themselves made of differentiable
operations, so that they can be differentiated again; a library that has no autograd gets the formula alone.
"""

from collections.abc import Callable, Sequence
from typing import Any

import array_api_compat
import torch

from reimpl._array import has_slope, is_complex, namespace

Formula = Callable[..., Any]


def differentiated(formula: Formula, *slopes: Formula) -> Formula:
    """An elementwise ``formula`` with ``slopes[i]`` as its partial derivative in argument i; the others are constants.

    ``formula`` takes arrays first, those with a slope in the shape of the result, then plain options (None among them);
    a slope takes the direction before them and returns the product, in whatever order rounds as torch does.
    """

    def pulled(cotangent: Any, needed: Sequence[bool], *arguments: Any) -> tuple[Any, ...]:
        wanted = zip(slopes, needed, strict=False)
        return tuple(slope(cotangent, *arguments) if need else None for slope, need in wanted)

    def pushed(tangents: Sequence[Any], *arguments: Any) -> Any:
        parts = [slope(t, *arguments) for slope, t in zip(slopes, tangents, strict=False) if t is not None]
        return sum(parts[1:], start=parts[0])

    return _ruled(formula, pulled, pushed, lambda inputs, output: inputs)


def slope_with_slopes(slope: Formula, *slopes: Formula) -> Formula:
    """A ``slope`` for ``differentiated`` with rules of its own, where torch's second derivatives are not those of its
    first. Compiled code is differentiated once, and Dynamo takes no rule within a rule: there it goes without."""
    ruled = differentiated(slope, *slopes)

    def apply(*arguments: Any) -> Any:
        return slope(*arguments) if torch.compiler.is_compiling() else ruled(*arguments)

    return apply


def differentiated_by_output(formula: Formula, pull: Formula, push: Formula) -> Formula:
    """A ``formula`` of one array whose derivative is told from its result; its further arguments are plain options.

    ``pull(cotangent, output, *options)`` is the gradient, ``push(tangent, output, *options)`` the directional
    derivative.
    """

    def pulled(cotangent: Any, needed: Sequence[bool], *kept: Any) -> tuple[Any, ...]:
        return (pull(cotangent, *kept),)

    def pushed(tangents: Sequence[Any], *kept: Any) -> Any:
        return push(tangents[0], *kept)

    return _ruled(formula, pulled, pushed, lambda inputs, output: (output, *inputs[1:]))


def detached(array: Any) -> Any:
    """``array`` as a constant, through which no gradient flows."""
    if isinstance(array, torch.Tensor):
        return array.detach()
    if array_api_compat.is_jax_array(array):
        import jax  # noqa: PLC0415, JAX is there already: the array is its own

        return jax.lax.stop_gradient(array)
    return array


def constant_to_gradients(formula: Formula) -> Formula:
    """``formula`` as a constant, but for torch's forward mode, which goes through it as through torch's ``no_grad``."""

    def apply(*arguments: Any) -> Any:
        if isinstance(arguments[0], torch.Tensor):
            with torch.no_grad():
                return formula(*arguments)
        return detached(formula(*arguments))

    return apply


def differentiated_by_rules(formula: Formula, pull: Formula, push: Formula) -> Formula:
    """A ``formula`` of one array that is not elementwise; its further arguments are plain options.

    ``pull(cotangent, argument, *options)`` is the gradient, ``push(tangent, argument, *options)`` the directional
    derivative.
    """

    def pulled(cotangent: Any, needed: Sequence[bool], *arguments: Any) -> tuple[Any, ...]:
        return (pull(cotangent, *arguments),)

    def pushed(tangents: Sequence[Any], *arguments: Any) -> Any:
        return push(tangents[0], *arguments)

    return _ruled(formula, pulled, pushed, lambda inputs, output: inputs)


def differentiated_by_rows(formula: Formula, slope: Formula) -> Formula:
    """A ``formula`` of one real array that leaves its last axis with a length of 1; its further arguments are plain
    options. ``slope(array, output, *options)`` is the gradient of each row's output.
    """

    def pulled(cotangent: Any, needed: Sequence[bool], *kept: Any) -> tuple[Any, ...]:
        return (cotangent * slope(*kept),)

    def pushed(tangents: Sequence[Any], *kept: Any) -> Any:
        return namespace(kept[0]).sum(tangents[0] * slope(*kept), axis=-1, keepdims=True)

    return _ruled(formula, pulled, pushed, lambda inputs, output: (inputs[0], output, *inputs[1:]))


def _ruled(formula: Formula, pulled: Formula, pushed: Formula, kept: Formula) -> Formula:
    """``formula`` with rules that are given what ``kept(inputs, output)`` keeps for them, options last."""
    on_torch = _rules_of_torch(formula, pulled, pushed, kept)

    def apply(*arguments: Any) -> Any:
        if isinstance(arguments[0], torch.Tensor):
            # Dynamo refuses a Function that defines `jvp`; forward mode needs one.
            return on_torch[not torch.compiler.is_compiling()].apply(*arguments)
        if array_api_compat.is_jax_array(arguments[0]):
            return _by_jax(formula, pushed, kept, arguments)
        return formula(*arguments)

    return apply


def _rules_of_torch(formula: Formula, pulled: Formula, pushed: Formula, kept: Formula) -> tuple[Any, Any]:
    class Reverse(torch.autograd.Function):
        generate_vmap_rule = True

        # The formula itself, because Dynamo counts the parameters of `forward` to tell whether it takes a context.
        forward = staticmethod(formula)

        @staticmethod
        def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
            arguments = kept(inputs, output)
            ctx.save_for_backward(*(a for a in arguments if isinstance(a, torch.Tensor)))
            ctx.options = tuple(a for a in arguments if not isinstance(a, torch.Tensor))

        @staticmethod
        def backward(ctx: Any, cotangent: Any) -> Any:
            gradients = pulled(cotangent, ctx.needs_input_grad, *ctx.saved_tensors, *ctx.options)
            return (*gradients, *(None for _ in ctx.needs_input_grad[len(gradients) :]))

    class Both(Reverse):
        @staticmethod
        def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
            Reverse.setup_context(ctx, inputs, output)
            ctx.save_for_forward(*(a for a in kept(inputs, output) if isinstance(a, torch.Tensor)))

        @staticmethod
        def jvp(ctx: Any, *tangents: Any) -> Any:
            return pushed(tangents, *ctx.saved_tensors, *ctx.options)

    return Reverse, Both


def _by_jax(formula: Formula, pushed: Formula, kept: Formula, arguments: tuple[Any, ...]) -> Any:
    import jax  # noqa: PLC0415, JAX is there already: the arrays are its own

    arrays = tuple(a for a in arguments if hasattr(a, "shape"))
    options = arguments[len(arrays) :]

    def directional(primals: tuple[Any, ...], tangents: tuple[Any, ...]) -> tuple[Any, Any]:
        output = rule(*primals)
        return output, pushed(tangents, *kept((*primals, *options), output))

    rule = jax.custom_jvp(lambda *primals: formula(*primals, *options))
    rule.defjvp(directional)
    return rule(*arrays)


def _formula_of_positive_part(x: Any) -> Any:
    xp = namespace(x)
    return xp.where(x < 0, xp.zeros_like(x), x)


def _slope_of_positive_part(along: Any, x: Any) -> Any:
    xp = namespace(x)
    # torch.func.jvp makes the tangent of a 0-d float32 plus a number a float64.
    along = xp.astype(along, x.dtype)
    return xp.where(has_slope(x), along, xp.zeros_like(along))


positive_part = differentiated(_formula_of_positive_part, _slope_of_positive_part)
"""max(x, 0) with torch's slope: at 0 where others have 1/2 too, and 0 for NaN, which passes."""


def absolute(array: Any) -> Any:
    """The size, whose slope at 0 is 0, as torch has it; JAX has 1."""
    if _is_of_jax(array) and not is_complex(array):
        return _size(array)
    return namespace(array).abs(array)


_size = differentiated(lambda x: namespace(x).abs(x), lambda along, x: along * namespace(x).sign(x))


def _is_of_jax(array: Any) -> bool:
    return not isinstance(array, torch.Tensor) and array_api_compat.is_jax_array(array)


def moves(along: Any) -> Any:
    """Where a direction is not 0; everywhere for JAX, whose rules are linear in it."""
    if _is_of_jax(along):
        return namespace(along).ones_like(along, dtype=bool)
    return along != 0


def differentiated_once(formula: Formula, pull: Formula, push: Formula) -> Formula:
    """A ``formula`` of arrays and plain options with a rule for the gradient of its first array, the others being
    constants; torch refuses to differentiate it again, and forward.

    ``pull(cotangent, *arguments)`` is the gradient, ``push(tangent, *arguments)`` its transpose, for other libraries.
    """

    def pulled(cotangent: Any, needed: Sequence[bool], *arguments: Any) -> tuple[Any, ...]:
        return (_last(pull(cotangent, *arguments)),)

    def pushed(tangents: Sequence[Any], *arguments: Any) -> Any:
        _forward_refused(tangents[0])
        return push(tangents[0], *arguments)

    return _ruled(formula, pulled, pushed, lambda inputs, output: inputs)


def _forward_refused(tangent: Any) -> None:
    if isinstance(tangent, torch.Tensor):
        raise NotImplementedError("forward AD is not implemented for this loss, as in torch")


def _refused(cotangent: Any, gradient: Any) -> Any:
    raise RuntimeError("a second derivative is not implemented for this loss, as in torch")


_last = differentiated(lambda gradient: gradient * 1, _refused)
