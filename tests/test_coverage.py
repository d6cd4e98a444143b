"""The cases reach every value of every argument of every loss, and every pair of values; a gap is named."""

import inspect
from collections import defaultdict
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from parity.case import Trial
from parity.choices import choices, classes
from parity.cli import main
from parity.coverage import Coverage, coverage, spelled
from parity.losses import REFERENCE, signatures
from parity.selection import Request, select

LOSSES = sorted(signatures())


@cache
def trials() -> dict[str, list[Trial]]:
    found = defaultdict(list)
    for trial in select(Request(device="cpu")).trials:
        found[trial.case.loss].append(trial)
    return found


def reached(loss: str) -> Coverage:
    return coverage(trials()[loss], signatures()[loss])


@pytest.mark.parametrize("loss", LOSSES)
def test_every_value_of_every_argument_is_reached(loss: str) -> None:
    assert [spelled([value]) for value in reached(loss).missing_values] == []


@pytest.mark.parametrize("loss", LOSSES)
def test_every_pair_of_values_is_reached(loss: str) -> None:
    assert [spelled(pair) for pair in reached(loss).missing_pairs] == []


@pytest.mark.parametrize("loss", LOSSES)
def test_every_argument_of_the_torch_that_is_installed_is_known(loss: str) -> None:
    function = REFERENCE.function(loss)
    if function is None or not hasattr(function, "__code__"):
        pytest.skip("torch writes no signature for this function")
    assert set(inspect.signature(function).parameters) == {a.name for a in signatures()[loss].arguments}


def test_a_value_that_no_case_reaches_is_named() -> None:
    unweighted = [trial for trial in trials()["l1_loss"] if trial.inputs.get("weight") is None]
    found = coverage(unweighted, signatures()["l1_loss"])
    assert [spelled([value]) for value in found.missing_values] == ["weight=given"]


def test_a_pair_that_no_case_reaches_is_named() -> None:
    apart = [t for t in trials()["huber_loss"] if t.inputs.get("weight") is None or t.options.get("reduction") != "sum"]
    found = coverage(apart, signatures()["huber_loss"])
    assert [spelled(pair) for pair in found.missing_pairs] == ["reduction=sum with weight=given"]


def test_what_is_left_out_counts_as_its_default() -> None:
    (trial, *_) = trials()["smooth_l1_loss"]
    chosen = choices(trial, signatures()["smooth_l1_loss"])
    assert chosen["reduce"] == "null"
    assert set(classes(signatures()["smooth_l1_loss"]["beta"])) == {"default", "other"}


def test_values_are_counted_by_dtype_and_facet() -> None:
    found = reached("mse_loss")
    assert found.by_dtype["bfloat16", ("weight", "given")] > 0
    assert found.by_facet["gradient", ("reduction", "sum")] > found.by_facet["compile", ("reduction", "sum")] > 0


def test_command_tells_what_no_case_reaches(written: Callable[..., Path], capsys: pytest.CaptureFixture[str]) -> None:
    folder = written("loss: huber_loss\ncases:\n  - {name: it, inputs: {input: [1.0], target: [2.0]}}\n")
    assert main(["coverage", "--cases", str(folder)]) == 1
    said = capsys.readouterr().out
    assert "no case of huber_loss has reduction=sum" in said
    assert "expect" in said


def test_command_is_content_with_the_shipped_cases(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["coverage", "--loss", "huber_loss"]) == 0
    assert "no case" not in capsys.readouterr().out
