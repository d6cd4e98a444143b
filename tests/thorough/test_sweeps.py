"""Every trial: fakes judged patiently, the two truths held against each other, the verdict under seeds and threads."""

from collections.abc import Iterator

import pytest
import torch
from honest.judged import theirs
from sweeps import accepted_fakes, answered, contested, farther, other_verdicts

from parity.candidates import candidate
from parity.losses import signatures
from parity.remote import THREADS
from parity.selection import Request, select

FARTHER = {
    # The sum over the classes is a product of matrices, left to the library on both sides; where its terms cancel to
    # nearly nothing, the last bits of the slopes decide, and there is no telling whose are the luckier.
    "linear_cross_entropy": {("float32", "gradient")},
}
STRIPES = 50  # each takes every 50th trial: the first few say something about all


@pytest.fixture(params=[1, 2], ids=lambda count: f"{count}_threads")
def _threads(request: pytest.FixtureRequest) -> Iterator[None]:
    torch.set_num_threads(request.param)
    yield
    torch.set_num_threads(THREADS)


@pytest.mark.parametrize("stripe", range(STRIPES))
def test_no_fake_passes_in_float64_however_patiently_it_is_judged(stripe: int) -> None:
    assert [fake for trial in answered("float64")[stripe::STRIPES] for fake in accepted_fakes(trial)] == []


@pytest.mark.parametrize("stripe", range(STRIPES))
def test_float64_and_50_digits_agree_on_finite_numbers(stripe: int) -> None:
    single = [trial for trial in theirs() if trial.dtype == "float32"]
    assert [said for trial in single[stripe::STRIPES] for said in contested(trial)] == []


@pytest.mark.usefixtures("_threads")
@pytest.mark.parametrize("seed", [0, 1, 2, 3, 1000])
@pytest.mark.parametrize("stripe", range(STRIPES))
def test_verdict_holds_under_every_seed_and_thread_count(stripe: int, seed: int) -> None:
    trials = select(Request(device="cpu")).trials[stripe::STRIPES]
    assert [said for trial in trials for said in other_verdicts(trial, seed)] == []


@pytest.mark.parametrize("loss", signatures())
def test_no_formula_is_farther_from_the_truth_than_torch(loss: str) -> None:
    """But for those named, which are told when they are none any more."""
    assert farther(candidate("reimpl"), loss).keys() == FARTHER.get(loss, set())
