"""How far a candidate is from torch, and how slow, and what of it differs from the figures kept.

Rules kept here: what is kept moves down by itself and up only where that is asked for by name; nothing that was not
judged now is moved or held against the candidate.
"""

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from difflib import get_close_matches
from math import inf
from typing import Literal

from parity.case import SURVIVAL
from parity.errors import FallError, ParityError
from parity.exam import Finding
from parity.losses import signatures
from parity.remote import RemoteSubject
from parity.timing import SIZES
from parity.trial import Verdict

FACETS = ("value", "gradient")
TIME = "time"
NOISE = 1.5  # a ratio of times is worse, or better, where it is so many times the other

Key = tuple[str, str, str]
"""Loss, dtype (``float32``, ``float32-cuda``) and facet; of a timing loss, ``time`` and how many elements."""
Change = Literal["worse", "gone", "better", "new"]


@dataclass(frozen=True, slots=True)
class Baseline:
    """``figures`` are the worst distances from torch's in ulps, and the candidate's times divided by torch's;
    ``environment`` is what they depend on besides the code."""

    figures: Mapping[Key, float]
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Difference:
    """One figure that is not what is kept: ``was`` is None for a new one, ``now`` for one that is gone."""

    key: Key
    was: float | None
    now: float | None

    @property
    def change(self) -> Change:
        if self.was is None:
            return "new"
        if self.now is None:
            return "gone"
        return "worse" if self.now > self.was else "better"

    @property
    def is_regression(self) -> bool:
        return self.change in ("worse", "gone")


def check_request(*, update: bool, accepted: Collection[str], cases: Collection[str]) -> None:
    """That what is asked for goes together, and names losses.

    Raises:
        ParityError: it does not.
    """
    if accepted and not update:
        raise ParityError("--accept needs --update beside it, which keeps what is accepted")
    if update and cases:
        raise ParityError("--update takes whole losses: the worst of some cases is not that of all; leave out --case")
    for name in accepted:
        if name not in signatures():
            near = get_close_matches(name, signatures(), 1)
            raise ParityError(f"--accept {name}: unknown loss{f'; did you mean {near[0]!r}?' if near else ''}")


def measured(verdicts: Sequence[Verdict], problems: Sequence[str]) -> dict[Key, float]:
    """The worst distance of each loss, dtype and facet; infinite where a number is not finite and torch's is, or the
    candidate fell.

    Raises:
        ParityError: nothing was judged, or something could not be; ``problems`` are those of the case files.
    """
    troubles = [*problems, *(f"{v.trial.case.place}: {v.trial.id}: {v.error}" for v in verdicts if v.state == "error")]
    if troubles:
        raise ParityError("\n".join(("the cases have errors", *troubles)))
    found: dict[Key, float] = {}
    for verdict in verdicts:
        for facet, apart in _distances(verdict.findings):
            key = (verdict.trial.case.loss, _dtype(verdict), facet)
            found[key] = max(found.get(key, 0.0), apart)
    if not found:
        raise ParityError("nothing was judged: the candidate has none of these losses, or no trial is selected")
    return found


def _dtype(verdict: Verdict) -> str:
    trial = verdict.trial
    return trial.dtype if trial.device == "cpu" else f"{trial.dtype}-{trial.device}"


def _distances(findings: Mapping[str, Finding]) -> list[tuple[str, float]]:
    if SURVIVAL in findings:
        return [(FACETS[0], inf)]
    there = [(name, findings[name]) for name in FACETS if name in findings]
    return [(name, _apart(finding)) for name, finding in there if finding.status != "not compared"]


def _apart(finding: Finding) -> float:
    if finding.status == "passed":
        return finding.apart
    return inf if finding.deviation is None else max(finding.apart, finding.deviation.ulps)


def timed(subject: RemoteSubject, losses: Collection[str]) -> dict[Key, float]:
    """The ratio of times of each loss that takes arrays of one dimension, to two digits; none where the candidate
    falls."""
    found: dict[Key, float] = {}
    for loss in sorted(losses):
        for size in SIZES:
            with suppress(FallError):
                subject.begin()
                if (ratio := subject.ratio(loss, size)) is not None:
                    found[loss, TIME, str(size)] = float(f"{ratio:.2g}")
    return found


def differences(
    kept: Mapping[Key, float], now: Mapping[Key, float], verdicts: Sequence[Verdict], *, partly: bool, timing: bool
) -> list[Difference]:
    """What is not as it is kept, in order. ``verdicts`` say which figures are due; those over a part of the cases
    (``partly``) make a figure due only of a loss that the candidate lacks."""
    missing = {v.trial.case.loss for v in verdicts if v.state == "missing" and v.trial.form == "function"}
    judged = {(v.trial.case.loss, _dtype(v)) for v in verdicts}
    judged |= {(v.trial.case.loss, TIME) for v in verdicts if timing}
    due = {key for key in kept if key[:2] in judged and (not partly or key[0] in missing)}
    found = [Difference(key, kept.get(key), now.get(key)) for key in sorted(now.keys() | due)]
    return [one for one in found if _differs(one)]


def _differs(one: Difference) -> bool:
    if one.was is None or one.now is None:
        return True
    less, more = sorted((one.was, one.now))
    return more > less * (NOISE if one.key[1] == TIME else 1)


def moved(kept: Mapping[Key, float], found: Sequence[Difference], accepted: Collection[str] = ()) -> dict[Key, float]:
    """What is to be kept from now on: of a regression the old figure, unless its loss is one of those ``accepted``."""
    taken = {one.key: one.now for one in found if not one.is_regression or one.key[0] in accepted}
    now = {**kept, **taken}
    return {key: figure for key, figure in sorted(now.items()) if figure is not None}
