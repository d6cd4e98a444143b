"""What a facet is given to look at, and what it answers."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property, reduce
from operator import or_
from typing import Literal

import numpy as np
import torch

from parity.agreement import NO_ERRORS, Deviation, Errors, Measure, errors, judged
from parity.budget import allowed, factor
from parity.case import Trial
from parity.losses import REFERENCE, Subject
from parity.outcome import Call, Outcome, Raised, alike
from parity.runner import Way, run, terms_in_double
from parity.truth import Quantity, Truth, quantity_of
from parity.ulp import Numbers, component, numbers, rounded, ulp

Status = Literal["passed", "failed", "not compared"]


@dataclass(frozen=True, slots=True)
class Finding:
    """A facet's answer.

    ``what`` names the quantity (``gradient of input``) or says what is wrong or why not compared; ``apart`` is the
    largest finite distance of numbers from torch's, in ulps, and ``errors`` are both sides' distances from the truth.
    """

    status: Status
    what: str = ""
    deviation: Deviation | None = None
    quantity: Quantity = None
    apart: float = 0.0
    errors: Errors = NO_ERRORS


PASSED = Finding("passed")


def failed(what: str) -> Finding:
    return Finding("failed", what)


def not_compared(why: str) -> Finding:
    return Finding("not compared", why)


MEASURED = ("1", "irregular")  # the upstream gradients under which errors from the truth are reported; one is enough


class Exam:
    """One trial with both outcomes and the truth, ready to be looked at through the facets.

    ``refused_gradients`` are the float arguments for which the reference refuses to give a gradient; ``way`` is how the
    reference was called.
    """

    def __init__(
        self, trial: Trial, subject: Subject, call: Call, expected: Outcome, actual: Outcome,
        refused_gradients: tuple[str, ...] = (), way: Way = run,
    ) -> None:  # fmt: skip
        self.trial = trial
        self.subject = subject
        self.reference = REFERENCE
        self.call = call
        self.expected = expected
        self.actual = actual
        self.refused_gradients = refused_gradients
        self.truth = Truth(call, way)

    @cached_property
    def terms(self) -> int:
        """The most elements that one number of the result can depend on."""
        return max((tensor.numel() for tensor in self.call.tensors.values()), default=1)

    @cached_property
    def unreduced(self) -> torch.Tensor | None:
        """What the reference reduces, in float64; None where there is nothing to reduce."""
        return terms_in_double(self.call)

    def lacking(self, need: str) -> str:
        """That the candidate's framework does not have what is needed; empty where it does, or nothing is."""
        framework = self.subject.framework
        return f"{framework.name} has no {need}" if need and not framework.has(need) else ""

    def refuses_alike(self, ours: Raised, theirs: Raised) -> bool:
        """Whether who catches torch's exception catches the candidate's too; other frameworks have their own."""
        return not self.subject.framework.is_torch or theirs.type in ours.bases

    def quantities(self, outcome: Outcome | None = None) -> list[Quantity]:
        """The value and every gradient that the reference has (or that is there without one), and ``outcome`` too if
        one is given."""
        all_there = (self.actual if self.expected.absent else self.expected).gradients
        known = all_there if outcome is None else outcome.gradients
        gradients = [(cotangent, named) for cotangent, named in all_there.items() if cotangent in known]
        return [
            None,
            *((cotangent, name) for cotangent, named in gradients for name, g in named.items() if g is not None),
        ]

    def measure(self, quantity: Quantity, dtype: torch.dtype) -> Measure:
        """What this quantity is held to, in ulps of the reference's ``dtype``."""
        real = component(dtype)
        exact = dtype.is_floating_point or dtype.is_complex
        ulps = allowed(real, self.terms, gradient=quantity is not None) if exact else 0.0
        if self.trial.case.tolerance is not None:
            ulps = self.trial.case.tolerance.ulps
        return Measure(
            dtype=real,
            allowed=ulps,
            factor=factor(real, self.terms),
            double=lambda: None if real is torch.float64 and not self.truth.is_wider else self.truth.of(quantity),
            reference_error=lambda own: self.truth.reference_error(quantity, real, own),
            digits=lambda wanted: self.truth.in_digits(quantity, wanted),
        )

    def compare(self, quantity: Quantity, outcome: Outcome | None = None, against: Outcome | None = None) -> Finding:
        """One quantity of the candidate's outcome against the reference's."""
        actual = quantity_of(outcome or self.actual, quantity)
        expected = quantity_of(against or self.expected, quantity)
        name = described(quantity)
        if expected is None or actual is None:
            what = f"{name}: {_presence(actual)}, torch gives {_presence(expected)}"
            return PASSED if expected is actual else Finding("failed", what, quantity=quantity)
        if actual.shape != expected.shape:
            return failed(f"{name} has shape {tuple(actual.shape)}, torch's {tuple(expected.shape)}")
        if actual.is_complex() != expected.is_complex():
            return failed(f"{name} is {actual.dtype}, torch's {expected.dtype}")
        x, y, measure = numbers(actual), numbers(expected), self.measure(quantity, expected.dtype)
        found, apart = judged(x, y, measure)
        status: Status = "passed" if found is None else "failed"
        return Finding(status, name, found, quantity, apart, self._errors(x, y, measure, quantity))

    def _errors(self, actual: Numbers, expected: Numbers, measure: Measure, quantity: Quantity) -> Errors:
        """The errors of both sides. Where the candidate seems farther off than the reference, by less than float64 may
        be off itself, 50 digits decide: it may have kept what cancels in float64."""
        exact = measure.double() if quantity is None or quantity[0] in MEASURED else None
        if exact is None or exact.high.shape != expected.shape:
            return NO_ERRORS
        ours, theirs = exact.error(actual), exact.error(expected)
        unit = ulp(rounded(exact.high, measure.dtype), measure.dtype)
        lost = (ours > np.maximum(theirs, measure.allowed * unit)) & (ours < self.truth.doubt(exact))
        return errors(actual, expected, self.truth.mended(quantity, lost) or exact, measure.dtype)

    def repeats(self, quantity: Quantity, again: Outcome) -> bool:
        """Whether another outcome of the candidate's has the same bits."""
        return alike(quantity_of(self.actual, quantity), quantity_of(again, quantity))

    def through(self, way: Way, theirs: Way | None = None) -> Finding:
        """The numbers of the call gone another ``way``, against the reference's, gone the same way or ``theirs``. Where
        the reference cannot go that way itself, or gets elsewhere, nobody is held to it."""
        call, theirs = replace(self.call, brief=True, cotangent=None), theirs or way
        expected = theirs(self.reference, call)
        if expected.raised is not None:
            return not_compared(f"torch itself raises {expected.raised.type}")
        found = self._apart(way(self.subject, call), expected, call, theirs)
        if found.status == "failed" and theirs is not way:
            its = way(self.reference, call)
            if self._apart(its, expected, call, theirs).status == "failed":
                raised = its.raised or its.raised_in_backward
                return not_compared(f"torch itself {f'raises {raised.type}' if raised else 'gives other numbers'}")
        return found

    def _apart(self, actual: Outcome, expected: Outcome, call: Call, way: Way) -> Finding:
        if raised := actual.raised or (actual.raised_in_backward if not expected.raised_in_backward else None):
            return failed(f"raised {raised}, torch's does not")
        if actual.value is None or expected.value is None:
            return failed(f"returned {actual.returned}, torch {expected.returned}")
        if actual.value.dtype != expected.value.dtype:
            return failed(f"the value is {actual.value.dtype}, torch's {expected.value.dtype}")
        other = Exam(self.trial, self.subject, call, expected, actual, way=way)
        return worst([other.compare(quantity) for quantity in other.quantities()])


def worst(findings: Sequence[Finding]) -> Finding:
    """The one that is farthest off where any failed; the distances and errors of all."""
    bad = [finding for finding in findings if finding.status == "failed"]
    found = max(bad, key=lambda f: f.deviation.ulps if f.deviation else float("inf"), default=PASSED)
    total = reduce(or_, (finding.errors for finding in findings), NO_ERRORS)
    return replace(found, apart=max((finding.apart for finding in findings), default=0.0), errors=total)


def described(quantity: Quantity) -> str:
    if quantity is None:
        return "value"
    cotangent, argument = quantity
    return f"gradient of {argument} (upstream {cotangent})"


def _presence(tensor: torch.Tensor | None) -> str:
    return "none" if tensor is None else f"one of shape {tuple(tensor.shape)}"


def unanswered(exam: Exam, *, alone: bool = False) -> Finding | None:
    """Why numbers cannot be compared: one of the sides gave no tensor. The refusal facet judges that. To be compared
    ``alone``, the candidate needs no reference."""
    if exam.expected.absent and not alone:
        return not_compared(exam.expected.absent)
    if exam.expected.raised is not None:
        return not_compared("torch refuses the call")
    if exam.actual.raised is not None:
        return not_compared("the candidate refuses the call")
    if exam.actual.value is None:
        return failed(f"returned {exam.actual.returned}, torch a Tensor")
    if exam.expected.value is not None and exam.actual.value.device != exam.expected.value.device:
        return not_compared("the value is on another device")
    return None
