"""Every facet and every row of the budget has been seen to fail: each planted fault is caught, and named."""

from dataclasses import replace

import pytest
from faults import FAULTS, Fault

from parity.budget import TABLE
from parity.case import Trial
from parity.facets import facets
from parity.losses import REFERENCE, signatures
from parity.selection import Request, select
from parity.trial import check


def _trials(fault: Fault) -> list[Trial]:
    loss = "identities" if fault.facet == "identity" else fault.loss
    trials = select(Request(losses=[loss], dtypes=fault.dtypes or ["float32"], device="cpu")).trials
    return [replace(trial, depth=2) for trial in trials]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_planted_fault_is_caught_by_its_facet(fault: Fault) -> None:
    subject = fault.subject
    assert any(fault.facet in check(trial, subject, only=[fault.facet]).failures for trial in _trials(fault))


def test_every_facet_has_a_fault_that_it_catches() -> None:
    assert {fault.facet for fault in FAULTS} == set(facets())


def test_every_row_of_the_budget_has_a_fault_just_beyond_it() -> None:
    beyond = {name for fault in FAULTS if "_ulps_in_" in fault.name for name in fault.dtypes}
    assert beyond == {str(dtype).removeprefix("torch.") for dtype in TABLE}


@pytest.mark.parametrize("loss", [*signatures(), "identities"])
def test_the_reference_agrees_with_itself_in_every_trial(loss: str) -> None:
    verdicts = [check(trial, REFERENCE, quick=True) for trial in select(Request(losses=[loss], device="cpu")).trials]
    judged = [v for v in verdicts if v.state != "missing"]  # without a reference there is none to judge
    assert [verdict.trial.id for verdict in judged if verdict.state not in ("passed", "known gap")] == []
