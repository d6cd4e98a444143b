"""The examples end as their README says."""

import json
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from shutil import which
from typing import Any, NamedTuple

import pytest
import torch
from torch.utils.cpp_extension import get_cxx_compiler, is_ninja_available

from parity.cli import main

EXAMPLES = Path(__file__).parents[1] / "examples"
QUICK = ("--quick", "--jobs", "1")
NUMPY = ("numpy_port.py", "--framework", "numpy")
JAX = ("jax_port.py", "--framework", "jax")
TENSORFLOW = ("tensorflow_port.py", "--framework", "tensorflow")
TRITON = ("triton_kernel.py", "--loss", "smooth_l1_loss", "--device", "cuda", "--require", "cuda")

with_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")
without_cuda = pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device here")
with_compiler = pytest.mark.skipif(
    not is_ninja_available() or which(get_cxx_compiler()) is None, reason="no ninja or no C++ compiler here"
)


def with_package(name: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(find_spec(name) is None, reason=f"no {name} here")


class Ended(NamedTuple):
    status: int
    said: str
    report: dict[str, Any]

    @property
    def failures(self) -> set[tuple[str, str]]:
        return {(entry["case"], entry["facet"]) for entry in self.report["failures"]}


Judge = Callable[..., Ended]


@pytest.fixture
def judged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Judge:
    """How a quick `parity check` of an example ends, on the CPU unless told otherwise, what it says and its report."""
    monkeypatch.chdir(EXAMPLES)
    monkeypatch.setenv("TORCH_EXTENSIONS_DIR", str(tmp_path / "built"))

    def run(*words: str, device: str = "cpu") -> Ended:
        status = main(["check", *words, *QUICK, "--device", device, "--json", str(tmp_path / "report.json")])
        told = capsys.readouterr()
        return Ended(status, told.out + told.err, json.loads((tmp_path / "report.json").read_text()))

    return run


@pytest.mark.parametrize("loss", ["mse_loss", "smooth_l1_loss", "soft_margin_loss", "softmax"])
def test_port_to_numpy_agrees(loss: str, judged: Judge) -> None:
    ended = judged(*NUMPY, "--loss", loss)
    assert (ended.status, ended.report["framework"]) == (0, "numpy")


@with_package("jax")
@pytest.mark.parametrize("cases", ["mse_loss/blog*", "mse_loss/*by_hand", "logsigmoid/[a-h]*", "log_softmax/[a-b]*"])
def test_port_to_jax_agrees(cases: str, judged: Judge) -> None:
    ended = judged(*JAX, "--case", cases)
    assert (ended.status, ended.report["facets"]["gradient"].get("passed", 0) > 0) == (0, True)


@with_package("tensorflow")
@pytest.mark.parametrize("loss", ["sigmoid", "logsigmoid", "log_softmax"])
def test_port_to_tensorflow_agrees(loss: str, judged: Judge) -> None:
    ended = judged(*TENSORFLOW, "--loss", loss)
    assert (ended.status, ended.report["facets"]["gradient"].get("passed", 0) > 0) == (0, True)


@with_compiler
def test_extension_in_cpp_agrees(judged: Judge) -> None:
    ended = judged("cpp_extension/port.py", "--loss", "smooth_l1_loss", "--timeout", "300")
    assert ended.status == 0, ended.said


def test_students_mean_over_n_is_named(judged: Judge) -> None:
    ended = judged("student.py", "--case", "nll_loss/by_hand*")
    named = {("nll_loss/by_hand", facet) for facet in ("expect", "gradient", "value")}
    assert (ended.status, ended.failures) == (1, named)


def test_students_backward_without_upstream_is_named(judged: Judge) -> None:
    ended = judged("student.py", "--case", "mse_loss/*_by_hand", "--facet", "value", "--facet", "gradient")
    assert (ended.status, ended.failures) == (1, {("mse_loss/mean_by_hand", "gradient")})


@with_cuda
@with_package("triton")
def test_triton_kernel_agrees(judged: Judge) -> None:
    assert judged(*TRITON, device="cuda").status == 0


@without_cuda
def test_triton_kernel_is_not_judged_without_a_gpu(judged: Judge) -> None:
    ended = judged(*TRITON, device="cuda")
    assert (ended.status, "--require cuda: there is none here" in ended.said) == (2, True)


@pytest.mark.parametrize("path", sorted(EXAMPLES.rglob("*.py")), ids=lambda path: str(path.relative_to(EXAMPLES)))
def test_example_is_in_the_readme_with_its_command(path: Path) -> None:
    (command,) = (line for line in path.read_text().splitlines() if line.startswith("parity check"))
    assert f"\n{command}" in (EXAMPLES / "README.md").read_text()
