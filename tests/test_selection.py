"""Which trials a request means."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from parity.errors import ParityError
from parity.selection import Request, present_devices, select

TEXT = """
dtypes: [float32, float64]
cases:
  - {name: one, loss: mse_loss, inputs: {input: [1.0], target: [0.5]}, each: {reduction: [none, mean]}}
  - {name: two, loss: mse_loss, inputs: {input: [1.0], target: [0.5]}, dtypes: [float64]}
  - {name: "odd [1]*", loss: sigmoid, inputs: {input: [1.0]}, dtypes: [float32]}
  - {name: on_cuda, loss: sigmoid, inputs: {input: [1.0]}, devices: [cuda], dtypes: [float32]}
"""
VERSIONS = """
loss: sigmoid
dtypes: [float32]
cases:
  - {name: always, inputs: {input: [1.0]}}
  - {name: once, inputs: {input: [1.0]}, torch: "<2"}
  - {name: since, inputs: {input: [1.0]}, torch: ">=2"}
"""
WITHOUT_CUDA = pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device here")
Selected = Callable[..., list[str]]


@pytest.fixture
def selected(written: Callable[..., Path]) -> Selected:
    """The ids of the trials on the CPU that a request means."""

    def ids(**request: object) -> list[str]:
        asked = Request(folders=[written(TEXT)], **({"device": "cpu"} | request))
        return [trial.id for trial in select(asked).trials]

    return ids


def test_everything_is_the_usual_request(selected: Selected) -> None:
    assert selected() == [
        "mse_loss/one[float32-cpu-none]",
        "mse_loss/one[float32-cpu-mean]",
        "mse_loss/one[float64-cpu-none]",
        "mse_loss/one[float64-cpu-mean]",
        "mse_loss/two[float64-cpu]",
        "sigmoid/odd [1]*[float32-cpu]",
    ]


@pytest.mark.parametrize(
    ("request_", "count"),
    [
        ({"losses": ["sigmoid"]}, 1),
        ({"losses": ["sigmoid", "mse_loss"]}, 6),
        ({"cases": ["mse_loss/one"]}, 4),
        ({"cases": ["one"]}, 4),
        ({"cases": ["mse_*/t*"]}, 1),
        ({"cases": ["mse_loss/one[float64-cpu-none]"]}, 1),
        ({"dtypes": ["float64"]}, 3),
        ({"cases": ["nothing"]}, 0),
        ({"quick": True}, 4),
    ],
    ids=["loss", "losses", "case", "name", "glob", "trial", "dtype", "nothing", "quick"],
)
def test_request_narrows(request_: dict[str, object], count: int, selected: Selected) -> None:
    assert len(selected(**request_)) == count


def test_case_is_found_by_its_whole_name_whatever_the_name_holds(selected: Selected) -> None:
    assert selected(cases=["sigmoid/odd [1]*"]) == ["sigmoid/odd [1]*[float32-cpu]"]


def test_unknown_loss_is_told_with_the_nearest() -> None:
    with pytest.raises(ParityError, match="--loss mse_los: unknown loss; did you mean 'mse_loss'"):
        select(Request(losses=["mse_los"]))


@WITHOUT_CUDA
def test_required_device_that_is_not_here_is_told() -> None:
    with pytest.raises(ParityError, match=r"--require cuda: there is none here .* sees: cpu"):
        select(Request(required=["cuda"]))


@WITHOUT_CUDA
def test_trials_on_a_device_that_is_not_here_are_skipped_by_name(written: Callable[..., Path]) -> None:
    selection = select(Request(folders=[written(TEXT)], cases=["on_cuda"]))
    assert ([*selection.trials], [t.id for t in selection.skipped]) == ([], ["sigmoid/on_cuda[float32-cuda]"])


def test_cpu_is_always_here() -> None:
    assert present_devices()[0] == "cpu"


def test_case_for_other_versions_of_torch_is_passed_over(written: Callable[..., Path]) -> None:
    selection = select(Request(folders=[written(VERSIONS)], device="cpu"))
    assert [trial.case.name for trial in selection.trials] == ["always", "since"]


def test_problem_of_one_case_leaves_the_others(written: Callable[..., Path]) -> None:
    broken = TEXT + "  - {name: broken, loss: mse_loss, inputs: {input: [1.0]}}\n"
    selection = select(Request(folders=[written(broken)], device="cpu"))
    assert (len(selection.trials), len(selection.problems)) == (6, 1)


def test_ids_of_the_shipped_trials_are_unique() -> None:
    ids = [trial.id for trial in select(Request(device="cpu")).trials]
    assert len(set(ids)) == len(ids)
