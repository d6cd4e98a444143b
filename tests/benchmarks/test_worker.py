"""What it costs to judge in a worker: the same trials with the candidate in this process and in one of its own."""

from collections.abc import Callable, Iterator

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from parity.candidates import candidate
from parity.judging import judged
from parity.remote import Limits, RemoteSubject
from parity.selection import Request, select
from parity.trial import check

LOSSES = ("mse_loss", "cross_entropy")


@pytest.fixture
def worker() -> Iterator[RemoteSubject]:
    with RemoteSubject("reimpl", Limits()) as subject:
        subject.begin()
        yield subject


@pytest.mark.parametrize("side", ["here", "worker"])
@pytest.mark.parametrize("loss", LOSSES)
def test_trials_of_a_loss(benchmark: BenchmarkFixture, worker: RemoteSubject, loss: str, side: str) -> None:
    benchmark.group = f"trials of {loss}"
    trials = select(Request(losses=[loss], device="cpu")).trials
    here = candidate("reimpl")
    sides: dict[str, Callable[..., object]] = {"here": lambda t: check(t, here), "worker": lambda t: judged(t, worker)}
    benchmark.pedantic(lambda: [sides[side](trial) for trial in trials], rounds=3, warmup_rounds=1)


def test_restart(benchmark: BenchmarkFixture, worker: RemoteSubject) -> None:
    def again() -> None:
        worker.stop()
        worker.begin()

    benchmark.pedantic(again, rounds=20)
