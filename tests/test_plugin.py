"""The suite under pytest: one item a trial, for any candidate, on any number of cores."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch

SUITE = Path(__file__).with_name("test_parity.py")
CASES = """
dtypes: [float32]
cases:
  - {name: pair, loss: mse_loss, inputs: {input: [1.0, 2.5], target: [0.5, -1.0]}, each: {reduction: [none, mean]}}
  - {name: plain, loss: sigmoid, inputs: {input: [0.5, -2.0]}}
"""
FAILING = "[value, gradient, second_gradient, forward_mode, vmap, compile, autocast]"
COVERED = f'- {{trials: "mse_loss/*", facet: {FAILING}, because: it is scaled, until: 2999-01-01}}\n'
STALE = "- {trials: mse_loss/pair, facet: shape, because: it was reduced, state: never}\n"
WRONG = "import torch\ndef mse_loss(*a, **k): return torch.nn.functional.mse_loss(*a, **k) * 1.5\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A package of somebody else: its own conftest, the suite's one test, a case file and a wrong candidate."""
    path = tmp_path_factory.mktemp("theirs")
    (path / "cases").mkdir()
    (path / "cases" / "it.yaml").write_text(CASES)
    (path / "wrong.py").write_text(WRONG)
    (path / "covered.yaml").write_text(COVERED)
    (path / "stale.yaml").write_text(COVERED + STALE)
    (path / "conftest.py").write_text('pytest_plugins = ["parity.plugin"]\n')
    (path / "test_parity.py").write_text(SUITE.read_text(encoding="utf-8"))
    (path / "pytest.ini").write_text("[pytest]\n")
    return path


def pytest_in(folder: Path, *words: str) -> tuple[int, str]:
    """How pytest ends in ``folder``, and what it says."""
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--cases", "cases", *words]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def test_ids_name_loss_case_and_choice(folder: Path) -> None:
    _, said = pytest_in(folder, "--collect-only", "-q", "--device", "cpu")
    assert re.findall(r"test_parity\[(.*)\]\n", said) == [
        "mse_loss/pair[float32-cpu-none]",
        "mse_loss/pair[float32-cpu-mean]",
        "sigmoid/plain[float32-cpu]",
    ]


def test_wrong_candidate_is_red_on_every_number_of_cores(folder: Path) -> None:
    status, said = pytest_in(folder, "-n", "2", "--device", "cpu", "--candidate", "wrong.py")
    assert (status, "2 failed, 1 skipped" in said) == (1, True)
    assert "again: parity check wrong.py --case mse_loss/pair --dtype float32" in said


def test_right_candidate_is_green_where_k_selects_it(folder: Path) -> None:
    status, said = pytest_in(folder, "--device", "cpu", "--candidate", "torch.nn.functional", "-k", "pair")
    assert (status, "2 passed, 1 deselected" in said) == (0, True)


def test_expected_deviation_is_an_xfail_and_fails_no_session(folder: Path) -> None:
    status, said = pytest_in(folder, "--device", "cpu", "--candidate", "wrong.py", "--expected", "covered.yaml", "-rx")
    assert (status, "1 skipped, 2 xfailed" in said) == (0, True), said
    assert "not yet, until 2999-01-01: it is scaled" in said


def test_entry_that_does_not_hold_fails_the_session_on_every_number_of_cores(folder: Path) -> None:
    status, said = pytest_in(folder, "-n", "2", "--candidate", "wrong.py", "--expected", "stale.yaml")
    assert (status, "3 skipped, 2 xfailed" in said) == (1, True), said
    assert "stale.yaml:2:3: 'shape' is expected to fail in 'mse_loss/pair' and passes in 2 trials" in said


def test_entry_is_not_held_against_a_session_that_left_its_trials_out(folder: Path) -> None:
    status, _ = pytest_in(folder, "--candidate", "wrong.py", "--expected", "stale.yaml", "-k", "none")
    assert status == 0


def test_bad_expected_file_is_told_without_a_traceback(folder: Path) -> None:
    (folder / "bad.yaml").write_text("- 5\n")
    status, said = pytest_in(folder, "--expected", "bad.yaml")
    assert (status, "bad.yaml:1:3: " in said, "Traceback" in said) == (4, True, False)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device here")
def test_trials_on_cuda_are_skipped_by_name(folder: Path) -> None:
    _, said = pytest_in(folder, "-v", "-rs")
    assert "test_parity[mse_loss/pair[cuda]] SKIPPED (needs cuda)" in said


def test_candidate_that_is_not_there_is_told_without_a_traceback(folder: Path) -> None:
    status, said = pytest_in(folder, "--candidate", "no_such_module")
    assert (status != 0, "cannot be imported: ModuleNotFoundError" in said, "Traceback" in said) == (True, True, False)


def test_bad_case_file_is_told_without_a_traceback(folder: Path) -> None:
    (folder / "bad").mkdir()
    (folder / "bad" / "it.yaml").write_text("cases: 5\n")
    status, said = pytest_in(folder, "--cases", "bad")
    assert (status, "bad/it.yaml:1:8" in said, "Traceback" in said) == (2, True, False)
