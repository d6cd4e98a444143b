"""The register of torch's quirks: what it says of a loss, of a version, and of a result that torch leaves undefined."""

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

import reimpl
from parity.candidates import candidate
from parity.case import Quirk, Trial
from parity.facets import facets
from parity.references import reference_of
from parity.report import Run
from parity.report.written import as_html, as_json
from parity.selection import Request, Selection, select
from parity.trial import Verdict, check

CASE = "loss: l1_loss\ndtypes: [float32]\ncases:\n  - {name: it, inputs: {input: [1.0], target: [2.0]}}\n"
ENTRY = "  - {id: strange, loss: l1_loss, what: it surprises, kind: undefined, cases: [l1_loss/it]"


@cache
def shipped() -> Selection:
    return select(Request(device="cpu"))


def register() -> list[Quirk]:
    return list(shipped().quirks)


def undefined() -> list[Trial]:
    """One trial of each case that a quirk leaves undefined."""
    named = {case for quirk in register() if quirk.kind == "undefined" for case in quirk.cases}
    found = {trial.case.id: trial for trial in shipped().trials if trial.case.id in named}
    assert set(found) == named
    return list(found.values())


def verdict(trial: Trial) -> Verdict:
    return check(trial, candidate("reimpl"), quick=True)


@pytest.fixture
def told(written: Callable[..., Path]) -> Callable[[str], Selection]:
    """What a folder means whose one quirk is of these versions of torch."""
    return lambda versions: select(
        Request(folders=[written(f'{CASE}quirks:\n{ENTRY}, torch: "{versions}"}}\n')], device="cpu")
    )


@pytest.mark.parametrize("unwritten", undefined(), ids=lambda trial: trial.case.id)
def test_no_number_is_compared_where_torch_leaves_it_undefined(unwritten: Trial) -> None:
    found = verdict(unwritten).findings
    numbers = {name for name in found if getattr(facets()[name], "NUMBERS", False)}
    assert {"value", "gradient"} <= numbers
    assert {found[name].what for name in numbers} == {f"torch leaves it undefined: {unwritten.undefined}"}


@pytest.mark.parametrize("unwritten", undefined(), ids=lambda trial: trial.case.id)
def test_kind_of_an_undefined_result_is_compared(unwritten: Trial) -> None:
    found = verdict(unwritten).findings
    assert {found[name].status for name in ("dtype", "shape", "device", "refusal", "warnings")} == {"passed"}


def test_report_names_the_quirks_met() -> None:
    run = Run("ours", [verdict(trial) for trial in undefined()], quirks=register())
    names = [quirk.id for quirk in register()]
    assert [entry["id"] for entry in json.loads(as_json(run))["quirks"]] == names
    assert [name for name in names if name not in as_html(run)] == []


def test_quirk_of_this_torch_counts(told: Callable[[str], Selection]) -> None:
    selection = told(">=2")
    assert [quirk.id for quirk in selection.quirks] == ["strange"]
    assert [trial.undefined for trial in selection.trials] == ["strange"]


def test_quirk_of_another_torch_does_not_count(told: Callable[[str], Selection]) -> None:
    selection = told("<2")
    assert list(selection.quirks) == []
    assert [trial.undefined for trial in selection.trials] == [""]


def test_losses_of_the_register_are_here_and_have_a_reference() -> None:
    losses = {quirk.loss for quirk in register()}
    assert losses <= set(reimpl.__all__)
    assert {reference_of(loss) for loss in losses}.isdisjoint({None})


def test_register_is_sorted_by_loss() -> None:
    losses = [quirk.loss for quirk in register()]
    assert len(losses) > 100
    assert losses == sorted(losses)


def test_quirk_is_shown_by_a_case_of_its_own_loss() -> None:
    assert [quirk.id for quirk in register() if not quirk.cases[0].startswith(f"{quirk.loss}/")] == []
