"""The suite itself: every case, at every dtype and device, under each choice."""

import pytest

from parity.case import Trial
from parity.judging import judged
from parity.losses import Subject
from parity.report import Run, screen


def test_parity(trial: Trial, subject: Subject, candidate_name: str) -> None:
    verdict = judged(trial, subject)
    if verdict.state in ("missing", "unsupported"):
        pytest.skip(verdict.error)
    if verdict.state not in ("passed", "known gap"):
        pytest.fail(screen(verdict, Run(candidate_name, [verdict], framework=subject.framework)), pytrace=False)
