"""The small network of the blog post '常见的损失函数在pytorch框架的应用', run for real down both ways to its loss.

The network is in float64, so that the bounds can be tight. The losses differ by the roundings between a logit and its
loss alone. The gradients of the parameters are sums over at most 3 · 512 · 512 products; when the upstream gradient
differs in its last bits, such a sum of n products moves by a random walk of √n roundings of its largest partial sums.
"""

from collections.abc import Callable
from math import sqrt

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from reimpl.binary_cross_entropy import binary_cross_entropy
from reimpl.binary_cross_entropy_with_logits import binary_cross_entropy_with_logits
from reimpl.sigmoid import sigmoid

IMAGES = (3, 3, 512, 512)
ROUNDING = torch.finfo(torch.float64).eps
STEPS = 8  # roundings between a logit and its loss: exp, 1 +, 1 /, log, two products, a sum and the mean
PARAMETERS = ("0.weight", "0.bias", "3.weight", "3.bias", "4.weight", "4.bias")
WAYS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "reimpl-sigmoid-bce": lambda x, y: binary_cross_entropy(sigmoid(x), y),
    "reimpl-bce-with-logits": binary_cross_entropy_with_logits,
    "torch-sigmoid-bce": lambda x, y: functional.binary_cross_entropy(torch.sigmoid(x), y),
    "torch-bce-with-logits": functional.binary_cross_entropy_with_logits,
}

Answer = tuple[Tensor, dict[str, Tensor]]


@pytest.fixture(scope="module")
def answers() -> dict[str, Answer]:
    """Loss and gradients by way; one network, one input and one forward pass for all."""
    with torch.random.fork_rng(devices=()):
        torch.manual_seed(20)
        images = torch.randn(IMAGES, dtype=torch.float64)
        network = nn.Sequential(
            nn.Conv2d(3, 10, kernel_size=3, padding=1),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Linear(10, 50),
            nn.Linear(50, 1),
        ).double()
    logits = network(images).squeeze(1)
    return {way: _answer(loss(logits, logits.new_tensor([1, 1, 0])), network) for way, loss in WAYS.items()}


def _answer(loss: Tensor, network: nn.Module) -> Answer:
    named = dict(network.named_parameters())
    gradients = torch.autograd.grad(loss, list(named.values()), retain_graph=True)
    return loss.detach(), dict(zip(named, gradients, strict=True))


def test_every_parameter_is_compared(answers: dict[str, Answer]) -> None:
    assert {tuple(gradients) for _, gradients in answers.values()} == {PARAMETERS}


@pytest.mark.parametrize("way", WAYS)
def test_both_ways_end_in_one_loss(way: str, answers: dict[str, Answer]) -> None:
    loss, expected = answers[way][0], answers["torch-bce-with-logits"][0]
    assert abs(loss - expected) <= STEPS * ROUNDING * expected


@pytest.mark.parametrize("parameter", PARAMETERS)
@pytest.mark.parametrize("way", WAYS)
def test_both_ways_give_each_parameter_one_gradient(way: str, parameter: str, answers: dict[str, Answer]) -> None:
    gradient, expected = answers[way][1][parameter], answers["torch-bce-with-logits"][1][parameter]
    products = sqrt(3 * 512 * 512)
    assert (gradient - expected).abs().max() <= STEPS * products * ROUNDING * expected.abs().max()


@pytest.mark.parametrize("parameter", PARAMETERS)
def test_no_gradient_is_zero(parameter: str, answers: dict[str, Answer]) -> None:
    assert answers["torch-bce-with-logits"][1][parameter].abs().max() > 0
