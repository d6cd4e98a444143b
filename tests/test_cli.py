"""The command line: what it says, and the status it ends with."""

import json
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple
from xml.etree import ElementTree

import pytest
import torch

from parity.cli import main
from parity.remote import THREADS

ROOT = Path(__file__).parents[1]
CASES = """
dtypes: [float32, float64]
cases:
  - name: pair
    loss: mse_loss
    about: two ordinary elements
    inputs: {input: [1.0, 2.5], target: [0.5, -1.0]}
    each: {reduction: [none, mean]}
  - {name: plain, loss: sigmoid, inputs: {input: [0.5, -2.0]}, dtypes: [float32]}
"""
DRAWN = """
cases:
  - {name: drawn, loss: mse_loss, about: it, dtypes: [float32],
     inputs: {input: {normal: [2], seed: 1}, target: {normal: [2], seed: 2}}}
"""
RIGHT = "from torch.nn.functional import mse_loss, sigmoid\n"
WRONG = RIGHT + "right = mse_loss\ndef mse_loss(*a, **k): return right(*a, **k) * 1.5\n"
PREFIXED = "from torch.nn.functional import mse_loss as my_mse_loss, sigmoid as my_sigmoid\n"
ON_DEMAND = "import torch\ndef __getattr__(name): return getattr(torch.nn.functional, name)\n"
WITHOUT_CUDA = pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device here")


class Ended(NamedTuple):
    status: int
    out: str
    err: str


Command = Callable[..., Ended]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory: case files in ``cases``, candidates beside it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    kept = dict(sys.modules)
    (tmp_path / "cases").mkdir()
    (tmp_path / "cases" / "it.yaml").write_text(CASES)
    for name, text in {"right": RIGHT, "wrong": WRONG, "prefixed": PREFIXED, "on_demand": ON_DEMAND}.items():
        (tmp_path / f"{name}.py").write_text(text)
    yield tmp_path
    for name in sys.modules.keys() - kept.keys() & {"right", "wrong", "prefixed", "on_demand", "broken"}:
        del sys.modules[name]


@pytest.fixture
def parity(folder: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs the command line in this process, on the folder's cases unless told otherwise."""

    def run(*words: str, cases: str = "cases") -> Ended:
        chosen = ["--cases", cases] if cases and words[0] != "new" else []
        try:
            status = main([*words, *chosen])
        except SystemExit as end:
            status = end.code
        return Ended(status, *capsys.readouterr())

    return run


@pytest.fixture
def report(parity: Command) -> dict[str, Any]:
    """The JSON report on the wrong candidate."""
    parity("check", "wrong.py", "--json", "deep/report.json")
    return json.loads(Path("deep/report.json").read_text())


def python(*words: str, **options: Any) -> Ended:
    done = subprocess.run([sys.executable, *words], capture_output=True, text=True, check=False, **options)
    return Ended(done.returncode, done.stdout, done.stderr)


@pytest.mark.parametrize("candidate", ["right.py", "right", "prefixed:my_", "on_demand", "torch.nn.functional"])
def test_right_candidate_ends_with_0(candidate: str, parity: Command) -> None:
    ended = parity("check", candidate)
    assert (ended.status, ended.out.splitlines()[-1][:24]) == (0, "PARITY: 5 trials judged,")


def test_shipped_formulas_are_the_usual_candidate(parity: Command) -> None:
    assert parity("check").status == 0


def test_deviation_ends_with_1(parity: Command) -> None:
    ended = parity("check", "wrong.py")
    assert (ended.status, ended.out.splitlines()[-1][:38]) == (1, "DEVIATION: 5 trials judged, 4 deviate,")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--loss", "mse_los"], r"--loss mse_los: unknown loss; did you mean 'mse_loss'"),
        (["--facet", "valu"], r"--facet valu: unknown facet; .*facets: .*value"),
        (["--case", "nothing/like_it"], r"NOT JUDGED: 0 trials judged"),
        (["--dtype", "float16"], r"NOT JUDGED: 0 trials judged"),
        (["no_such_module"], r"'no_such_module' cannot be imported: ModuleNotFoundError"),
        (["no_such_file.py"], r"no_such_file\.py: there is no such file"),
        (["broken.py"], r"broken\.py cannot be imported: SystemExit: 0"),
        (["broken"], r"'broken' cannot be imported: SystemExit: 0"),
        (["prefixed", "--loss", "mse_loss"], r"prefixed lacks mse_loss, which --loss names"),
        (["--json", "cases"], r"cases: the json report cannot be written: Is a directory"),
        (["--reseed", "-1"], r"-1 is below 0"),
        (["--threads", "0"], r"0 is below 1"),
        (["--device", "gpu"], r"invalid choice: 'gpu'"),
        (["--unknown"], r"unrecognized arguments: --unknown"),
    ],
    ids=[
        "loss",
        "facet",
        "case",
        "dtype",
        "module",
        "file",
        "exits",
        "module-exits",
        "lacks",
        "report",
        "seed",
        "threads",
        "device",
        "word",
    ],
)
def test_request_that_cannot_be_judged_ends_with_2(
    words: list[str], message: str, parity: Command, folder: Path
) -> None:
    (folder / "broken.py").write_text("import sys\nsys.exit(0)\n")
    ended = parity("check", *words)
    assert ended.status == 2
    assert re.search(message, ended.out + ended.err)


@WITHOUT_CUDA
@pytest.mark.parametrize("words", [["--require", "cuda"], ["--device", "cuda"]], ids=["required", "alone"])
def test_device_that_is_not_here_ends_with_2(words: list[str], parity: Command) -> None:
    ended = parity("check", *words)
    assert ended.status == 2
    assert "cuda" in ended.out + ended.err


@WITHOUT_CUDA
def test_trials_on_a_device_that_is_not_here_are_counted(parity: Command) -> None:
    assert "needs a device: 5 trials on cuda, which is not here" in parity("check").out


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("cases:\n  - {name: a, loss: mse_loss, inputs: {input: [1], target: [0]}, optoins: {}}\n", "it.yaml:2:66: "),
        ("cases: [\n", "it.yaml:2:1: "),
        ("", "it.yaml:1:1: the file is empty"),
        ("cases:\n  - {name: a, loss: mse_los, inputs: {input: [1]}}\n", "did you mean 'mse_loss'"),
    ],
    ids=["unknown-key", "no-yaml", "empty", "unknown-loss"],
)
def test_bad_case_file_ends_with_2_and_says_where(text: str, message: str, parity: Command, folder: Path) -> None:
    (folder / "cases" / "it.yaml").write_text(text)
    ended = parity("check", "right.py")
    assert ended.status == 2
    assert message in ended.out.replace("cases/", "")


def test_bad_case_file_leaves_no_traceback(folder: Path) -> None:
    (folder / "cases" / "it.yaml").write_text("cases: {a: &b [*b]}\n")
    ended = python("-m", "parity", "check", "--cases", "cases")
    assert (ended.status, "Traceback" in ended.out + ended.err) == (2, False)


def test_missing_folder_of_cases_ends_with_2(parity: Command) -> None:
    ended = parity("check", cases="nowhere")
    assert (ended.status, "nowhere:1:1: no such folder or file" in ended.out) == (2, True)


def test_case_that_torch_contradicts_ends_with_2(parity: Command, folder: Path) -> None:
    text = "cases:\n  - {name: a, loss: mse_loss, inputs: {input: [1.0], target: [0.0]}, refused: ValueError}\n"
    (folder / "cases" / "it.yaml").write_text(text)
    ended = parity("check", "right.py")
    assert (ended.status, "cannot be judged: the case says that torch raises ValueError" in ended.out) == (2, True)


def test_loss_that_the_candidate_lacks_is_listed_and_no_failure(parity: Command, folder: Path) -> None:
    (folder / "half.py").write_text("from torch.nn.functional import sigmoid\n")
    ended = parity("check", "half.py")
    assert (ended.status, "missing in half.py: mse_loss" in ended.out) == (0, True)


def test_candidate_with_none_of_the_losses_ends_with_2(parity: Command, folder: Path) -> None:
    (folder / "empty.py").write_text("")
    assert parity("check", "empty.py").status == 2


def test_candidate_that_cannot_make_a_loss_ends_without_a_traceback(parity: Command, folder: Path) -> None:
    (folder / "broken.py").write_text("def __getattr__(name): raise ImportError(name)\n")
    assert parity("check", "broken.py").status in (1, 2)


def test_command_printed_for_an_odd_name_fails_again(parity: Command, folder: Path) -> None:
    (folder / "cases" / "it.yaml").write_text(CASES.replace("name: pair", 'name: "a [b] * c"'))
    found = re.search(r"again: parity (check .*)", parity("check", "wrong.py").out)
    assert parity(*shlex.split(found[1]), cases="").status == 1


def test_quick_looks_at_one_dtype_a_case(parity: Command) -> None:
    assert "PARITY: 3 trials judged" in parity("check", "right.py", "--quick").out


def test_facet_is_looked_at_alone(parity: Command) -> None:
    assert parity("check", "wrong.py", "--facet", "shape").status == 0


def test_failure_fits_one_screen(parity: Command) -> None:
    first = parity("check", "wrong.py").out.split("\n\n")[0].splitlines()
    assert first[0] == "mse_loss/pair[float32-cpu-none]   two ordinary elements"
    assert len(first) < 30


def test_failure_tells_both_numbers_in_decimal_and_hex(parity: Command) -> None:
    found = re.search(r"candidate (\S+) \((\S+)\)   torch (\S+) \((\S+)\)", parity("check", "wrong.py").out)
    assert found is not None
    assert [float(found[1]), float.fromhex(found[2])] == [float(found[3]) * 1.5, float.fromhex(found[4]) * 1.5]


def test_many_failures_are_told_in_a_line_each(parity: Command, folder: Path) -> None:
    for name in ("second", "third"):
        (folder / "cases" / f"{name}.yaml").write_text(CASES.replace("pair", name).replace("plain", f"{name} plain"))
    assert "\nalso: mse_loss/third[float64-cpu-mean]\n" in parity("check", "wrong.py").out


def test_command_printed_in_a_failure_fails_again(parity: Command) -> None:
    found = re.search(r"again: parity (check .*)", parity("check", "wrong.py").out)
    assert found is not None
    again = parity(*shlex.split(found[1]), cases="")
    assert (again.status, "mse_loss/pair[float32-cpu-none]" in again.out) == (1, True)


@pytest.fixture
def _one_thread_after() -> Iterator[None]:
    yield
    torch.set_num_threads(THREADS)


@pytest.mark.usefixtures("_one_thread_after")
def test_command_printed_for_moved_seeds_moves_them_again(parity: Command, folder: Path) -> None:
    (folder / "cases" / "drawn.yaml").write_text(DRAWN)
    said = parity("check", "wrong.py", "--case", "mse_loss/drawn", "--reseed", "7", "--threads", "2").out
    found = re.search(r"again: parity (check .*)", said)
    assert found is not None
    assert " --reseed 7 --threads 2 " in found[1]
    assert numbers_told(parity(*shlex.split(found[1]), cases="").out) == numbers_told(said)


def test_report_says_by_how_much_seeds_were_moved(parity: Command) -> None:
    parity("check", "--reseed", "7", "--json", "moved.json")
    assert json.loads(Path("moved.json").read_text())["reseed"] == 7


def test_other_seeds_are_other_numbers(parity: Command, folder: Path) -> None:
    (folder / "cases" / "drawn.yaml").write_text(DRAWN)
    told = [numbers_told(parity("check", "wrong.py", "--case", "mse_loss/drawn", "--reseed", n).out) for n in "01"]
    assert told[0] != told[1]


def numbers_told(out: str) -> list[str]:
    """The lines with both sides' numbers."""
    return [line for line in out.splitlines() if " torch " in line]


def scripts(out: str) -> list[str]:
    """The standalone scripts in what the command line said, the first first."""
    blocks = re.findall(r"  by itself:\n((?:    .*\n?)+)", out)
    return ["\n".join(line.removeprefix("    ") for line in block.splitlines()) for block in blocks]


def printed(script: str) -> list[str]:
    """The numbers that a script prints, side by side: the candidate's and torch's."""
    ended = python("-c", script)
    assert ended.status == 0, ended.err
    return re.findall(r"^tensor\((.*?)(?:, grad_fn[^\n]*)?\)$", ended.out, re.MULTILINE | re.DOTALL)


def test_script_printed_in_a_failure_runs_by_itself_and_shows_both_values(parity: Command) -> None:
    candidate, torchs = printed(scripts(parity("check", "wrong.py").out)[0])
    assert candidate != torchs


def test_script_shows_a_difference_in_the_last_digits(parity: Command, folder: Path) -> None:
    (folder / "wrong.py").write_text(WRONG.replace("1.5", "1.000001"))
    candidate, torchs = printed(scripts(parity("check", "wrong.py").out)[0])
    assert candidate != torchs


def test_script_shows_a_difference_in_the_gradient(parity: Command, folder: Path) -> None:
    (folder / "wrong.py").write_text(WRONG.replace("right(*a, **k) * 1.5", "right(*a, **k).detach()"))
    sides = printed(scripts(parity("check", "wrong.py").out)[0])
    assert sides[: len(sides) // 2] != sides[len(sides) // 2 :]


@pytest.mark.parametrize(
    ("loss", "lines"),
    [
        ("smooth_l1_loss", "inputs: {input: [1.0, -inf, nan], target: [0.5, -1.0, 0.0]}"),
        ("smooth_l1_loss", "inputs: {input: [1.0], target: [0.5]}\n    options: {beta: inf}"),
        ("smooth_l1_loss", "inputs: {input: {full: [65], value: 1.0}, target: {full: [65], value: 0.0}}"),
    ],
    ids=["odd-numbers", "odd-option", "many-elements"],
)  # fmt: skip
def test_script_runs_by_itself(loss: str, lines: str, parity: Command, folder: Path) -> None:
    (folder / "cases" / "it.yaml").write_text(f"cases:\n  - name: it\n    loss: {loss}\n    {lines}\n")
    (folder / "wrong.py").write_text(f"import torch\ndef {loss}(input, *a, **k): return input + 7\n")
    assert len(printed(scripts(parity("check", "wrong.py").out)[0])) == 2


def test_script_spells_a_function_that_is_named(parity: Command, folder: Path) -> None:
    lines = "inputs: {anchor: [1.0], positive: [2.5], negative: [1.0]}\n    options: {distance_function: l1_loss}"
    loss = "triplet_margin_with_distance_loss"
    (folder / "cases" / "it.yaml").write_text(f"cases:\n  - name: it\n    loss: {loss}\n    {lines}\n")
    (folder / "wrong.py").write_text(
        f"def {loss}(*arrays, distance_function): return distance_function(*arrays[:2]) + 7\n"
    )
    (first, *_) = scripts(parity("check", "wrong.py").out)
    assert "distance_function=torch.nn.functional.l1_loss" in first
    assert printed(first) == ["8.50000000000000000", "2.50000000000000000"]


def test_machine_report_says_what_was_judged_and_where(report: dict[str, Any]) -> None:
    assert (report["status"], report["candidate"], report["environment"]["torch"]) == (1, "wrong.py", torch.__version__)


def test_machine_report_counts_each_loss(report: dict[str, Any]) -> None:
    words = ("trials", "passed", "failed", "missing")
    counts = {loss: [count[word] for word in words] for loss, count in report["losses"].items()}
    assert counts == {"mse_loss": [4, 0, 4, 0], "sigmoid": [1, 1, 0, 0]}


def test_machine_report_describes_each_failure(report: dict[str, Any]) -> None:
    first = report["failures"][0]
    words = ("loss", "case", "dtype", "device", "place")
    assert [first[word] for word in words] == ["mse_loss", "mse_loss/pair", "float32", "cpu", "cases/it.yaml:4:5"]


def test_machine_report_has_the_distance_in_ulps(report: dict[str, Any]) -> None:
    distances = {(entry["trial"], entry["facet"]): entry["distance"] for entry in report["failures"]}
    assert distances["mse_loss/pair[float32-cpu-none]", "value"] == 0.125 / 2.0**-25


def test_machine_report_repeats_each_failure(report: dict[str, Any]) -> None:
    commands = {entry["repeat"] for entry in report["failures"]}
    expected = "parity check wrong.py --case mse_loss/pair --dtype {} --cases cases"
    assert commands == {expected.format(dtype) for dtype in ("float32", "float64")}


def test_machine_report_is_the_same_twice_but_for_the_clock(report: dict[str, Any], parity: Command) -> None:
    parity("check", "wrong.py", "--json", "again.json")
    again = json.loads(Path("again.json").read_text())
    assert again | {"seconds": 0} == report | {"seconds": 0}


def test_report_is_written_where_the_case_file_is_bad(parity: Command, folder: Path) -> None:
    (folder / "cases" / "it.yaml").write_text("cases: 5\n")
    parity("check", "right.py", "--json", "report.json", "--junit", "junit.xml", "--html", "page.html")
    report = json.loads(Path("report.json").read_text())
    assert (report["status"], report["errors"][0][:16]) == (2, "cases/it.yaml:1:")


def test_junit_counts_what_the_json_counts(parity: Command, report: dict[str, Any]) -> None:
    parity("check", "wrong.py", "--junit", "junit.xml")
    suites = {suite.get("name"): suite for suite in ElementTree.parse("junit.xml").getroot()}
    suites.pop("devices", None)
    counts = {loss: (int(s.get("tests")), len(s.findall("testcase/failure"))) for loss, s in suites.items()}
    assert counts == {loss: (count["trials"], count["failed"]) for loss, count in report["losses"].items()}


def test_page_needs_nothing_from_elsewhere(parity: Command) -> None:
    parity("check", "wrong.py", "--html", "page.html")
    page = Path("page.html").read_text()
    assert re.findall(r"<script|<link|<img|<iframe|src=|href=|url\(|@import|https?:", page) == []


def test_page_shows_the_failure(parity: Command) -> None:
    parity("check", "wrong.py", "--html", "page.html")
    assert "mse_loss/pair[float32-cpu-none]" in Path("page.html").read_text()


NEARER = """import torch
from torch.nn.functional import mse_loss as theirs, sigmoid
def mse_loss(input, target, **options): return theirs(input.double(), target.double(), **options).to(input.dtype)
"""
HARD = """
cases:
  - {name: hard, loss: mse_loss, inputs: {input: [0.1, 0.7, 1.3], target: [0.6, -0.4, 3.3]}, dtypes: [float32],
     options: {reduction: none}}
"""


@pytest.fixture
def nearer(folder: Path) -> None:
    """A candidate in float64, and a case that it answers better than torch does."""
    (folder / "nearer.py").write_text(NEARER)
    (folder / "cases" / "it.yaml").write_text(HARD)


@pytest.mark.usefixtures("nearer")
@pytest.mark.parametrize(("candidate", "mark"), [("nearer.py", "▲"), ("right.py", "")], ids=["nearer", "as-torch"])
def test_table_marks_the_more_accurate_candidate(candidate: str, mark: str, parity: Command) -> None:
    row = re.search(r"^mse_loss +1 +1 +0 .* / \S+ +(▲?) .* / ", parity("check", candidate).out, re.MULTILINE)
    assert row is not None
    assert row[1] == mark


@pytest.mark.usefixtures("nearer")
def test_machine_report_says_who_is_more_accurate(parity: Command) -> None:
    parity("check", "nearer.py", "--json", "it.json")
    accuracy = json.loads(Path("it.json").read_text())["accuracy"]
    assert accuracy["mse_loss"]["float32"]["value"]["more_accurate"] == "candidate"


def test_accuracy_of_each_dtype_is_told_when_asked_for(parity: Command) -> None:
    row = re.compile(r"^sigmoid +float32 +\S+ / ", re.MULTILINE)
    assert [bool(row.search(parity("check", "right.py", *words).out)) for words in ((), ("--accuracy",))] == [
        False,
        True,
    ]


def test_table_has_a_row_a_loss(parity: Command) -> None:
    rows = [line.split()[0] for line in parity("check", "right.py").out.splitlines() if " / " in line]
    assert rows[:2] == ["mse_loss", "sigmoid"]


def test_list_names_the_trials(parity: Command) -> None:
    ended = parity("list", "--loss", "sigmoid", "--device", "cpu")
    assert ended == (0, "sigmoid/plain[float32-cpu]\n", "")


def test_list_of_nothing_ends_with_2(parity: Command) -> None:
    assert parity("list", "--case", "nothing").status == 2


def test_show_spells_a_trial_out(parity: Command) -> None:
    ended = parity("show", "mse_loss/pair[float64-cpu-none]", "wrong.py")
    assert ended.status == 0
    assert re.search(r"value\n    candidate +0\.375 \(0x1\.8\S+\).*\n    torch +0\.25 .*\n    truth +0\.25 ", ended.out)


def test_show_of_nothing_ends_with_2(parity: Command) -> None:
    ended = parity("show", "mse_loss/nothing")
    assert (ended.status, "no case matches 'mse_loss/nothing'; `parity list` names them" in ended.err) == (2, True)


@pytest.mark.parametrize("word", ["check", "list", "lint", "show", "accuracy", "baseline", "new"])
def test_help_is_there(word: str, parity: Command) -> None:
    ended = parity(word, "--help", cases="")
    assert (ended.status, ended.out.startswith(f"usage: parity {word}")) == (0, True)


@pytest.fixture
def checkout(folder: Path) -> Path:
    """A copy of the project without its cases, and without one of its losses."""
    for room in ("parity", "reimpl"):
        ignored = shutil.ignore_patterns("__pycache__", "soft_margin_loss.py")
        shutil.copytree(ROOT / room, folder / room, ignore=ignored)
    (folder / "cases" / "it.yaml").unlink()
    return folder


def test_new_begins_a_loss_whose_files_load(checkout: Path) -> None:
    begun = python("-m", "parity", "new", "soft_margin_loss")
    listed = python("-m", "parity", "list", "--loss", "soft_margin_loss", "--device", "cpu", "--dtype", "float32")
    assert (begun.status, listed.status) == (0, 0), begun.err + listed.err
    assert listed.out.split() == [f"soft_margin_loss/first[float32-cpu-{r}]" for r in ("none", "mean", "sum")]


def test_new_never_overwrites(checkout: Path, parity: Command) -> None:
    assert [parity("new", "soft_margin_loss").status for _ in range(2)] == [0, 2]
