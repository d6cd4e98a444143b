"""How a formula that sums up its gradients on the way stands in autograd, so that nothing in between is kept.

Rules kept here: the value is the formula's on every library; a library without torch's autograd gets the value alone;
beyond the first gradient it is as in torch's own: forward mode sees a constant, ``torch.func.grad`` is refused.
"""

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from itertools import zip_longest
from typing import Any

import torch

Formula = Callable[..., Any]


def accumulated(formula: Formula) -> Callable[..., Any]:
    """The value of ``formula(upstream, wanted, *arguments)``, which returns it and the gradients of those of the first
    ``len(wanted)`` arguments that are wanted.

    A single number finds them on the way (``upstream`` is None then) and scales them in backward: once, unless it
    ``keeps`` them. ``several`` numbers find them in backward, by another run. The result is called with
    ``(keeps, several, count, *arguments)``, the first ``count`` of them differentiable.
    """
    scaled, once, again = _of(_Scaled, formula), _of(_Once, formula), _again(formula)
    eager = {rules: _eager(rules) for rules in (scaled, once, again)}

    def apply(keeps: bool, several: bool, count: int, *arguments: Any) -> Any:
        wanted = (False,) * count
        if not isinstance(arguments[0], torch.Tensor):
            return formula(None, wanted, *arguments)[0]
        if torch.is_grad_enabled() and not several:
            wanted = tuple(a is not None and a.requires_grad for a in arguments[:count])
        rules = again if several else scaled if keeps else once
        if not torch.compiler.is_compiling():
            _refuse_functional_gradient(arguments)
            rules = eager[rules]
        with _without_autocast(arguments[0]):
            return rules.apply(None, wanted, *arguments)[0]

    return apply


class _Scaled(torch.autograd.Function):
    """Found in forward, scaled in backward."""

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: tuple[Any, ...]) -> None:
        ctx.mark_non_differentiable(*output[1:])
        ctx.set_materialize_grads(False)  # or each backward would make zeros for what has no cotangent
        ctx.save_for_backward(*output[1:])
        ctx.wanted = inputs[1]

    @staticmethod
    def backward(ctx: Any, cotangent: Any, *rest: Any) -> Any:
        if cotangent is None:
            return _in_place(ctx, (), ())
        return _in_place(ctx, ctx.wanted, (gradient * cotangent for gradient in ctx.saved_tensors))


class _Once(_Scaled):
    """The same in the memory that the gradients have already, which they leave with the first backward."""

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: tuple[Any, ...]) -> None:
        _Scaled.setup_context(ctx, inputs, output)
        ctx.is_spent = False

    @staticmethod
    def backward(ctx: Any, cotangent: Any, *rest: Any) -> Any:
        if ctx.is_spent and any(ctx.wanted):
            raise RuntimeError("a second backward: the gradients are spent; `allow_retain_graph` keeps them for more")
        ctx.is_spent = True
        return _in_place(ctx, ctx.wanted, (gradient.mul_(cotangent) for gradient in ctx.saved_tensors))


def _again(formula: Formula) -> Any:
    class Again(torch.autograd.Function):
        """Found in backward."""

        @staticmethod
        def setup_context(ctx: Any, inputs: tuple[Any, ...], output: tuple[Any, ...]) -> None:
            ctx.save_for_backward(*(a if isinstance(a, torch.Tensor) else None for a in inputs[2:]))
            ctx.plain = tuple(None if isinstance(a, torch.Tensor) else a for a in inputs[2:])
            ctx.count = len(inputs[1])

        @staticmethod
        def backward(ctx: Any, cotangent: Any, *rest: Any) -> Any:
            if torch.is_grad_enabled() and cotangent.requires_grad:
                raise RuntimeError("gradients that backward finds by another run cannot be differentiated again")
            wanted = ctx.needs_input_grad[2:][: ctx.count]
            arguments = (p if t is None else t for t, p in zip(ctx.saved_tensors, ctx.plain, strict=True))
            with torch.no_grad(), _without_autocast(cotangent):
                return _in_place(ctx, wanted, formula(cotangent, wanted, *arguments)[1:])

    return _of(Again, formula)


def _of(rules: type, formula: Formula) -> Any:
    # The formula itself, because Dynamo counts the parameters of `forward` to tell whether it takes a context.
    return type(rules.__name__, (rules,), {"forward": staticmethod(formula)})


def _in_place(ctx: Any, wanted: tuple[bool, ...], found: Iterable[Any]) -> tuple[Any, ...]:
    """What backward returns for all that forward took: upstream and ``wanted``, then the arguments."""
    gradients = iter(found)
    places = zip_longest((False, False, *wanted), ctx.needs_input_grad, fillvalue=False)
    return tuple(next(gradients) if want else None for want, _ in places)


def _eager(rules: Any) -> Any:
    """With what Dynamo does not trace: a constant in forward mode, one call after the other under vmap."""

    class Eager(rules):  # type: ignore[misc]  # a class that is known when it runs
        @staticmethod
        def setup_context(ctx: Any, inputs: tuple[Any, ...], output: tuple[Any, ...]) -> None:
            rules.setup_context(ctx, inputs, output)
            ctx.save_for_forward(output[0])
            ctx.results = len(output)

        @staticmethod
        def jvp(ctx: Any, *tangents: Any) -> Any:
            return (torch.zeros_like(ctx.saved_tensors[0]), *(None,) * (ctx.results - 1))

        @staticmethod
        def vmap(call: Any, axes: tuple[int | None, ...], *inputs: Any) -> Any:
            size = call.batch_size
            moved = [a.unbind(at) if isinstance(at, int) else [a] * size for a, at in zip(inputs, axes, strict=True)]
            each = [Eager.apply(*row) for row in zip(*moved, strict=True)]
            stacked = tuple(torch.stack(parts) for parts in zip(*each, strict=True))
            return stacked, (0,) * len(stacked)

    return Eager


def _refuse_functional_gradient(arguments: tuple[Any, ...]) -> None:
    if any(_is_differentiated(a) for a in arguments if isinstance(a, torch.Tensor)):
        raise RuntimeError("torch.func.grad cannot have gradients that are found on the way; backward() can")


def _is_differentiated(tensor: Any) -> bool:
    """By a transform of ``torch.func``, in any of its layers."""
    layers = torch._C._functorch
    while layers.is_functorch_wrapped_tensor(tensor):
        if layers.is_gradtrackingtensor(tensor) and tensor.requires_grad:
            return True
        tensor = layers.get_unwrapped(tensor)
    return False


def _without_autocast(tensor: torch.Tensor) -> AbstractContextManager[Any]:
    kind = tensor.device.type
    return torch.autocast(kind, enabled=False) if torch.amp.is_autocast_available(kind) else nullcontext()
