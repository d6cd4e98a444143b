"""The suite itself: every case, at every dtype and device, under each choice."""

from collections.abc import Callable

import pytest

from parity.case import Trial
from parity.judging import judged
from parity.losses import Subject
from parity.report import Run, screen
from parity.trial import Verdict


def test_parity(trial: Trial, subject: Subject, candidate_name: str, expected: Callable[[Verdict], Verdict]) -> None:
    verdict = expected(judged(trial, subject))
    if verdict.state in ("missing", "unsupported"):
        pytest.skip(verdict.error)
    if verdict.state == "expected":
        pytest.xfail("; ".join(sorted({entry.reason for entry in verdict.excused.values()})))
    if verdict.state not in ("passed", "known gap"):
        pytest.fail(
            screen(verdict, Run(candidate_name, [verdict], names=subject.names, framework=subject.framework)),
            pytrace=False,
        )
