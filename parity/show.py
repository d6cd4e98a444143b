"""One trial spelled out: its inputs, and what the candidate, torch and the truth say, in decimal and in hexadecimal."""

from collections.abc import Iterator

import numpy as np

from parity.case import Trial
from parity.exam import described
from parity.losses import Subject
from parity.outcome import Outcome
from parity.runner import run
from parity.trial import check
from parity.truth import Quantity, Truth, quantity_of
from parity.ulp import hexadecimal, numbers

MOST = 12  # elements of a result that are spelled out


def shown(trial: Trial, subject: Subject) -> str:
    """The text for one trial."""
    return "\n".join(_lines(trial, subject))


def _lines(trial: Trial, subject: Subject) -> Iterator[str]:
    case = trial.case
    yield f"{trial.id}   {case.place.file}:{case.place.line}"
    yield from (f"  {word}" for word in (case.about, case.source) if word)
    verdict = check(trial, subject)
    if verdict.absent:
        yield f"  {verdict.absent}"
    if verdict.call is None or verdict.expected is None:
        yield f"  {verdict.error}"
        return
    for name, value in verdict.call.arguments.items():
        text = str(value).replace("\n", "\n    ")
        yield f"  {name} = {text}"
    actual = verdict.actual or run(subject, verdict.call)
    truth = Truth(verdict.call)
    for quantity in _quantities(actual if verdict.absent else verdict.expected):
        yield from _compared(quantity, actual, verdict.expected, truth)
    for facet, finding in verdict.findings.items():
        yield f"  {facet}: {finding.status}" + (
            f" ({finding.what})" if finding.what and finding.status != "passed" else ""
        )
    yield f"  verdict: {verdict.state}" + (f": {verdict.error}" if verdict.error else "")


def _quantities(outcome: Outcome) -> list[Quantity]:
    return [None, *((c, name) for c, named in outcome.gradients.items() for name in named)]


def _compared(quantity: Quantity, actual: Outcome, expected: Outcome, truth: Truth) -> Iterator[str]:
    ours, theirs = quantity_of(actual, quantity), quantity_of(expected, quantity)
    exact = None if theirs is None else truth.in_digits(quantity) or truth.of(quantity)
    yield f"  {described(quantity)}"
    sides = {
        "candidate": None if ours is None else numbers(ours),
        "torch": None if theirs is None else numbers(theirs),
        "truth": None if exact is None else exact.high,
    }
    for side, values in sides.items():
        if values is not None:
            flat = np.ravel(values)
            more = f" … {flat.size} elements" if flat.size > MOST else ""
            yield f"    {side:9} " + "  ".join(f"{float(x)!r} ({hexadecimal(float(x))})" for x in flat[:MOST]) + more
