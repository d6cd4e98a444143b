"""Reports that any reader can read, whatever a candidate returns or says."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import torch

from parity.case import Trial
from parity.exam import failed
from parity.losses import REFERENCE, Subject
from parity.report import Run, annotations, screen
from parity.report.annotations import MOST
from parity.report.markdown import LINES, SCREENS, as_markdown
from parity.report.script import script
from parity.report.written import as_html, as_json, as_junit
from parity.trial import check

PAIR = "inputs: {input: [1.0, 2.5], target: [0.5, -1.0]}"
HOSTILE = "\x1b[31m]]> <script>alert(1)</script> \x00 & \ud800 [bold]"


def infinite(input: torch.Tensor, target: torch.Tensor, **options: Any) -> torch.Tensor:
    return (input - target).sum() * float("inf")


def hostile(input: torch.Tensor, target: torch.Tensor, **options: Any) -> torch.Tensor:
    raise ValueError(HOSTILE)


def straight(input: torch.Tensor, target: torch.Tensor, **options: Any) -> torch.Tensor:
    """Value and gradient of mse_loss, and no second gradient."""
    error = input - target
    return (2 * error * error.detach() - error.detach() ** 2).mean()


@pytest.fixture
def run(trial_of: Callable[..., Trial], subject_of: Callable[..., Subject]) -> Callable[..., Run]:
    """A run of one trial on one function."""
    return lambda function: Run("theirs", [check(trial_of(PAIR), subject_of(mse_loss=function))])


def test_kept_mutation_score_is_told_in_both_reports(run: Callable[..., Run]) -> None:
    scored = replace(run(infinite), score={"percent": 99.5, "told": "99.5 % of 200 mutants"})
    assert json.loads(as_json(scored))["mutation_score"]["percent"] == 99.5
    assert "Mutation score: 99.5 % of 200 mutants." in as_html(scored)


def test_infinite_distance_is_a_text_in_json(run: Callable[..., Run]) -> None:
    failures = json.loads(as_json(run(infinite)), parse_constant=pytest.fail)["failures"]
    assert [entry["distance"] for entry in failures if entry["facet"] == "value"] == ["inf"]


@pytest.mark.parametrize(
    "write",
    [as_junit, as_html, as_json, as_markdown],
    ids=["junit", "html", "json", "markdown"],
)
def test_hostile_message_can_be_written(write: Callable[[Run], str], run: Callable[..., Run]) -> None:
    assert write(run(hostile)).encode()


def test_hostile_message_is_xml_still(run: Callable[..., Run]) -> None:
    root = ElementTree.fromstring(as_junit(run(hostile)))
    assert "<script>alert(1)</script>" in str(root.find("testsuite/testcase/failure").get("message"))


def test_hostile_message_is_no_script_in_the_page(run: Callable[..., Run]) -> None:
    assert "<script" not in as_html(run(hostile))


@pytest.mark.parametrize("function", [infinite, hostile], ids=["infinite", "hostile"])
def test_failure_names_its_place_and_its_command(function: object, run: Callable[..., Run]) -> None:
    found = run(function)
    last = screen(found.verdicts[0], found)
    assert "it.yaml:2   again: parity check theirs --case mse_loss/it --dtype float32" in last


def test_hostile_message_stays_within_its_block_of_markdown(run: Callable[..., Run]) -> None:
    found = run(hostile)
    lines = as_markdown(with_message(found, "```\n</details><script>\n````")).splitlines()
    assert lines.count("`````") == 1
    assert lines[lines.index("`````text") : lines.index("`````")].count("</details><script>") == 1


def test_markdown_of_endless_failures_is_less_than_github_shows(run: Callable[..., Run]) -> None:
    found = with_message(run(hostile), "\N{SNOWMAN}" * 10**6)
    text = as_markdown(replace(found, verdicts=found.verdicts * 50, problems=["x" * 10**6] * 50))
    assert len(text.encode()) < 2**20
    assert f"\n{50 - SCREENS} more are in the other reports" in text
    assert f"\n- {50 - LINES} more\n" in text


def test_hostile_message_is_no_command_to_github(run: Callable[..., Run], tmp_path: Path) -> None:
    found = with_message(run(hostile), "a\r\n::error title=b,c:d::100%")
    (line,) = annotations(replace(found, problems=["no place: here\n::error::it"]), tmp_path)[1:]
    assert "\n" not in line
    assert "%0A::error title=b,c:d::100%25" in line


def test_no_more_is_annotated_than_github_shows(run: Callable[..., Run], tmp_path: Path) -> None:
    told = annotations(replace(run(infinite), problems=["a.yaml:1:1: bad"] * 20), tmp_path)
    assert len(told) == MOST
    assert told[-1] == "::error title=and more::12 more; the reports hold them all"


def with_message(run: Run, message: str) -> Run:
    """The same run, where the candidate raised something else."""
    (verdict,) = run.verdicts
    return replace(run, verdicts=[replace(verdict, findings={"refusal": failed(message)})])


def test_failure_of_a_second_gradient_is_told(
    trial_of: Callable[..., Trial], subject_of: Callable[..., Subject]
) -> None:
    inputs = "inputs: {input: [1.0, 2.5], target: {values: [0.5, -1.0], requires_grad: false}}"
    trial = trial_of(f"{inputs}\nfacets: [value, gradient, second_gradient]")
    found = Run("theirs", [check(trial, subject_of(mse_loss=straight))])
    assert list(found.verdicts[0].failures) == ["second_gradient"]
    assert "gradient of input (upstream second) differs" in screen(found.verdicts[0], found)


@pytest.mark.parametrize(
    ("states", "status"),
    [([], 2), (["passed"], 0), (["missing"], 2), (["passed", "missing"], 0), (["passed", "error"], 2),
     (["failed", "error"], 1), (["known gap"], 0)],
    ids=str,
)  # fmt: skip
def test_status_is_the_worst_that_was_judged(states: list[str], status: int, trial_of: Callable[..., Trial]) -> None:
    verdict = check(trial_of(PAIR), REFERENCE)
    assert Run("theirs", [replace(verdict, state=state) for state in states]).status == status


def test_script_spells_an_option_that_is_a_record(
    trial_of: Callable[..., Trial], subject_of: Callable[..., Subject]
) -> None:
    trial = trial_of(
        "loss: linear_cross_entropy\n"
        "inputs: {input: [[1.0, 2.5]], linear_weight: [[0.5, 1.0], [0.25, -2.0]], target: [0]}\n"
        "options: {options: {chunking_method: aspect_ratio, acc_dtype: float32, batch_chunk_size: null}}"
    )
    verdict = check(trial, subject_of(linear_cross_entropy=lambda *a, **k: torch.zeros(())))
    assert (
        "options=torch.nn.LinearCrossEntropyOptions(chunking_method='aspect_ratio', acc_dtype=torch.float32, "
        "batch_chunk_size=None)"
    ) in "\n".join(script(verdict, Run("theirs", [verdict])))
