"""Some of what ``make thorough`` asks of every trial: what is wrong is not accepted, what is right not turned down."""

from collections.abc import Iterator

import pytest
import torch
from honest.judged import theirs
from sweeps import accepted_fakes, answered, contested, other_verdicts

from parity.judging import THREADS
from parity.selection import Request, select


@pytest.fixture
def _two_threads() -> Iterator[None]:
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(THREADS)


def test_no_fake_passes_in_float64_however_patiently_it_is_judged() -> None:
    assert [fake for trial in answered("float64")[::97] for fake in accepted_fakes(trial)] == []


def test_float64_and_50_digits_agree_on_finite_numbers() -> None:
    single = [trial for trial in theirs() if trial.dtype == "float32"]
    assert [said for trial in single[::97] for said in contested(trial)] == []


@pytest.mark.parametrize("seed", [1, 1000])
def test_verdict_holds_on_other_numbers(seed: int) -> None:
    trials = select(Request(device="cpu")).trials[seed % 151 :: 151]
    assert [said for trial in trials for said in other_verdicts(trial, seed)] == []


@pytest.mark.usefixtures("_two_threads")
def test_verdict_holds_with_two_threads() -> None:
    trials = select(Request(device="cpu")).trials[::151]
    assert [said for trial in trials for said in other_verdicts(trial, 0)] == []
