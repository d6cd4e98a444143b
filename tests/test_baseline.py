"""The baseline: how far a candidate is from torch, held against what a committed file keeps."""

import json
import re
from collections.abc import Callable
from math import inf
from pathlib import Path

import pytest

from parity.baseline import Difference, differences, moved, read
from parity.cli import main
from parity.errors import ParityError
from parity.timing import SIZES

ROOT = Path(__file__).parents[1]
SAMPLE = ("l1_loss", "mse_loss")
CASES = """
dtypes: [float32, float64]
cases:
  - {name: pair, loss: mse_loss, inputs: {input: [1.0, 2.5], target: [0.5, -1.0]}}
  - {name: other, loss: mse_loss, inputs: {input: [1.0, 7.5], target: [0.5, -1.0]}, options: {reduction: none}}
  - {name: plain, loss: sigmoid, inputs: {input: [0.5, -2.0]}, dtypes: [float32]}
"""
RIGHT = "from torch.nn.functional import mse_loss, sigmoid\n"
HALF = "from torch.nn.functional import mse_loss\n"
OFF = RIGHT + "right = sigmoid\ndef sigmoid(x): return right(x) * (1 + 2e-7)\n"
WRONG = RIGHT + "right = sigmoid\ndef sigmoid(x): return right(x) / 0\n"
EXITS = RIGHT + "import os\ndef sigmoid(x): os._exit(3)\n"
SLOW = RIGHT + "import time\nright = mse_loss\ndef mse_loss(*a, **k): return time.sleep(0.02) or right(*a, **k)\n"
UNTRUE = "cases:\n  - {name: a, loss: mse_loss, inputs: {input: [1.0], target: [0.0]}, refused: ValueError}\n"
FILES = {"right": RIGHT, "half": HALF, "off": OFF, "wrong": WRONG, "exits": EXITS, "slow": SLOW, "empty": ""}
KEPT = {("a", "float32", "value"): 2.0, ("a", "time", "10"): 1.0, ("b", "float32", "value"): 0.0}
Baseline = Callable[..., tuple[int, str]]


@pytest.fixture
def baseline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Baseline:
    """Runs the command in a folder with candidates and cases: the exit status, and what it says."""
    monkeypatch.chdir(tmp_path)
    for name, text in FILES.items():
        Path(f"{name}.py").write_text(text)
    Path("cases").mkdir()
    Path("cases/it.yaml").write_text(CASES)

    def run(candidate: str, *words: str) -> tuple[int, str]:
        status = main(["baseline", f"{candidate}.py", "--cases", "cases", "--device", "cpu", "--jobs", "1", *words])
        return status, "".join(capsys.readouterr())

    return run


@pytest.fixture
def kept(baseline: Baseline) -> Path:
    """What the right candidate keeps."""
    assert baseline("right", "--update") == (0, "new: 6 figures, kept now\n" + none_worse())
    return Path("baseline.json")


def none_worse() -> str:
    return "NO REGRESSION: 0 figures are worse than the baseline\n"


def figures(file: Path = Path("baseline.json")) -> dict[str, dict[str, dict[str, float]]]:
    found: dict[str, dict[str, dict[str, float]]] = json.loads(file.read_text())["figures"]
    return found


def test_same_candidate_is_no_regression(baseline: Baseline, kept: Path) -> None:
    before = kept.read_bytes()
    assert baseline("right") == (0, none_worse())
    assert baseline("right", "--update") == (0, none_worse())
    assert kept.read_bytes() == before


@pytest.mark.parametrize(
    ("candidate", "rows"),
    [("off", ["sigmoid float32 value 0 [1-9]"]), ("half", ["sigmoid float32 gradient 0 gone", "float32 value 0 gone"]),
     ("wrong", ["sigmoid float32 value 0 inf"]), ("exits", ["sigmoid float32 value 0 inf"])],
    ids=["farther", "lost", "infinite", "falls"],
)  # fmt: skip
def test_regression_ends_with_1_and_is_told(candidate: str, rows: list[str], baseline: Baseline, kept: Path) -> None:
    status, said = baseline(candidate)
    told = re.sub(r" +", " ", said)
    assert (status, [row for row in rows if not re.search(row, told)]) == (1, [])
    assert "REGRESSION: " in said.splitlines()[-1]


def test_update_never_moves_up(baseline: Baseline, kept: Path) -> None:
    before = kept.read_bytes()
    assert baseline("off", "--update")[0] == 1
    assert baseline("half", "--update")[0] == 1
    assert kept.read_bytes() == before


def test_accepted_loss_moves_up_and_is_told(baseline: Baseline, kept: Path) -> None:
    status, said = baseline("off", "--update", "--accept", "sigmoid")
    assert (status, "worse, and accepted" in said) == (0, True)
    assert figures()["sigmoid"]["float32"]["value"] > 0
    assert baseline("off") == (0, none_worse())


def test_accepted_loss_that_is_gone_is_kept_no_more(baseline: Baseline, kept: Path) -> None:
    assert baseline("half", "--update", "--accept", "sigmoid")[0] == 0
    assert list(figures()) == ["mse_loss"]


def test_better_figure_is_told_and_moves_down(baseline: Baseline) -> None:
    baseline("off", "--update")
    assert baseline("right")[1].splitlines()[0] == "better: 2 figures, --update would keep them"
    assert figures()["sigmoid"]["float32"]["value"] > 0
    assert baseline("right", "--update")[1].splitlines()[0] == "better: 2 figures, kept now"
    assert figures()["sigmoid"]["float32"]["value"] == 0


def test_what_is_not_selected_is_neither_held_nor_moved(baseline: Baseline, kept: Path) -> None:
    before = kept.read_bytes()
    assert baseline("off", "--loss", "mse_loss", "--update") == (0, none_worse())
    assert baseline("off", "--dtype", "float64") == (0, none_worse())
    assert baseline("right", "--case", "mse_loss/pair") == (0, none_worse())
    assert kept.read_bytes() == before


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["right"], "baseline.json: there is no such file; `parity baseline --update` begins it"),
        (["empty", "--update"], "nothing was judged: the candidate has none of these losses"),
        (["right", "--update", "--case", "*"], "--update takes whole losses"),
        (["right", "--accept", "mse_loss"], "--accept needs --update beside it"),
        (["right", "--update", "--accept", "mse_los"], "--accept mse_los: unknown loss; did you mean 'mse_loss'?"),
        (["right", "--update", "--file", "cases"], "cases: this is no baseline: "),
        (["right", "--update", "--cases", "untrue"], "the cases have errors\nuntrue/it.yaml:2:5: mse_loss/a[float32"),
        (["nowhere", "--update"], "nowhere.py: there is no such file"),
    ],
    ids=["file", "losses", "cases", "accept-alone", "accept-unknown", "folder", "case-error", "candidate"],
)
def test_what_cannot_be_judged_ends_with_2(words: list[str], message: str, baseline: Baseline) -> None:
    Path("untrue").mkdir()
    Path("untrue/it.yaml").write_text(UNTRUE)
    status, said = baseline(*words)
    assert (status, message in said, Path("baseline.json").exists()) == (2, True, False), said


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "this is no baseline: Expecting"),
        ("[" * 100_000, "this is no baseline: "),
        ("[]", "it takes the keys environment and figures"),
        ('{"environment": {"torch": 2}, "figures": {}}', "environment takes a mapping from names to texts"),
        ('{"environment": {}, "figures": {"a": 5}}', "a: '5.0' where a mapping"),
        ('{"environment": {}, "figures": {"a": {"b": {"c": -1e999}}}}', "a, b, c: '-inf' is no number from 0 on"),
        ('{"environment": {}, "figures": {"a": {"b": {"c": NaN}}}}', "a, b, c: 'nan' is no number from 0 on"),
        ('{"environment": {}, "figures": {"a": {"b": {"c": true}}}}', "a, b, c: 'True' is no number from 0 on"),
    ],
    ids=["syntax", "depth", "list", "environment", "number", "negative", "nan", "truth"],
)
def test_file_that_is_no_baseline_is_told(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "it.json").write_text(text)
    with pytest.raises(ParityError, match=re.escape(message)):
        read(tmp_path / "it.json")


def test_infinite_figure_is_read_back(baseline: Baseline) -> None:
    baseline("wrong", "--update")
    assert read(Path("baseline.json")).figures["sigmoid", "float32", "value"] == inf
    assert baseline("wrong") == (0, none_worse())


def test_figures_of_another_torch_are_told(baseline: Baseline, kept: Path) -> None:
    kept.write_text(re.sub(r'"torch": "[^"]*"', '"torch": "1.0"', kept.read_text()))
    assert baseline("right")[1].startswith("notice: the baseline was made with torch 1.0, this is ")


def test_slow_candidate_is_a_regression_only_by_its_times(baseline: Baseline) -> None:
    assert baseline("right", "--update", "--timing")[0] == 0
    assert list(figures()["mse_loss"]["time"]) == [str(size) for size in SIZES]
    assert baseline("slow", "--loss", "mse_loss")[0] == 0
    status, said = baseline("slow", "--loss", "mse_loss", "--timing")
    assert (status, len(re.findall(r"mse_loss +time +10", said))) == (1, len(SIZES))


@pytest.mark.parametrize(
    ("now", "is_told"), [(1.4, False), (1.6, True), (0.7, False), (0.6, True)], ids=["noise", "slow", "luck", "fast"]
)
def test_times_differ_only_beyond_the_noise(now: float, is_told: bool) -> None:
    (found, *_) = [*differences(KEPT, {("a", "time", "10"): now}, [], partly=False, timing=True), None]
    assert (found is not None) is is_told


def test_regression_keeps_the_old_figure_beside_what_moves() -> None:
    worse, better = (Difference(key, KEPT[key], now) for key, now in zip(KEPT, (3.0, 0.5), strict=False))
    new = Difference(("c", "float64", "value"), None, 1.0)
    assert moved(KEPT, [worse, better, new]) == {**KEPT, better.key: 0.5, new.key: 1.0}


def test_shipped_formulas_keep_to_their_baseline(capsys: pytest.CaptureFixture[str]) -> None:
    losses = [word for loss in SAMPLE for word in ("--loss", loss)]
    file = str(ROOT / "reports" / "baseline.json")
    assert main(["baseline", "--file", file, *losses, "--device", "cpu", "--jobs", "1"]) == 0
    assert "new" not in capsys.readouterr().out
