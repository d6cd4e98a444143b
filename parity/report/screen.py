"""One failure on one screen: what, where, by how much, and how to see it again."""

from parity.agreement import Deviation
from parity.exam import Finding
from parity.loader import Expectation
from parity.report.run import Run
from parity.report.script import script
from parity.trial import Verdict
from parity.ulp import hexadecimal

SCRIPT_WIDTH = 2000  # characters of a line that a terminal still shows


def screen(verdict: Verdict, run: Run) -> str:
    """The text for one verdict that is not a pass."""
    case = verdict.trial.case
    lines = [verdict.trial.id + (f"   {case.about}" if case.about else "")]
    for facet, finding in verdict.failures.items():
        lines += [f"  {line}" for line in _told(facet, finding)]
    for facet, entry in verdict.excused.items():
        lines.append(f"  {facet} fails as expected; {entry.reason} ({entry.place.file}:{entry.place.line})")
    if verdict.error:
        lines.append(f"  cannot be judged: {verdict.error}")
    if verdict.state == "failed" and not verdict.failures:
        lines.append("  a known gap that is none: every facet it names passes now; take `known_gap` out")
    lines.append(f"  {case.place.file}:{case.place.line}   again: {run.repeat(verdict)}")
    if verdict.state == "failed" and (alone := script(verdict, run)):
        long = any(len(line) > SCRIPT_WIDTH for line in alone)
        lines += (
            ["  by itself: `script` in the JSON report"] if long else ["  by itself:", *(f"    {x}" for x in alone)]
        )
    return "\n".join(lines)


def headline(verdict: Verdict) -> str:
    """One line: which facets, and where; or why it is set aside."""
    failing = "; ".join(line for f, finding in verdict.failures.items() for line in _told(f, finding)[:1])
    return failing or verdict.error or "; ".join(sorted({entry.reason for entry in verdict.excused.values()}))


def closing(run: Run) -> str:
    """The verdict on the whole run, in its word and its counts."""
    unjudged = len(run.errors) + len(run.problems)
    counts = f"{run.judged} trials judged, {len(run.failures)} deviate, {unjudged} could not be judged"
    aside = sum(verdict.state == "expected" for verdict in run.verdicts)
    expected = f", {aside} deviate as expected" if aside else ""
    stale = f", {len(run.reckoning.stale)} expected deviations do not hold" if run.reckoning.stale else ""
    moved = f", every seed moved by {run.reseed}" if run.reseed else ""
    return f"{['PARITY', 'DEVIATION', 'NOT JUDGED'][run.status]}: {counts}{expected}{stale}{moved}"


def covered(entry: Expectation, count: int) -> str:
    """One line: what an entry of an expected file covers, and why."""
    where = f"in {count} trials" if count else "needs a device"
    return f"{entry.trials} fails in {', '.join(entry.facets)}, {where}; {entry.reason}"


def printable(text: str) -> str:
    """Without control characters, whatever a candidate's message holds."""
    return "".join(c if c.isprintable() or c in "\n\t" else "\N{REPLACEMENT CHARACTER}" for c in text)


def _told(facet: str, finding: Finding) -> list[str]:
    found = finding.deviation
    if found is None:
        return [f"{facet}: {finding.what}"]
    where = f" at {list(found.index)}" if found.index else ""
    return [f"{facet}: {finding.what} differs{where}", *_numbers(found)]


def _numbers(found: Deviation) -> list[str]:
    sides = {"candidate": found.candidate, "torch": found.reference}
    if found.truth is not None:
        sides["truth"] = found.truth
    told = "   ".join(f"{side} {x!r} ({hexadecimal(x)})" for side, x in sides.items())
    share = f"{found.wrong} of {found.total} elements"
    return [f"  {told}", f"  {found.ulps:.6g} ulp apart, {found.allowed:.3g} allowed; {share}"]
