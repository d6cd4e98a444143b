"""A whole run: its verdicts, what could not be judged, and the counts that every report shows."""

import platform
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from shlex import quote

import numpy as np
import torch

from parity.agreement import NO_ERRORS, Errors
from parity.bridge import FRAMEWORKS, Framework
from parity.case import Quirk
from parity.expectations import Reckoning
from parity.loader import Expectation
from parity.references import versions
from parity.trial import Verdict


@dataclass(frozen=True, slots=True)
class LossCount:
    """The counts of one loss; the ulps are the worst distances of values and gradients to torch's."""

    trials: int
    passed: int
    failed: int
    errors: int
    missing: int
    unsupported: int
    known_gaps: int
    expected: int
    worst_value: float
    worst_gradient: float


@dataclass(frozen=True, slots=True)
class Run:
    """``problems`` are errors of case files, ``skipped`` counts trials by the device that is not there, ``quirks`` are
    torch's own that the trials meet; every seed was moved by ``reseed``. ``score`` is the kept mutation score of the
    cases, in counts and in words, where they are the shipped ones; ``names`` are the candidate's own, by loss, and it
    takes arrays of ``framework``; ``reckoning`` says what became of expected files; ``smaller`` holds failures on
    smaller inputs, by the trial's id."""

    candidate: str
    verdicts: Sequence[Verdict]
    problems: Sequence[str] = ()
    skipped: Mapping[str, int] = field(default_factory=dict)
    arguments: Sequence[str] = ()
    seconds: float = 0.0
    quirks: Sequence[Quirk] = ()
    reseed: int = 0
    score: Mapping[str, float | str] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    reckoning: Reckoning = field(default_factory=Reckoning)
    framework: Framework = FRAMEWORKS["torch"]
    smaller: Mapping[str, Verdict] = field(default_factory=dict)

    @property
    def failures(self) -> list[Verdict]:
        return [verdict for verdict in self.verdicts if verdict.state == "failed"]

    @property
    def errors(self) -> list[Verdict]:
        return [verdict for verdict in self.verdicts if verdict.state == "error"]

    @property
    def judged(self) -> int:
        return sum(verdict.state in ("passed", "failed", "known gap", "expected") for verdict in self.verdicts)

    @property
    def status(self) -> int:
        """0 parity, 1 at least one deviation, 2 not judged."""
        if self.failures or self.reckoning.stale:
            return 1
        return 2 if self.problems or self.errors or not self.judged else 0

    @property
    def missing(self) -> list[str]:
        """The losses that the candidate lacks."""
        return sorted({v.trial.case.loss for v in self.verdicts if v.state == "missing" and v.trial.form == "function"})

    @property
    def unsupported(self) -> Counter[str]:
        """What the candidate's framework does not have, and how many trials asked for it."""
        return Counter(verdict.error for verdict in self.verdicts if verdict.state == "unsupported")

    def notices(self) -> dict[str, int]:
        """Each notice, and in how many trials."""
        return dict(sorted(Counter(notice for verdict in self.verdicts for notice in verdict.notices).items()))

    def expected(self) -> dict[Expectation, int]:
        """The entries of expected files that hold, and how many trials each covers: 0 for one that needs a device."""
        covered = Counter(entry for verdict in self.verdicts for entry in set(verdict.excused.values()))
        entries = sorted({*covered, *self.reckoning.elsewhere}, key=lambda entry: entry.place)
        return {entry: covered[entry] for entry in entries}

    def set_aside(self) -> dict[str, int]:
        """How many trials deviate as expected, ``never`` to be mended or ``not yet`` mended, and how many could not run
        and need a device."""
        states = [{entry.state for entry in v.excused.values()} for v in self.verdicts if v.state == "expected"]
        later = sum("not yet" in found for found in states)
        return {"never": len(states) - later, "not yet": later, "needs a device": sum(self.skipped.values())}

    @property
    def absent(self) -> Counter[str]:
        """Why there was no reference, and in how many trials: those are held to what their cases say, and no more."""
        return Counter(verdict.absent for verdict in self.verdicts if verdict.absent)

    def by_loss(self) -> dict[str, LossCount]:
        names = sorted({verdict.trial.case.loss for verdict in self.verdicts})
        return {name: _count([v for v in self.verdicts if v.trial.case.loss == name]) for name in names}

    def accuracy(self) -> dict[str, dict[str, dict[str, Errors]]]:
        """The errors of both sides from the truth, by loss, dtype and facet (value, gradient)."""
        found: dict[str, dict[str, dict[str, Errors]]] = {}
        for verdict in self.verdicts:
            for facet, finding in verdict.findings.items():
                if finding.errors.count:
                    by_facet = found.setdefault(verdict.trial.case.loss, {}).setdefault(verdict.trial.dtype, {})
                    by_facet[facet] = by_facet.get(facet, NO_ERRORS) | finding.errors
        return dict(sorted(found.items()))

    def accuracy_by_loss(self) -> dict[str, dict[str, Errors]]:
        """The same with all dtypes together, each in its own ulps."""
        found: dict[str, dict[str, Errors]] = {}
        for loss, dtypes in self.accuracy().items():
            for facets in dtypes.values():
                by_facet = found.setdefault(loss, {})
                for facet, errors in facets.items():
                    by_facet[facet] = by_facet.get(facet, NO_ERRORS) | errors
        return found

    def not_compared(self) -> dict[str, dict[str, int]]:
        """For each facet, why it was not compared and in how many trials."""
        reasons: dict[str, Counter[str]] = {}
        for verdict in self.verdicts:
            for facet, finding in verdict.findings.items():
                if finding.status == "not compared":
                    reasons.setdefault(facet, Counter())[finding.what] += 1
        return {facet: dict(count) for facet, count in sorted(reasons.items())}

    def by_facet(self) -> dict[str, Counter[str]]:
        """For each facet, in how many trials it passed, failed, failed as expected, or was not compared."""
        counts: dict[str, Counter[str]] = {}
        for verdict in self.verdicts:
            for facet, finding in verdict.findings.items():
                status = "expected" if facet in verdict.excused else finding.status
                counts.setdefault(facet, Counter())[status] += 1
        return dict(sorted(counts.items()))

    def repeat(self, verdict: Verdict) -> str:
        """The command that runs this trial again."""
        trial = verdict.trial
        candidate = [] if self.candidate == "reimpl" else [quote(self.candidate)]
        framework = [] if self.framework.is_torch else ["--framework", self.framework.name]
        device = [] if trial.device == "cpu" else ["--device", trial.device]
        case = ["--case", quote(trial.case.id), "--dtype", trial.dtype]
        return " ".join(("parity check", *candidate, *framework, *case, *device, *map(quote, self.arguments)))


def _count(verdicts: Sequence[Verdict]) -> LossCount:
    states = Counter(verdict.state for verdict in verdicts)
    return LossCount(
        trials=len(verdicts),
        passed=states["passed"],
        failed=states["failed"],
        errors=states["error"],
        missing=states["missing"],
        unsupported=states["unsupported"],
        known_gaps=states["known gap"],
        expected=states["expected"],
        worst_value=_worst(verdicts, "value"),
        worst_gradient=_worst(verdicts, "gradient"),
    )


def _worst(verdicts: Sequence[Verdict], facet: str) -> float:
    return max((verdict.findings[facet].apart for verdict in verdicts if facet in verdict.findings), default=0.0)


def environment(framework: Framework = FRAMEWORKS["torch"]) -> dict[str, str]:
    """What the verdicts depend on besides the code."""
    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else "none"
    return {
        "torch": torch.__version__,
        **versions(framework.name),
        "numpy": np.__version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "cpu_capability": torch.backends.cpu.get_cpu_capability(),
        "threads": str(torch.get_num_threads()),
        "gpu": gpu,
    }
