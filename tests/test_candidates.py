"""How a candidate is pointed at: by module, file, folder, entry point or object, under names of its own, with fewer
options than torch has, as functions or as classes."""

import functools
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

import parity
from parity.candidates import candidate, mapped, subject_of
from parity.case import Trial
from parity.cli import main
from parity.errors import CandidateError, ParityError
from parity.report import Run
from parity.report.script import script
from parity.trial import check

FIVE = "def sigmoid(x): return 5\n"
MSE = """
import torch
def mse_loss(input, target, reduction="mean"):
    return torch.nn.functional.mse_loss(input, target, reduction=reduction)
"""
OPTIONS = """
loss: mse_loss
dtypes: [float32]
cases:
  - {name: plain, inputs: {input: [1.0, 2.5], target: [0.5, -1.0]}, options: {reduction: sum, size_average: null}}
  - {name: weighted, inputs: {input: [1.0, 2.5], target: [0.5, -1.0], weight: [2.0, 3.0]}}
  - {name: legacy, inputs: {input: [1.0, 2.5], target: [0.5, -1.0]}, options: {size_average: false}}
"""
SETTING = """
import torch
class Losses:
    @staticmethod
    def sigmoid(x): return 5
instance = Losses()
table = {"sigmoid": lambda x: 5}
def sigmoid(x): return 6
def other(x): return 7
"""


def mse(input: Any, target: Any, reduction: str = "mean") -> Any:
    return torch.nn.functional.mse_loss(input, target, reduction=reduction)


def doubled(input: Any, target: Any, **options: Any) -> Any:
    return 2 * torch.nn.functional.mse_loss(input, target, **options)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str, str], Path]]:
    """Writes a file below the working directory, which imports look into; what is imported is forgotten."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    there = set(sys.modules)

    def write(name: str, text: str) -> Path:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        return path

    yield write
    for name in set(sys.modules) - there:
        if str(tmp_path) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]


@pytest.fixture
def options(trials_of: Callable[[str], list[Trial]]) -> list[Trial]:
    return trials_of(OPTIONS)


def test_folder_of_a_package_is_found(here: Callable[[str, str], Path]) -> None:
    here("their_package/__init__.py", FIVE)
    assert candidate("./their_package").function("sigmoid")(0) == 5


def test_package_may_have_a_file_for_each_loss(here: Callable[[str, str], Path]) -> None:
    here("package_of_files/__init__.py", "")
    here("package_of_files/sigmoid.py", FIVE)
    subject = candidate("package_of_files")
    assert (subject.function("sigmoid")(0), subject.function("mse_loss")) == (5, None)


def test_file_of_a_package_that_cannot_be_imported_is_told(here: Callable[[str, str], Path]) -> None:
    here("package_that_fails/__init__.py", "")
    here("package_that_fails/sigmoid.py", "raise ValueError('beware')")
    with pytest.raises(CandidateError, match="sigmoid cannot be imported: ValueError: beware"):
        candidate("package_that_fails").function("sigmoid")


def test_folder_that_is_no_package_is_told(tmp_path: Path) -> None:
    with pytest.raises(CandidateError, match="there is no such package"):
        candidate(f"{tmp_path}/nothing")


def test_entry_point_is_found_by_its_name(here: Callable[[str, str], Path]) -> None:
    here("somewhere.py", SETTING)
    here("theirs-1.0.dist-info/METADATA", "Name: theirs\nVersion: 1.0\n")
    here("theirs-1.0.dist-info/entry_points.txt", "[parity.candidates]\nfast-losses = somewhere:Losses\n")
    assert candidate("fast-losses").function("sigmoid")(0) == 5


@pytest.mark.parametrize(("name", "found"), [("Losses", 5), ("instance", 5), ("table", 5), ("sigmoid", 6)])
def test_object_of_a_module_is_found(name: str, found: int, here: Callable[[str, str], Path]) -> None:
    here("objects.py", SETTING)
    assert candidate(f"objects.py:{name}").function("sigmoid")(0) == found


def test_one_function_is_all_there_is(here: Callable[[str, str], Path]) -> None:
    here("functions.py", SETTING)
    subject = candidate("functions.py:other", mapped(["other=logsigmoid"]))
    assert (subject.function("logsigmoid")(0), subject.function("sigmoid")) == (7, None)


def test_names_of_its_own_are_mapped(here: Callable[[str, str], Path]) -> None:
    here("named.py", SETTING)
    assert candidate("named.py", mapped(["other=sigmoid"])).function("sigmoid")(0) == 7


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["mine"], "a name of the candidate's and a loss are wanted"),
        (["my-name=mse_loss"], "a name of the candidate's and a loss are wanted"),
        (["mine=mse_los"], "unknown loss 'mse_los'; did you mean 'mse_loss'"),
        (["mine=mse_loss", "other=mse_loss"], "mse_loss is mine already"),
    ],
)
def test_map_that_means_nothing_is_told(words: list[str], message: str) -> None:
    with pytest.raises(ParityError, match=re.escape(message)):
        mapped(words)


def test_name_that_the_candidate_lacks_is_told(here: Callable[[str, str], Path]) -> None:
    here("short.py", FIVE)
    with pytest.raises(CandidateError, match="has no mine, which should be mse_loss"):
        candidate("short.py", {"mse_loss": "mine"})


def test_marked_function_is_found_under_any_name() -> None:
    marked = parity.implements("sigmoid")(lambda x: 5)
    assert subject_of(SimpleNamespace(anything=marked), "theirs").function("sigmoid")(0) == 5


def test_mark_of_an_unknown_loss_is_told() -> None:
    with pytest.raises(ParityError, match="unknown loss 'sigmoidd'; did you mean 'sigmoid'"):
        parity.implements("sigmoidd")


@pytest.mark.parametrize(
    "function",
    [
        mse,
        functools.partial(mse),
        type("Callable", (), {"__call__": staticmethod(mse)})(),
        functools.lru_cache(mse),
        torch.compile(mse, backend="eager"),
    ],
    ids=["function", "partial", "instance", "cached", "compiled"],
)
def test_callable_of_any_kind_is_judged_on_what_it_takes(function: Any, options: list[Trial]) -> None:
    subject = subject_of({"mse_loss": function}, "theirs")
    assert [check(trial, subject, ["value"]).state for trial in options] == ["passed", "unsupported", "unsupported"]


def test_what_it_does_not_take_is_named(options: list[Trial]) -> None:
    found = [check(trial, subject_of({"mse_loss": mse}, "theirs")).error for trial in options]
    assert found == ["", "mse_loss takes no weight", "mse_loss takes no size_average"]


def test_class_stands_in_for_the_function_that_is_not_there(options: list[Trial]) -> None:
    right, wrong = torch.nn.MSELoss, type("Wrong", (torch.nn.MSELoss,), {"forward": lambda self, x, y: (x - y).sum()})
    states = [check(options[0], subject_of({"MSELoss": form}, "theirs")).state for form in (right, wrong)]
    assert states == ["passed", "failed"]


def test_class_is_not_asked_what_torchs_own_cannot_do(options: list[Trial]) -> None:
    wide = type("Wide", (torch.nn.MSELoss,), {"__init__": lambda self, **options: torch.nn.MSELoss.__init__(self)})
    verdict = check(options[1], subject_of({"MSELoss": wide}, "theirs"))
    assert verdict.error == "torch's own module, which stands in for mse_loss, does otherwise"


def test_command_line_counts_what_it_does_not_take(
    here: Callable[[str, str], Path], written: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    here("narrow.py", MSE)
    status = main(["check", "narrow.py", "--cases", str(written(OPTIONS)), "--jobs", "1", "--device", "cpu"])
    said = capsys.readouterr().out
    assert (status, "unsupported: 1 trials not judged, mse_loss takes no weight" in said) == (0, True), said


def test_command_line_maps_names(here: Callable[[str, str], Path], written: Callable[..., Path]) -> None:
    here("renamed.py", MSE.replace("def mse_loss", "def mine"))
    words = ["check", "renamed.py", "--cases", str(written(OPTIONS)), "--jobs", "1", "--device", "cpu"]
    assert [main(words), main([*words, "--map", "mine=mse_loss"])] == [2, 0]


@pytest.mark.parametrize(
    ("spec", "names"),
    [
        ("losses.py", {}),
        ("losses.py", {"sigmoid": "other"}),
        ("losses.py:Losses", {}),
        ("losses.py:instance", {}),
        ("losses.py:other", {"sigmoid": "other"}),
        ("losses.py:my_", {}),
        ("losses", {}),
        ("losses:Losses", {}),
        ("./folder", {}),
    ],
)
def test_script_finds_what_was_judged(
    spec: str, names: dict[str, str], here: Callable[[str, str], Path], trial_of: Callable[..., Trial]
) -> None:
    here("losses.py", SETTING + "def my_sigmoid(x): return 8\n")
    here("folder/__init__.py", SETTING)
    verdict = check(trial_of("loss: sigmoid\ninputs: {input: [0.5]}"), candidate(spec, names))
    lines = script(verdict, Run(spec, [verdict], names=names))
    found: dict[str, Any] = {}
    exec("\n".join(lines[: lines.index("torch.set_printoptions(precision=17)")]), found)
    assert found["candidate"](0) == candidate(spec, names).function("sigmoid")(0)


def test_assertion_passes_what_is_right() -> None:
    parity.assert_parity(mse, "mse_loss", cases=["mse_loss/blog_*"])


def test_assertion_tells_what_is_wrong() -> None:
    with pytest.raises(AssertionError, match=r"value: value differs(.|\n)*again: parity check .*:doubled"):
        parity.assert_parity(doubled, "mse_loss", cases=["mse_loss/blog_*"])


@pytest.mark.parametrize(
    ("holder", "losses", "message"),
    [({}, (), "has no loss"), (mse, (), "has no loss"), ({"sigmoid": torch.sigmoid}, ("mse_loss",), "lacks mse_loss")],
)
def test_assertion_refuses_to_judge_nothing(holder: Any, losses: tuple[str, ...], message: str) -> None:
    with pytest.raises(ParityError, match=message):
        parity.assert_parity(holder, *losses, cases=["mse_loss/blog_*"])
