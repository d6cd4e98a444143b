"""One call to make, and what is seen of it, as plain data.

Rules kept here: a call says everything that an outcome depends on, so that the same call can be made of another side,
in another precision or process; an outcome holds tensors without graph and texts, nothing that could be called.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import torch

from parity.case import Application

GOLDEN = (5**0.5 - 1) / 2  # k · GOLDEN mod 1 never repeats: irregular numbers that need no seed
ONES = "1"
# 1 alone hides a backward that ignores its upstream gradient, or keeps its sign only.
SCALAR_COTANGENTS = (-0.37, 1.0, 2.5)
NUDGE = {2: 2, 4: 32, 8: 32}  # ulps at most, by the bytes of the dtype: two of bfloat16 are 1 % already


@dataclass(frozen=True, slots=True)
class Call:
    """One call to make: of the function ``loss``, of the class ``form``, or of an ``expression`` over the arguments.

    ``arguments`` holds tensors and options by name in the signature's order; those in ``positional`` are passed so,
    for a port may name them otherwise. Upstream gradients are rounded to ``dtype``, the coarsest of the arguments', so
    that the run in higher precision gets the same numbers; ``cotangent`` is one more of them, given by the case, and
    ``ones`` asks for ones too (a 0-d result always gets them). A ``brief`` call has one upstream gradient. ``nudge``
    moves each of them by a few ulps, for each number otherwise.
    """

    loss: str
    arguments: Mapping[str, Any]
    positional: tuple[str, ...]
    dtype: torch.dtype
    differentiable: tuple[str, ...] = ()
    cotangent: Any = None
    ones: bool = False
    brief: bool = False
    nudge: int = 0
    form: str | None = None
    expression: Application | None = None

    @property
    def tensors(self) -> dict[str, torch.Tensor]:
        return {name: value for name, value in self.arguments.items() if isinstance(value, torch.Tensor)}

    @property
    def floats(self) -> tuple[str, ...]:
        return tuple(name for name, t in self.tensors.items() if t.is_floating_point() or t.is_complex())

    def with_tensors(self, change: Callable[[torch.Tensor], torch.Tensor]) -> "Call":
        """The same call with every tensor changed."""
        changed = {name: change(tensor) for name, tensor in self.tensors.items()}
        return replace(self, arguments={**self.arguments, **changed})


@dataclass(frozen=True, slots=True)
class Raised:
    """An exception as plain data: its type's name, the names of all its bases, and its message."""

    type: str
    bases: tuple[str, ...]
    message: str

    def __str__(self) -> str:
        first, *rest = self.message.splitlines() or [""]
        return f"{self.type}: {first}{' …' if rest else ''}"


Gradients = Mapping[str, Mapping[str, torch.Tensor | None]]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one side did.

    ``absent`` says why there is no such side, and then there is nothing else. ``value`` is None where it raised or
    returned something else (``returned`` says what). ``gradients`` holds, for each
    upstream gradient by name and each differentiable argument, the gradient or None.
    """

    value: torch.Tensor | None = None
    returned: str = "nothing"
    gradients: Gradients = field(default_factory=dict)
    raised: Raised | None = None
    raised_in_backward: Raised | None = None
    warned: tuple[tuple[str, str], ...] = ()
    impurities: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    absent: str = ""


def alike(one: torch.Tensor | None, other: torch.Tensor | None) -> bool:
    """Whether both have the same numbers, shape and dtype, or neither is there."""
    if one is None or other is None:
        return one is other
    same_kind = one.shape == other.shape and one.dtype == other.dtype
    return same_kind and torch.allclose(one, other, rtol=0, atol=0, equal_nan=True)


def irregular(shape: tuple[int, ...], turn: int = 0) -> torch.Tensor:
    """Numbers of either sign and of sizes from 0.25 to 1.25, no two alike; others for another ``turn``."""
    steps = torch.arange(1, math.prod(shape) + 1, dtype=torch.float64) + 7 * turn
    return ((0.25 + (steps * GOLDEN) % 1) * torch.where(steps % 3 == 0, -1.0, 1.0)).view(shape)


def cotangents(value: torch.Tensor, call: Call) -> dict[str, torch.Tensor]:
    """The upstream gradients by name: three scalars for a 0-d result, else an irregular and a one-hot array."""
    if value.ndim == 0:
        named = {f"{scale:g}": value.new_full((), scale, dtype=torch.float64) for scale in SCALAR_COTANGENTS}
    else:
        one_hot = torch.zeros(value.numel(), dtype=torch.float64)
        one_hot[value.numel() // 2 : value.numel() // 2 + 1] = 1.0
        named = {"irregular": irregular(value.shape), "one-hot": one_hot.view(value.shape)}
        if call.ones:
            named[ONES] = torch.ones(value.shape, dtype=torch.float64)
    if call.cotangent is not None:
        named["given"] = torch.tensor(call.cotangent, dtype=torch.float64).expand(value.shape)
    if call.brief:
        named = dict([next(iter(named.items()))])
    return {n: _nudged(c, call).to(call.dtype).to(value.device, value.dtype) for n, c in named.items()}


def _nudged(cotangent: torch.Tensor, call: Call) -> torch.Tensor:
    if not call.nudge:
        return cotangent
    edge = torch.finfo(call.dtype)
    steps = torch.arange(1, cotangent.numel() + 1, dtype=torch.float64).view(cotangent.shape) * GOLDEN * call.nudge
    reach = NUDGE[edge.bits // 8]
    return cotangent * (1 + edge.eps * torch.round(2 * reach * (steps % 1) - reach))
