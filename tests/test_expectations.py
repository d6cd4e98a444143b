"""Expected deviations: what an entry covers, what it excuses, and when it is told that it does not hold."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
import torch

from parity.case import Place, Trial
from parity.expectations import Everything, expecting, look, reckon
from parity.loader import Expectation
from parity.losses import Subject
from parity.trial import Verdict, check

DAY = date(2027, 1, 1)
ENTRY = Expectation("mse_loss/it", ("value",), "it is scaled", Place("e.yaml", 3, 3), until=DAY)
HERE = ("mse_loss/it[float32-cpu]", "mse_loss/it[float64-cpu]")
ONE, OTHER = HERE
CUDA = "mse_loss/it[float32-cuda]"


@pytest.fixture
def scaled(trial_of: Callable[..., Trial], subject_of: Callable[..., Subject]) -> Verdict:
    """The verdict on a candidate whose value and gradient are both scaled."""
    trial = trial_of("inputs: {input: [1.0, 2.5], target: [0.5, -1.0]}\nfacets: [value, gradient]")
    return check(trial, subject_of(mse_loss=lambda *a, **k: torch.nn.functional.mse_loss(*a, **k) * 1.5))


def told(looks: dict[str, dict[str, str]], day: date = DAY, partly: bool = False, **changes: Any) -> list[str]:
    """What is said of one entry, where there are two trials here and one on CUDA."""
    whole = Everything(HERE, [CUDA])
    found = reckon([replace(ENTRY, **changes)], looks, lambda: whole, day, partly=partly)
    return [str(problem) for problem in found.stale]


@pytest.mark.parametrize(
    ("glob", "is_covered"),
    [
        (ONE, True),
        ("mse_loss/it", True),
        ("mse_loss/*", True),
        ("*[*float32*]", True),
        ("mse_loss/it[float??-cpu]", True),
        ("mse_loss/i", False),
        ("it", False),
        ("mse_loss/it[float64-cpu]", False),
        ("mse_loss/[it]*", False),
    ],
    ids=["trial", "case", "loss", "dtype", "one-character", "part", "name", "other-dtype", "brackets-are-plain"],
)
def test_pattern_covers(glob: str, is_covered: bool) -> None:
    assert replace(ENTRY, trials=glob).covers(ONE) is is_covered


def test_failure_that_is_expected_alone_is_no_failure(scaled: Verdict) -> None:
    entry = replace(ENTRY, facets=("value", "gradient"))
    found = expecting(scaled, [entry], DAY)
    assert (found.state, found.failures, set(found.excused)) == ("expected", {}, {"value", "gradient"})


def test_failure_in_another_facet_is_one_still(scaled: Verdict) -> None:
    found = expecting(scaled, [ENTRY], DAY)
    assert (found.state, list(found.failures)) == ("failed", ["gradient"])


def test_entry_past_its_day_excuses_nothing(scaled: Verdict) -> None:
    assert expecting(scaled, [ENTRY], date(2027, 1, 2)) == scaled


def test_first_of_two_entries_excuses(scaled: Verdict) -> None:
    second = replace(ENTRY, because="another reason")
    assert expecting(scaled, [ENTRY, second], DAY).excused["value"] is ENTRY


def test_verdict_that_is_no_failure_stays(scaled: Verdict) -> None:
    error = replace(scaled, state="error")
    assert expecting(error, [ENTRY], DAY) is error


def test_candidate_that_answers_has_survived(scaled: Verdict) -> None:
    assert look(scaled) == {"survival": "passed", "reference": "passed", "value": "failed", "gradient": "failed"}


@pytest.mark.parametrize(
    ("looks", "changes"),
    [
        ({ONE: {"value": "failed"}, OTHER: {"value": "passed"}}, {}),
        ({ONE: {"value": "passed"}}, {}),
        ({"sigmoid/it[float32-cpu]": {"value": "passed"}}, {}),
        ({ONE: {"shape": "passed"}, OTHER: {"shape": "passed"}}, {"partly": True}),
        ({ONE: {"value": "passed"}}, {"trials": CUDA}),
        ({"sigmoid/it[float32-cpu]": {"value": "passed"}}, {"day": date(2028, 1, 1)}),
    ],
    ids=["one-fails", "not-all-run", "none-run", "facet-left-out", "needs-a-device", "past-and-not-run"],
)
def test_entry_holds_or_is_not_held(looks: dict[str, dict[str, str]], changes: dict[str, Any]) -> None:
    assert told(looks, **changes) == []


BOTH_PASS = {ONE: {"value": "passed"}, OTHER: {"value": "passed"}}
BOTH_SILENT = {ONE: {"value": "not compared"}, OTHER: {}}


@pytest.mark.parametrize(
    ("looks", "changes", "message"),
    [
        (BOTH_PASS, {}, "'value' is expected to fail in 'mse_loss/it' and passes in 2 trials, failing in none"),
        (BOTH_SILENT, {}, "'value' is expected to fail in 'mse_loss/it' and is compared in none of its 2 trials"),
        (BOTH_PASS, {"trials": "mse_los/it"}, "'mse_los/it' matches no trial; did you mean 'mse_loss/it'?"),
        ({ONE: {"value": "failed"}}, {"day": date(2027, 1, 2)}, "'mse_loss/it' was expected to deviate until 2027"),
    ],
    ids=["passes", "not-compared", "matches-nothing", "past"],
)  # fmt: skip
def test_entry_that_does_not_hold_is_told(
    looks: dict[str, dict[str, str]], changes: dict[str, Any], message: str
) -> None:
    (said,) = told(looks, **changes)
    assert said.startswith(f"e.yaml:3:3: {message}")


def test_each_facet_of_an_entry_is_held_by_itself() -> None:
    looks = {name: {"value": "failed", "gradient": "passed"} for name in HERE}
    (said,) = told(looks, facets=("value", "gradient"))
    assert "'gradient' is expected to fail" in said


def test_entry_for_a_device_that_is_not_here_is_counted() -> None:
    entry = replace(ENTRY, trials="*[*cuda*]")
    assert reckon([entry], {}, lambda: Everything(HERE, [CUDA]), DAY).elsewhere == (entry,)
