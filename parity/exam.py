"""What a facet is given to look at, and what it answers."""

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import torch

from parity.agreement import NO_ERRORS, Deviation, Errors, Measure, errors, judged
from parity.budget import allowed, factor
from parity.case import Trial
from parity.losses import REFERENCE, Subject
from parity.outcome import Call, Outcome
from parity.truth import Quantity, Truth, quantity_of
from parity.ulp import Numbers, component, numbers

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

    ``refused_gradients`` are the float arguments for which the reference refuses to give a gradient.
    """

    def __init__(
        self, trial: Trial, subject: Subject, call: Call, expected: Outcome, actual: Outcome,
        refused_gradients: tuple[str, ...] = (),
    ) -> None:  # fmt: skip
        self.trial = trial
        self.subject = subject
        self.reference = REFERENCE
        self.call = call
        self.expected = expected
        self.actual = actual
        self.refused_gradients = refused_gradients
        self.truth = Truth(call)

    @cached_property
    def terms(self) -> int:
        """The most elements that one number of the result can depend on."""
        return max((tensor.numel() for tensor in self.call.tensors.values()), default=1)

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
            double=lambda: None if real is torch.float64 else self.truth.of(quantity),
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
        x, y, measure = numbers(actual), numbers(expected), self.measure(quantity, expected.dtype)
        found, apart = judged(x, y, measure)
        status: Status = "passed" if found is None else "failed"
        return Finding(status, name, found, quantity, apart, self._errors(x, y, measure, quantity))

    def _errors(self, actual: Numbers, expected: Numbers, measure: Measure, quantity: Quantity) -> Errors:
        """The errors of both sides, where float64 knows the truth."""
        exact = measure.double() if quantity is None or quantity[0] in MEASURED else None
        if exact is None or exact.high.shape != expected.shape:
            return NO_ERRORS
        return errors(actual, expected, exact, measure.dtype)


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
