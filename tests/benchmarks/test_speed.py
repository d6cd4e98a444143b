"""torch's kernel, the formula as it stands, and the formula compiled: forward and backward on a million elements.

The three stand in one group a loss, so that their ratio is read off one machine at one time: ``make bench``.
"""

from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F  # noqa: N812, its usual name
from pytest_benchmark.fixture import BenchmarkFixture

import reimpl

ROWS, CLASSES = 10_000, 100
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # Dynamo and Inductor give their own


def _normal() -> torch.Tensor:
    return torch.randn(ROWS, CLASSES, generator=torch.Generator().manual_seed(1))


def _bits() -> torch.Tensor:
    return (_normal() > 0).float()


def _classes() -> torch.Tensor:
    return torch.arange(ROWS) % CLASSES


INPUTS: dict[str, Callable[[], tuple[torch.Tensor, torch.Tensor]]] = {
    "l1_loss": lambda: (_normal(), _bits()),
    "mse_loss": lambda: (_normal(), _bits()),
    "smooth_l1_loss": lambda: (_normal(), _bits()),
    "huber_loss": lambda: (_normal(), _bits()),
    "cross_entropy": lambda: (_normal(), _classes()),
    "nll_loss": lambda: (_normal(), _classes()),
    "binary_cross_entropy": lambda: (_normal().sigmoid(), _bits()),
    "binary_cross_entropy_with_logits": lambda: (_normal(), _bits()),
    "multilabel_soft_margin_loss": lambda: (_normal(), _bits()),
}
SIDES: dict[str, Callable[[str], Callable[..., Any]]] = {
    "torch": lambda loss: getattr(F, loss),
    "formula": lambda loss: getattr(reimpl, loss),
    "compiled": lambda loss: torch.compile(getattr(reimpl, loss), fullgraph=True),
}


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("loss", INPUTS)
def test_forward_and_backward(benchmark: BenchmarkFixture, loss: str, side: str) -> None:
    benchmark.group = loss
    function = SIDES[side](loss)
    input, target = INPUTS[loss]()
    input.requires_grad_(True)
    benchmark(lambda: torch.autograd.grad(function(input, target), input))
