"""How long a candidate takes beside torch: one value and one backward on arrays of one dimension.

Rules kept here: both sides run in one process, by turns, on the same numbers; what a busy machine adds is left out as
far as medians and the best of several rounds can.
"""

import time
import warnings
from collections.abc import Callable
from statistics import median

import torch

from parity.losses import REFERENCE, Function, Subject, signatures

SIZES = (10_000, 100_000)  # elements, float32
ROUNDS, TURNS, WARM = 5, 9, 3


def ratio(subject: Subject, loss: str, size: int) -> float | None:
    """The median time of the candidate divided by that of torch, in the round in which that is least; None where one
    of the sides does not take arrays of shape (size,) alone, or gives no gradient."""
    ours, theirs = subject.function(loss), REFERENCE.function(loss)
    if ours is None or theirs is None:
        return None
    steps = [_step(side, _arrays(loss, size)) for side in (ours, theirs)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            for step in steps * WARM:
                step()
        except Exception:  # this loss is not one of such arrays: whatever it raises says so
            return None
        return min(_round(*steps) for _ in range(ROUNDS))


def _arrays(loss: str, size: int) -> list[torch.Tensor]:
    """Numbers in (0, 1) for each argument that must be given: a probability, a variance and a target for most."""
    required = [argument for argument in signatures()[loss].arguments if argument.required]
    draw = torch.Generator().manual_seed(0)
    return [torch.rand(size, generator=draw).clamp(0.01, 0.99).requires_grad_(not at) for at in range(len(required))]


def _step(function: Function, arrays: list[torch.Tensor]) -> Callable[[], float]:
    def step() -> float:
        begun = time.perf_counter()
        value = function(*arrays)
        torch.autograd.grad(value if value.ndim == 0 else value.sum(), arrays[0])
        return time.perf_counter() - begun

    return step


def _round(ours: Callable[[], float], theirs: Callable[[], float]) -> float:
    taken = [(ours(), theirs()) for _ in range(TURNS)]
    return median(own for own, _ in taken) / median(reference for _, reference in taken)
