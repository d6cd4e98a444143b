"""Candidates whose functions take another framework's arrays: what is judged, and what is told where it cannot be."""

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from parity.bridge import FRAMEWORKS
from parity.cli import main

CASES = """
cases:
  - name: pair
    loss: mse_loss
    about: two ordinary elements
    inputs: {input: [1.0, 2.5], target: [0.5, -1.0]}
    expect_gradient: [0.5, 3.5]
    dtypes: [bfloat16, float32, float64]
    module: true
  - {name: unknown, loss: mse_loss, inputs: {input: [1.0, 2.5], target: [0.5, -1.0]}, dtypes: [float32],
     options: {reduction: median}, refused: ValueError}
  - {name: tiny, loss: mse_loss, inputs: {input: [1e-22, 2.0], target: [0.0, 1.0]}, dtypes: [float32],
     options: {reduction: none}}
  - {name: by_function, loss: triplet_margin_with_distance_loss, dtypes: [float32],
     inputs: {anchor: [[1.0]], positive: [[2.5]], negative: [[4.5]]}, options: {distance_function: pairwise_distance}}
"""
PORT = """
import sys
import {package} as xp

def mse_loss(input, target, reduction="mean"):
    if reduction not in ("none", "mean"):
        {refusal}
    loss = {loss}
    return loss if reduction == "none" else loss.mean()

def triplet_margin_with_distance_loss(*arrays, distance_function): ...
"""
RIGHT = {"loss": "(input - target) ** 2", "refusal": "raise KeyError(7)"}


class Ended(NamedTuple):
    status: int
    said: str
    report: dict[str, Any]

    @property
    def failures(self) -> set[tuple[str, str]]:
        return {(entry["trial"], entry["facet"]) for entry in self.report.get("failures", ())}


Judge = Callable[..., Ended]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    (tmp_path / "cases").mkdir()
    (tmp_path / "cases" / "it.yaml").write_text(CASES)
    return tmp_path


@pytest.fixture
def judged(folder: Path, capsys: pytest.CaptureFixture[str]) -> Judge:
    """How `parity check` ends on a port of these lines, what it says, and its JSON report."""

    def run(framework: str, *words: str, **lines: str) -> Ended:
        package = {"jax": "jax.numpy"}.get(framework, framework)
        (folder / "port.py").write_text(PORT.format(package=package, **{**RIGHT, **lines}))
        status = main(["check", "port.py", "--framework", framework, "--cases", "cases", "--json", "it.json", *words])
        told = capsys.readouterr()
        return Ended(status, told.out + told.err, json.loads(Path("it.json").read_text()))

    return run


here = pytest.mark.parametrize("framework", ["numpy", "jax"])


@here
def test_right_port_ends_with_0(framework: str, judged: Judge) -> None:
    ended = judged(framework)
    assert (ended.status, ended.report["framework"], ended.failures) == (0, framework, set())


def test_what_numpy_does_not_have_is_counted_and_not_judged(judged: Judge) -> None:
    ended = judged("numpy")
    assert ended.report["unsupported"] == {
        "numpy has no bfloat16": 1,
        "numpy has no torch.nn.Module": 3,
        "numpy cannot call a function of torch's": 1,
    }
    assert "unsupported: 1 trials not judged, numpy has no bfloat16" in ended.said


def test_what_jax_does_not_have_is_counted_and_not_judged(judged: Judge) -> None:
    assert judged("jax", "--loss", "mse_loss").report["unsupported"] == {
        "jax has no torch.nn.Module": 3,
        "jax has no subnormal numbers": 1,
    }


def test_nothing_but_what_is_not_there_judges_nothing(judged: Judge) -> None:
    ended = judged("numpy", "--dtype", "bfloat16")
    assert (ended.status, "NOT JUDGED: 0 trials judged" in ended.said) == (2, True)


def test_gradients_of_numpy_are_not_compared_and_this_is_told(judged: Judge) -> None:
    ended = judged("numpy", "--loss", "mse_loss")
    assert ended.report["not_compared"]["gradient"] == {"numpy has no gradients": 4}
    assert ended.report["not_compared"]["expect"]["numpy has no gradients"] == 2


def test_gradients_of_jax_are_compared(judged: Judge) -> None:
    found = judged("jax", "--case", "mse_loss/pair", loss="(xp.round(input) - target) ** 2")
    assert ("mse_loss/pair[float32-cpu]", "gradient") in found.failures


@here
@pytest.mark.parametrize(
    ("loss", "facet"),
    [("(input - target) ** 2 * 1.5", "value"), ("((input - target) ** 2).astype('float64')", "dtype")],
    ids=["value", "dtype"],
)
def test_wrong_port_fails_in_its_facet(framework: str, loss: str, facet: str, judged: Judge) -> None:
    ended = judged(framework, "--case", "mse_loss/pair", "--dtype", "float32", loss=loss)
    assert (ended.status, ("mse_loss/pair[float32-cpu]", facet) in ended.failures) == (1, True)


def test_edit_of_an_input_by_numpy_is_found(judged: Judge) -> None:
    ended = judged("numpy", "--case", "mse_loss/pair", "--dtype", "float32", loss="xp.square(input, out=input)")
    assert ("mse_loss/pair[float32-cpu]", "purity") in ended.failures


def test_bad_call_that_is_accepted_is_found(judged: Judge) -> None:
    ended = judged("numpy", "--case", "mse_loss/unknown", refusal="pass")
    assert ended.failures == {("mse_loss/unknown[float32-cpu]", "refusal")}


def test_fall_is_found_here_too(judged: Judge) -> None:
    ended = judged("numpy", "--case", "mse_loss/pair", loss="__import__('os')._exit(3)")
    assert {facet for _, facet in ended.failures} == {"survival"}


@here
def test_script_in_a_failure_runs_by_itself(framework: str, judged: Judge) -> None:
    ended = judged(framework, "--case", "mse_loss/pair", "--dtype", "float64", loss="(input - target) ** 2 * 1.5")
    done = subprocess.run(
        [sys.executable, "-c", ended.report["failures"][0]["script"]], capture_output=True, text=True, check=False
    )
    candidate, reference = map(float, re.findall(r"\d+\.\d+", done.stdout))
    assert candidate == 1.5 * reference != 0, done.stderr


@here
def test_command_in_a_failure_fails_again(framework: str, judged: Judge) -> None:
    ended = judged(framework, "--case", "mse_loss/pair", "--dtype", "float32", loss="(input - target) ** 2 * 1.5")
    (command,) = {entry["repeat"] for entry in ended.report["failures"]}
    assert f" --framework {framework} " in command
    assert main(shlex.split(command)[1:]) == 1


def test_framework_that_is_not_here_judges_nothing(judged: Judge, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("parity.bridge.find_spec", lambda name: None)
    status = main(["show", "mse_loss/pair", "port.py", "--framework", "jax", "--cases", "cases"])
    assert status == 2


@pytest.mark.skipif(FRAMEWORKS["tensorflow"].is_here, reason="TensorFlow is here")
def test_absent_framework_is_named(judged: Judge) -> None:
    ended = judged("tensorflow")
    assert (ended.status, "--framework tensorflow: tensorflow is not installed here" in ended.said) == (2, True)


@pytest.mark.parametrize("words", [["--device", "cuda"], ["--device", "all"], ["--require", "cuda"]], ids=" ".join)
def test_no_device_but_the_cpu_is_judged(words: list[str], judged: Judge) -> None:
    ended = judged("jax", *words)
    assert (ended.status, "--framework jax hands arrays over on the cpu" in ended.said) == (2, True)


def test_judge_never_imports_jax(judged: Judge) -> None:
    judged("jax", "--case", "mse_loss/pair", "--dtype", "float32")
    words = ["check", "port.py", "--framework", "jax", "--cases", "cases", "--case", "mse_loss/unknown"]
    code = f"import sys; from parity.cli import main; print(main({words}), 'jax' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.splitlines()[-1] == "0 False", done.stderr


def test_shown_case_says_what_is_not_compared(judged: Judge, capsys: pytest.CaptureFixture[str]) -> None:
    judged("numpy", "--case", "mse_loss/tiny")
    main(["show", "mse_loss/tiny", "port.py", "--framework", "numpy", "--cases", "cases"])
    told = capsys.readouterr().out
    assert "gradient: not compared (numpy has no gradients)" in told
    assert "verdict: passed" in told


def test_pytest_judges_ports_too(judged: Judge, folder: Path) -> None:
    judged("numpy", "--case", "mse_loss/tiny", loss="xp.where(input > 2, 7, (input - target) ** 2)")
    (folder / "conftest.py").write_text('pytest_plugins = ["parity.plugin"]\n')
    (folder / "test_parity.py").write_text(Path(__file__).with_name("test_parity.py").read_text())
    words = shlex.split("--cases cases --candidate port.py --framework numpy --device cpu -k pair -rs")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--rootdir", ".", *words],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "2 failed, 4 skipped" in done.stdout, done.stdout
    assert "again: parity check port.py --framework numpy --case mse_loss/pair" in done.stdout
    assert "numpy has no bfloat16" in done.stdout
