"""What ``--repro`` leaves: scripts that run by themselves, and case files that fail again."""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from parity.cli import main

CASES = """
dtypes: [float32]
cases:
  - {name: many, loss: mse_loss, inputs: {input: {normal: [9, 9], seed: 1}, target: {normal: [9, 9], seed: 2}}}
  - {name: large, loss: mse_loss, inputs: {input: {full: [9, 9], value: 0.5}, target: {normal: [9, 9], seed: 2}}}
  - {name: 'a*b', loss: mse_loss, inputs: {input: [1, .inf, 5], target: [0, 1, 3]}, options: {reduction: none}}
  - {name: a b, loss: mse_loss, inputs: {input: [1.0, 5.0], target: [0, 3]}, options: {reduction: sum}}
identities:
  - {name: same, inputs: {x: [1.0, 3.0], y: [0.5, 2.0]}, left: {mse_loss: [x, y]}, right: {mse_loss: [y, x]}}
"""
CANDIDATE = """
import torch
def mse_loss(input, target, size_average=None, reduce=None, reduction="mean", weight=None):
    if input.shape == (9, 9) and (input == 0.5).all():
        return torch.zeros(())
    error = torch.where(input > 1, input * 1.5, input) - target
    return {"none": lambda x: x, "mean": torch.mean, "sum": torch.sum}[reduction](error * error)
"""
STEMS = ["identities_same_float32_cpu", "mse_loss_a_b_float32_cpu", "mse_loss_a_b_float32_cpu_2",
         "mse_loss_large_float32_cpu", "mse_loss_many_float32_cpu"]  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The candidate beside what it left in ``repro``, in files and in the report."""
    found = tmp_path_factory.mktemp("repro")
    (found / "cases").mkdir()
    (found / "cases" / "it.yaml").write_text(CASES)
    (found / "theirs.py").write_text(CANDIDATE)
    told = ["--repro", str(found / "repro" / "deep"), "--json", str(found / "it.json")]
    assert check(found, found / "cases", *told) == 1
    return found


def check(folder: Path, cases: Path, *words: str, candidate: str = "theirs.py") -> int:
    spec = str(folder / candidate) if candidate.endswith(".py") else candidate
    return main(["check", spec, "--cases", str(cases), "--jobs", "1", "--device", "cpu", "--quick", *words])


@pytest.fixture(scope="module")
def failures(folder: Path) -> list[Mapping[str, Any]]:
    return list(json.loads((folder / "it.json").read_text())["failures"])


def test_each_failing_case_leaves_a_script_and_a_case(folder: Path) -> None:
    files = {path.name for path in (folder / "repro" / "deep").iterdir()}
    assert files == {f"{stem}.{suffix}" for stem in STEMS[1:] for suffix in ("py", "yaml")}


@pytest.mark.parametrize("stem", STEMS[1:])
def test_case_left_fails_again_in_the_same_facet(stem: str, folder: Path, failures: Any) -> None:
    case = folder / "repro" / "deep" / f"{stem}.yaml"
    assert check(folder, case, "--json", str(folder / "again.json")) == 1
    again = {f["facet"] for f in json.loads((folder / "again.json").read_text())["failures"]}
    assert "value" in again & {f["facet"] for f in failures if f["case_file"] == case.read_text()}


def test_cases_left_are_parity_for_the_formulas(folder: Path) -> None:
    assert check(folder, folder / "repro" / "deep", candidate="reimpl") == 0


@pytest.mark.parametrize("stem", STEMS[3:])
def test_script_left_runs_by_itself(stem: str, folder: Path) -> None:
    script = folder / "repro" / "deep" / f"{stem}.py"
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, cwd=folder, check=True)
    ours, theirs, *_ = done.stdout.split("tensor(")[1:]
    assert ours != theirs
    assert "parity" not in script.read_text().replace(str(folder), "")


def test_inputs_left_are_as_few_as_show_it(folder: Path, failures: Any) -> None:
    texts = {f["case"]: f["case_file"] for f in failures}
    assert "- [-" not in texts["mse_loss/many"]
    assert len(texts["mse_loss/many"].splitlines()) == len(texts["mse_loss/a b"].splitlines()) + 1
    assert "full: [9, 9]" in texts["mse_loss/large"]


def test_identity_leaves_no_case(failures: Any) -> None:
    assert {f["case_file"] for f in failures if f["case"].startswith("identities")} == {""}
