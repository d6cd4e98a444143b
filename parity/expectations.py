"""Which deviations an adopter expects, and whether what the expected files say is still so.

Rules kept here: an entry that is past its day excuses nothing; one that matches no trial, or none that still fails, is
told, but only where every trial that it matches and that can run here was run.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from difflib import get_close_matches
from functools import cache

from parity.case import REFERENCE, SURVIVAL
from parity.loader import Expectation, Problem
from parity.selection import ACCELERATORS, Request, present_devices, select
from parity.trial import Verdict, excused

Looks = Mapping[str, Mapping[str, str]]
"""What was seen: by a trial's id each facet that looked, and how it ended."""


@dataclass(frozen=True, slots=True)
class Reckoning:
    """``stale`` is what the expected files say and is not so; ``elsewhere`` are the entries for a device that is not
    here."""

    stale: tuple[Problem, ...] = ()
    elsewhere: tuple[Expectation, ...] = ()


@dataclass(frozen=True, slots=True)
class Everything:
    """The ids of all trials there are, were nothing left out: those that can run here, and those that need a device."""

    here: Collection[str]
    elsewhere: Collection[str]


def today() -> date:
    """The day by which ``until`` is read: the same on every machine."""
    return datetime.now(UTC).date()


def expecting(verdict: Verdict, expectations: Sequence[Expectation], day: date) -> Verdict:
    """The verdict with those of its failures excused that an entry covers on this ``day``."""
    if verdict.state != "failed":
        return verdict
    covering = [one for one in expectations if not one.is_past(day) and one.covers(verdict.trial.id)]
    by = {facet: one for one in reversed(covering) for facet in one.facets if facet in verdict.failures}
    return excused(verdict, by) if by else verdict


def look(verdict: Verdict) -> dict[str, str]:
    """How each facet ended; a candidate that was not said to fall, or to call torch's losses, did not."""
    if verdict.state == "missing":
        return {}
    return {SURVIVAL: "passed", REFERENCE: "passed", **{name: found.status for name, found in verdict.findings.items()}}


def everything(request: Request) -> Everything:
    """All trials of the case files, whatever the request narrows them to."""
    whole = select(Request(folders=request.folders))
    absent = [device for device in ACCELERATORS if device not in present_devices()]
    others = [replace(trial, device=device).id for trial in whole.trials for device in absent]
    return Everything({trial.id for trial in whole.trials}, {*others, *(trial.id for trial in whole.skipped)})


def reckon(
    expectations: Sequence[Expectation],
    looks: Looks,
    whole: Callable[[], Everything],
    day: date,
    *,
    partly: bool = False,
) -> Reckoning:
    """Holds every entry against what was seen. ``whole`` is asked only where an entry is in doubt; ``partly`` says that
    some facets were left out of the run."""
    known = cache(whole)
    stale: list[Problem] = []
    elsewhere: list[Expectation] = []
    for one in expectations:
        seen = {name: found for name, found in looks.items() if one.covers(name)}
        if one.is_past(day) and any(set(one.facets) & found.keys() for found in seen.values()):
            stale.append(_past(one))
            continue
        doubtful = [facet for facet in one.facets if all(found.get(facet) != "failed" for found in seen.values())]
        if doubtful and not any(map(one.covers, known().here)):
            is_elsewhere = any(map(one.covers, known().elsewhere))
            elsewhere += [one] if is_elsewhere else []
            stale += [] if is_elsewhere else [_unmatched(one, known())]
        elif doubtful and all(name in looks for name in known().here if one.covers(name)):
            told = (_unfounded(one, facet, [found.get(facet) for found in seen.values()], partly) for facet in doubtful)
            stale += filter(None, told)
    return Reckoning(tuple(stale), tuple(elsewhere))


def _past(one: Expectation) -> Problem:
    how = "mend the candidate and take the entry out, or give it a later day"
    return Problem(one.place, f"{one.trials!r} was expected to deviate until {one.until}, which is past; {how}")


def _unmatched(one: Expectation, known: Everything) -> Problem:
    cases = sorted({name.partition("[")[0] for name in known.here})
    near = get_close_matches(one.trials.partition("[")[0], cases, 1)
    hint = f"; did you mean {near[0]!r}?" if near else ";"
    return Problem(
        one.place, f"{one.trials!r} matches no trial{hint} `parity list` names them; mend the entry or take it out"
    )


def _unfounded(one: Expectation, facet: str, seen: Sequence[str | None], partly: bool) -> Problem | None:
    """Why an entry is told of whose trials have all been run and none of them fails."""
    passed = seen.count("passed")
    if passed:
        what = f"{facet!r} is expected to fail in {one.trials!r} and passes in {passed} trials, failing in none"
    elif partly and seen.count(None) == len(seen):
        return None
    else:
        what = f"{facet!r} is expected to fail in {one.trials!r} and is compared in none of its {len(seen)} trials"
    return Problem(one.place, f"{what}; take it out")
