"""Losses whose reference is in another library: held to it where it is here, else to what their cases say."""

import sys
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from types import ModuleType

import pytest
import torch

import reimpl
from parity import references
from parity.case import Trial
from parity.losses import REFERENCE, Subject
from parity.references import absence, on_tensors, reference_of, versions
from parity.trial import check, moved

Trials = Callable[..., Trial]
Subjects = Callable[..., Subject]

FOCAL = "loss: torchvision.ops.sigmoid_focal_loss\ninputs: {inputs: [0.0, 2.0], targets: [1, 0]}\n"
PRINTED = FOCAL + "expect: [0.0433217, 1.237559]\nexpect_gradient: [-0.0745717, 0.807535]"
REFUSED = FOCAL + "options: {alpha: 2.0}\nrefused: ValueError\nmatching: alpha"
HARMONY = "loss: ghm_c_loss\ninputs: {input: [0.0, 2.0], target: [1, 0]}\nexpect: 0.0940025"
BOX = "{values: [[0.0, 0.0, 2.0, 2.0]]}"
SYMMETRY = f"""inputs: {{a: {BOX}, b: [[1.0, 0.5, 3.0, 2.0]]}}
left: {{generalized_box_iou_loss: [a, b]}}
right: {{generalized_box_iou_loss: [b, a]}}"""
FOUND = """import reimpl
def sigmoid_focal_loss(inputs, targets, alpha=0.25, gamma=2, reduction="none"):
    return reimpl.sigmoid_focal_loss(inputs, targets, alpha, gamma, reduction)
"""


@pytest.fixture(autouse=True)
def _looked_up_anew() -> Iterator[None]:
    references._found.cache_clear()
    yield
    references._found.cache_clear()


@pytest.fixture
def _without_torchvision(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(references, "find_spec", lambda root: None if root == "torchvision" else ModuleType(root))


@pytest.fixture
def _with_torchvision(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A library of that name, whose loss is that of ``reimpl``."""
    (tmp_path / "torchvision").mkdir()
    (tmp_path / "torchvision" / "__init__.py").write_text("from torchvision import ops as ops\n")
    (tmp_path / "torchvision" / "ops.py").write_text(FOUND)
    monkeypatch.syspath_prepend(tmp_path)
    for name in ("torchvision", "torchvision.ops"):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))  # so that the end of the test takes it out
        del sys.modules[name]


def scaled(inputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    result: torch.Tensor = reimpl.sigmoid_focal_loss(inputs, targets)
    return result * 1.0001


def steep(inputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    result: torch.Tensor = reimpl.sigmoid_focal_loss(inputs, targets)
    return result + (result - result.detach())


def lopsided(one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
    result: torch.Tensor = reimpl.generalized_box_iou_loss(one, other)
    return result + 1e-4 * one.sum()


@pytest.mark.parametrize(
    ("loss", "name"),
    [("mse_loss", "torch.nn.functional.mse_loss"), ("sigmoid_focal_loss", "torchvision.ops.sigmoid_focal_loss"),
     ("ghm_c_loss", None)],
    ids=["torch", "torchvision", "none"],
)  # fmt: skip
def test_file_of_a_loss_names_its_reference(loss: str, name: str | None) -> None:
    assert reference_of(loss) == name


@pytest.mark.usefixtures("_without_torchvision")
@pytest.mark.parametrize(
    ("loss", "why"),
    [("mse_loss", ""), ("sigmoid_focal_loss", "torchvision is not here"), ("ghm_c_loss", "no library has this loss")],
    ids=["here", "not-here", "nowhere"],
)
def test_absence_says_why(loss: str, why: str) -> None:
    assert absence(loss) == why
    assert (REFERENCE.function(loss) is None) == bool(why)


def test_function_that_is_no_loss_is_looked_for_in_torch() -> None:
    assert absence("no_function") == f"torch {version('torch')} has no nn.functional.no_function"


def test_reference_that_this_torch_lacks_is_absent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(torch.nn.functional, "mse_loss")
    assert absence("mse_loss") == f"torch {version('torch')} has no nn.functional.mse_loss"


@pytest.mark.usefixtures("_without_torchvision")
@pytest.mark.parametrize("lines", [PRINTED, REFUSED, HARMONY], ids=["numbers", "refusal", "no-library"])
def test_what_the_case_says_is_met_without_a_reference(lines: str, trial_of: Trials) -> None:
    verdict = check(trial_of(lines), Subject("it", reimpl))
    assert (verdict.state, bool(verdict.absent)) == ("passed", True)


@pytest.mark.usefixtures("_without_torchvision")
@pytest.mark.parametrize("function", [scaled, steep], ids=["value", "gradient"])
def test_numbers_of_a_case_catch_a_wrong_loss(function: object, trial_of: Trials, subject_of: Subjects) -> None:
    verdict = check(trial_of(PRINTED), subject_of(sigmoid_focal_loss=function))
    assert set(verdict.failures) == {"expect"}


@pytest.mark.usefixtures("_without_torchvision")
def test_refusal_of_a_case_catches_a_loss_that_accepts(trial_of: Trials, subject_of: Subjects) -> None:
    accepting = subject_of(sigmoid_focal_loss=lambda inputs, targets, alpha: reimpl.sigmoid_focal_loss(inputs, targets))
    assert set(check(trial_of(REFUSED), accepting).failures) == {"refusal"}


@pytest.mark.usefixtures("_without_torchvision")
def test_loss_that_refuses_what_the_case_prints_is_caught(trial_of: Trials, subject_of: Subjects) -> None:
    refusing = subject_of(sigmoid_focal_loss=lambda inputs: None)
    assert "the case expects an answer" in check(trial_of(PRINTED), refusing).failures["refusal"].what


@pytest.mark.usefixtures("_without_torchvision")
@pytest.mark.parametrize(("said", "failures"), [("[]", set()), ("UserWarning", {"warnings"})], ids=["none", "one"])
def test_warning_of_a_case_is_due_without_a_reference(said: str, failures: set[str], trial_of: Trials) -> None:
    assert set(check(trial_of(f"{PRINTED}\nwarns: {said}"), Subject("it", reimpl)).failures) == failures


@pytest.mark.usefixtures("_without_torchvision")
def test_case_that_says_nothing_judges_nobody_without_a_reference(trial_of: Trials) -> None:
    verdict = check(trial_of(FOCAL), Subject("it", reimpl))
    assert (verdict.state, verdict.error) == ("error", "torchvision is not here, and the case prints no numbers")


@pytest.mark.usefixtures("_without_torchvision")
def test_trial_keeps_its_seeds_where_only_what_it_prints_judges(trial_of: Trials) -> None:
    drawn = FOCAL.replace("[0.0, 2.0]", "{normal: [2], seed: 1}") + "expect: [0.1, 0.2]"
    assert moved(trial_of(drawn), 7) == trial_of(drawn)


@pytest.mark.usefixtures("_without_torchvision")
def test_identity_holds_the_candidate_to_itself(trial_of: Trials, subject_of: Subjects) -> None:
    trial = trial_of(SYMMETRY, "identities")
    assert check(trial, Subject("it", reimpl)).state == "passed"
    assert set(check(trial, subject_of(generalized_box_iou_loss=lopsided)).failures) == {"identity"}


@pytest.mark.usefixtures("_with_torchvision")
def test_library_that_is_here_is_the_reference(trial_of: Trials, subject_of: Subjects) -> None:
    assert check(trial_of(FOCAL), Subject("it", reimpl)).findings["value"].status == "passed"
    assert {"value", "gradient"} <= set(check(trial_of(FOCAL), subject_of(sigmoid_focal_loss=scaled)).failures)


@pytest.mark.usefixtures("_with_torchvision")
def test_library_that_lacks_the_loss_has_none() -> None:
    assert on_tensors("sigmoid_focal_loss") == "torchvision.ops.sigmoid_focal_loss"
    assert on_tensors("ghm_c_loss") is None


def test_versions_are_those_of_libraries_that_are_installed() -> None:
    assert set(versions()) <= {"torchvision", "tensorflow"}
