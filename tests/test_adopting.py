"""The gate in somebody else's CI: expected files, and the reports that a job shows."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest
import torch
from jsonschema import Draft202012Validator

from parity.cli import main

ROOT = Path(__file__).parents[1]
REPORT = Draft202012Validator(json.loads((ROOT / "schema" / "report.schema.json").read_text(encoding="utf-8")))
CASES = """
dtypes: [float32, float64]
cases:
  - {name: pair, loss: mse_loss, inputs: {input: [1.0, 2.5], target: [0.5, -1.0]}, facets: [value, gradient]}
  - {name: plain, loss: sigmoid, inputs: {input: [0.5, -2.0]}, facets: [value, gradient]}
"""
UNTRUE = "cases:\n  - {name: a, loss: mse_loss, inputs: {input: [1.0], target: [0.0]}, refused: ValueError}\n"
RIGHT = "from torch.nn.functional import mse_loss, sigmoid\n"
WRONG = RIGHT + "right = mse_loss\ndef mse_loss(*a, **k): return right(*a, **k) * 1.5\n"
COVERED = '- {trials: "mse_loss/*", facet: [value, gradient], because: it is scaled, until: 2999-01-01}\n'
STALE = "- {trials: sigmoid/plain, facet: value, because: it was scaled, state: never}\n"
MISSED = "- {trials: sigmoid/plane, facet: value, because: it was scaled, state: never}\n"
PAST = '- {trials: "mse_loss/*", facet: value, because: it is scaled, until: 2001-01-01}\n'
ON_CUDA = '- {trials: "*[*cuda*]", facet: value, because: another order of sums, state: never}\n'
FILES = {
    "right.py": RIGHT,
    "wrong.py": WRONG,
    "half.py": "from torch.nn.functional import sigmoid\n",
    "covered.yaml": COVERED,
    "stale.yaml": COVERED + STALE,
    "missed.yaml": COVERED + MISSED,
    "past.yaml": PAST,
    "bad.yaml": "- {trials: 5}\n- 5\n",
    "elsewhere.yaml": COVERED + ON_CUDA,
    "cases/it.yaml": CASES,
    "untrue/it.yaml": UNTRUE,
    "broken/it.yaml": "cases: 5\n",
}
WITHOUT_CUDA = pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device here")
Check = Callable[..., tuple[int, str]]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The adopter's repository, which is the working directory."""
    monkeypatch.chdir(tmp_path)
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


@pytest.fixture
def check(folder: Path, capsys: pytest.CaptureFixture[str]) -> Check:
    """Judges a candidate by the folder's cases: the exit status, and what is said on both channels."""

    def run(candidate: str, *words: str, cases: str = "cases") -> tuple[int, str]:
        status = main(["check", candidate, "--cases", cases, "--jobs", "1", *words])
        return status, "".join(capsys.readouterr())

    return run


@pytest.mark.parametrize(
    ("file", "status", "message"),
    [
        ("covered", 0, "PARITY: 4 trials judged, 0 deviate, 0 could not be judged, 2 deviate as expected"),
        ("stale", 1, "stale.yaml:2:3: 'value' is expected to fail in 'sigmoid/plain' and passes in 2 trials"),
        ("missed", 1, "missed.yaml:2:3: 'sigmoid/plane' matches no trial; did you mean 'sigmoid/plain'?"),
        ("past", 1, "past.yaml:1:3: 'mse_loss/*' was expected to deviate until 2001-01-01, which is past"),
        ("bad", 2, "bad.yaml:1:12: trials takes text, not 5"),
        ("nowhere", 2, "nowhere.yaml:1:1: no such file"),
    ],
    ids=["covered", "passes", "matches-nothing", "past", "bad", "missing"],
)
def test_expected_file_decides_the_status(file: str, status: int, message: str, check: Check) -> None:
    ended, said = check("wrong.py", "--expected", f"{file}.yaml")
    assert (ended, message in said) == (status, True), said


@pytest.mark.parametrize(
    "words",
    [["--loss", "mse_loss"], ["--dtype", "float32"], ["--quick"], ["--facet", "gradient"]],
    ids=["loss", "dtype", "quick", "facet"],
)
def test_entry_is_not_held_against_a_narrower_run(words: list[str], check: Check) -> None:
    assert check("wrong.py", "--expected", "stale.yaml", *words)[0] == 0


def test_entry_that_matches_nothing_is_told_in_a_narrower_run_too(check: Check) -> None:
    assert check("wrong.py", "--expected", "missed.yaml", "--loss", "mse_loss")[0] == 1


def test_entry_is_not_held_where_nothing_was_judged(check: Check) -> None:
    assert check("wrong.py", "--expected", "missed.yaml", "--case", "nothing")[0] == 2


def test_deviation_is_told_with_what_is_expected_beside_it(check: Check, folder: Path) -> None:
    (folder / "covered.yaml").write_text(COVERED.replace("[value, gradient]", "value"))
    status, said = check("wrong.py", "--expected", "covered.yaml")
    assert status == 1
    assert "  value fails as expected; not yet, until 2999-01-01: it is scaled (covered.yaml:1)\n" in said


@WITHOUT_CUDA
def test_never_not_yet_and_needs_a_device_are_counted_apart(check: Check, folder: Path) -> None:
    (folder / "never.yaml").write_text(
        COVERED.replace("mse_loss/*", "mse_loss/*[*float32*]")
        + COVERED.replace("mse_loss/*", "mse_loss/*[*float64*]").replace("until: 2999-01-01", "state: never")
        + ON_CUDA
    )
    status, said = check("wrong.py", "--expected", "never.yaml", "--json", "it.json")
    report = json.loads(Path("it.json").read_text())
    assert (status, report["set_aside"]) == (0, {"never": 1, "not yet": 1, "needs a device": 4})
    assert [entry["needs_device"] for entry in report["expected"]] == [False, False, True]
    assert "never: 1 trials deviate, as expected\nnot yet: 1 trials deviate, as expected\nneeds a device: 4 tr" in said


def test_junit_has_an_expected_trial_as_skipped_and_a_stale_entry_as_failed(check: Check) -> None:
    check("wrong.py", "--expected", "stale.yaml", "--junit", "it.xml")
    suites = {suite.get("name"): suite for suite in ElementTree.parse("it.xml").getroot()}
    skipped = [found.get("message") for found in suites["mse_loss"].iter("skipped")]
    assert skipped == ["not yet, until 2999-01-01: it is scaled"] * 2
    assert [case.get("name") for case in suites["expected deviations"].findall("testcase[failure]")] == [
        "stale.yaml:2:3"
    ]


def test_notices_are_in_every_report(check: Check) -> None:
    kinds = {kind: f"it.{kind}" for kind in ("json", "junit", "html", "markdown")}
    check("right.py", *(word for kind, file in kinds.items() for word in (f"--{kind}", file)))
    told = {kind: Path(file).read_text().count("own sigmoid while it runs") for kind, file in kinds.items()}
    assert told == {"json": 1, "junit": 1, "html": 1, "markdown": 1}  # JUnit has it at the first dtype's trial


def test_page_shows_what_is_expected(check: Check) -> None:
    check("wrong.py", "--expected", "covered.yaml", "--html", "it.html")
    assert re.search(r"<td>mse_loss/\*<td[^>]*>value, gradient<td[^>]*>not yet<td>2\s", Path("it.html").read_text())


@pytest.mark.parametrize(
    ("candidate", "words", "cases"),
    [
        ("right.py", [], "cases"),
        ("wrong.py", [], "cases"),
        ("half.py", [], "cases"),
        ("wrong.py", ["--expected", "elsewhere.yaml"], "cases"),
        ("wrong.py", ["--expected", "stale.yaml"], "cases"),
        ("right.py", [], "untrue"),
        ("right.py", [], "broken"),
        ("right.py", ["--expected", "bad.yaml"], "cases"),
    ],
    ids=["green", "red", "missing", "expected", "stale", "errors", "problems", "bad-expected"],
)
def test_machine_report_keeps_to_its_schema(candidate: str, words: list[str], cases: str, check: Check) -> None:
    check(candidate, *words, "--json", "it.json", cases=cases)
    assert [error.message for error in REPORT.iter_errors(json.loads(Path("it.json").read_text()))] == []


def test_machine_report_on_the_shipped_cases_keeps_to_its_schema(folder: Path) -> None:
    main(["check", "--case", "cross_entropy/blog_a2", "--jobs", "1", "--json", "it.json"])
    report = json.loads(Path("it.json").read_text())
    assert (report["status"], list(REPORT.iter_errors(report))) == (0, [])


def test_report_says_that_a_loss_which_is_named_is_missing(check: Check) -> None:
    status, _ = check("half.py", "--loss", "sigmoid", "--loss", "mse_loss", "--json", "it.json")
    report = json.loads(Path("it.json").read_text())
    assert (status, report["status"], report["errors"]) == (2, 2, ["half.py lacks mse_loss, which --loss names"])


def test_schema_of_the_report_is_a_schema_and_closed() -> None:
    Draft202012Validator.check_schema(REPORT.schema)
    assert not REPORT.is_valid({"status": 0})


def test_readme_of_a_job_has_headline_table_and_screens(check: Check) -> None:
    check("wrong.py", "--markdown", "it.md")
    text = Path("it.md").read_text()
    assert text.startswith("## DEVIATION: `wrong.py` against torch ")
    assert "\n| mse_loss | 2 | 0 | 2 | " in text
    assert "<details><summary>mse_loss/pair[float32-cpu]: value: value differs; gradient: " in text
    assert (
        "\n  cases/it.yaml:4   again: parity check wrong.py --case mse_loss/pair --dtype float32 --cases cases\n"
        in text
    )


def test_readme_of_a_job_names_what_stands_apart(check: Check) -> None:
    check("half.py", "--expected", "missed.yaml", "--markdown", "it.md")
    headings = re.findall("^### (.*)$", Path("it.md").read_text(), re.MULTILINE)
    assert [heading for heading in headings if heading != "Expected"] == [
        "Expected deviations that do not hold",
        "Notices",
        "Missing in the candidate",
    ]


def test_annotation_stands_at_the_line_of_the_adopter_s_file(check: Check, folder: Path) -> None:
    _, said = check("wrong.py", "--expected", "stale.yaml", "--annotate", str(folder.parent))
    (line,) = re.findall("^::error.*$", said, re.MULTILINE)
    assert line.startswith(
        f"::error file={folder.name}/stale.yaml,line=2,col=3,title=expected deviation does not hold::'v"
    )


def test_annotation_of_a_case_speaks_for_all_its_trials(check: Check) -> None:
    _, said = check("wrong.py", "--annotate", ".")
    (line,) = re.findall("^::error.*$", said, re.MULTILINE)
    assert line.startswith(
        "::error file=cases/it.yaml,line=4,col=5,title=mse_loss/pair[float32-cpu]::value: value diff"
    )
    assert " (and 1 more trials of this case)%0Aagain: parity check wrong.py --case mse_loss/pair " in line


def test_annotation_of_a_file_outside_the_repository_has_no_path(check: Check) -> None:
    _, said = check("wrong.py", "--annotate", "untrue")
    assert re.findall("^::error.*?=", said, re.MULTILINE) == ["::error title="]


@pytest.mark.parametrize(
    ("candidate", "cases", "message"),
    [
        ("right.py", "broken", "::error file=broken/it.yaml,line=1,col=8,title=cannot be judged::"),
        (
            "no_such_file.py",
            "cases",
            "::error title=cannot be judged::candidate no_such_file.py: there is no such file",
        ),
    ],
    ids=["case-file", "candidate"],
)
def test_annotation_says_why_nothing_was_judged(candidate: str, cases: str, message: str, check: Check) -> None:
    assert f"\n{message}" in "\n" + check(candidate, "--annotate", ".", cases=cases)[1]
