"""In the shipped cases no formula is farther from the truth than torch: in value and gradient, in every dtype. Some are
asked here, all in ``make thorough``."""

from types import SimpleNamespace

import pytest
import torch
from sweeps import farther
from torch.nn.functional import mse_loss

from parity.candidates import candidate
from parity.losses import Subject
from reimpl import binary_cross_entropy_with_logits, ctc_loss

SAMPLE = ["binary_cross_entropy", "log_softmax", "mse_loss", "nll_loss", "soft_margin_loss"]


@pytest.mark.parametrize("name", SAMPLE)
def test_no_formula_is_farther_from_the_truth_than_torch(name):
    assert farther(candidate("reimpl"), name) == {}


def test_formula_that_rounds_on_its_way_is_farther():
    careless = SimpleNamespace(mse_loss=lambda input, target, *_, **options: mse_loss(input + 1, target + 1, **options))
    assert set(farther(Subject("careless", careless), "mse_loss")) > {("bfloat16", "value"), ("float32", "gradient")}


@pytest.mark.parametrize("pos_weight", [None, torch.ones(2, dtype=torch.float64)], ids=["without", "with"])
def test_cost_and_slope_of_a_logit_far_from_zero_are_those_of_its_mirror_image(pos_weight):
    x = torch.tensor([40.0, -40.0], dtype=torch.float64, requires_grad=True)
    loss = binary_cross_entropy_with_logits(x, (x > 0).double(), reduction="none", pos_weight=pos_weight)
    (slope,) = torch.autograd.grad(loss.sum(), x)
    assert torch.equal(torch.stack([loss[0], loss[1], -slope[0], slope[1]]), torch.exp(-x[:1].detach()).expand(4))


def test_ctc_over_many_steps_in_float32_is_rounded_once():
    steps = torch.randn(60, 2, 5, generator=torch.Generator().manual_seed(1)).log_softmax(2)
    rest = torch.tensor([[1, 2, 3, 1], [4, 4, 2, 1]]), (60, 50), (4, 3)
    fine = ctc_loss(steps.double(), *rest, reduction="none")
    assert torch.equal(ctc_loss(steps, *rest, reduction="none"), fine.float())
