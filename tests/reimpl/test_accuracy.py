"""In the shipped cases no formula is farther from the truth than torch: in value and gradient, in every dtype.

No exception is needed. One would stand here by name, with its reason and a test that it still is one.
"""

from collections import defaultdict
from types import SimpleNamespace

import pytest
import torch
from torch.nn.functional import mse_loss

from parity.agreement import NO_ERRORS
from parity.exam import Exam
from parity.facets import compare
from parity.losses import Subject, candidate
from parity.runner import run
from parity.selection import Request, select
from parity.trial import referred
from reimpl import binary_cross_entropy_with_logits

SAMPLE = [
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "cross_entropy",
    "log_softmax",
    "mse_loss",
    "nll_loss",
    "softmax",
]
DTYPES = ["float32", "bfloat16"]  # float16 goes the way of bfloat16; in float64 errors are not measured
SMALL = 0.01
LUCK = {"float32": 1}  # ulps: the last bit of exp and log is the machine's; a result in 16 bits does not see it


def errors(trial, subject):
    call, expected, refused = referred(trial)
    exam = Exam(trial, subject, call, expected, run(subject, call), refused)
    return {(trial.dtype, facet): compare(facet, exam).errors for facet in ("value", "gradient")}


def beyond(subject, loss):
    """Where the worst error of ``subject`` is greater than torch's, with both."""
    worst = defaultdict(lambda: NO_ERRORS)
    trials = select(Request(losses=[loss], dtypes=DTYPES, device="cpu")).trials
    for trial in (trial for trial in trials if trial.form == "function"):
        for where, found in errors(trial, subject).items():
            worst[where] |= found
    return {
        where: (both.candidate, both.reference)
        for where, both in worst.items()
        if both.candidate > both.reference * (1 + SMALL) + LUCK.get(where[0], 0)
    }


@pytest.mark.parametrize("name", SAMPLE)
def test_no_formula_is_farther_from_the_truth_than_torch(name):
    assert beyond(candidate("reimpl"), name) == {}


def test_formula_that_rounds_on_its_way_is_farther():
    careless = SimpleNamespace(mse_loss=lambda input, target, *_, **options: mse_loss(input + 1, target + 1, **options))
    assert set(beyond(Subject("careless", careless), "mse_loss")) > {("bfloat16", "value"), ("float32", "gradient")}


@pytest.mark.parametrize("pos_weight", [None, torch.ones(2, dtype=torch.float64)], ids=["without", "with"])
def test_cost_and_slope_of_a_logit_far_from_zero_are_those_of_its_mirror_image(pos_weight):
    x = torch.tensor([40.0, -40.0], dtype=torch.float64, requires_grad=True)
    loss = binary_cross_entropy_with_logits(x, (x > 0).double(), reduction="none", pos_weight=pos_weight)
    (slope,) = torch.autograd.grad(loss.sum(), x)
    assert torch.equal(torch.stack([loss[0], loss[1], -slope[0], slope[1]]), torch.exp(-x[:1].detach()).expand(4))
