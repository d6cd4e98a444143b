"""torch's losses through torch's decompositions, forward and backward.

Each operator that has an entry in ``torch._decomp.decomposition_table`` is computed by that entry, as a compiler or an
exporter would rewrite it; all others run as they are. From the root of the repository::

    parity check tests/borrowed/decomposed.py --loss huber_loss --facet value --facet gradient

The backward is of one order: second gradients, forward mode and vmap say nothing about the decompositions.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812, its usual name
from torch._decomp import decomposition_table
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import TreeSpec, tree_flatten, tree_unflatten


class Decomposing(TorchDispatchMode):
    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        rule = decomposition_table.get(func)
        if rule is not None:
            with self:
                found = rule(*args, **(kwargs or {}))
            if found is not NotImplemented:
                return found
        return func(*args, **(kwargs or {}))


class Decomposed(torch.autograd.Function):
    """A call whose operators are decomposed, and those of its backward too."""

    @staticmethod
    def forward(ctx: Any, loss: Callable[..., Any], structure: TreeSpec, *leaves: Any) -> Any:
        needed = ctx.needs_input_grad[2:]
        ctx.leaves = [
            leaf.detach().requires_grad_(slope) if isinstance(leaf, torch.Tensor) else leaf
            for leaf, slope in zip(leaves, needed, strict=True)
        ]
        args, kwargs = tree_unflatten(ctx.leaves, structure)
        with torch.enable_grad(), Decomposing():
            ctx.value = loss(*args, **kwargs)
        value = ctx.value.detach()
        if not ctx.value.requires_grad:
            ctx.mark_non_differentiable(value)
        return value

    @staticmethod
    def backward(ctx: Any, upstream: Any) -> Any:
        needed = ctx.needs_input_grad[2:]
        wanted = [leaf for leaf, slope in zip(ctx.leaves, needed, strict=True) if slope]
        with Decomposing():
            slopes = iter(torch.autograd.grad(ctx.value, wanted, upstream, retain_graph=True, allow_unused=True))
        return None, None, *(next(slopes) if slope else None for slope in needed)


def __getattr__(name: str) -> Callable[..., Any]:
    loss = getattr(F, name)

    @wraps(loss)
    def decomposed(*args: Any, **kwargs: Any) -> Any:
        leaves, structure = tree_flatten((args, kwargs))
        return Decomposed.apply(loss, structure, *leaves)

    return decomposed
