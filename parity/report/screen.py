"""One failure on one screen: what, where, by how much, and how to see it again."""

from collections.abc import Iterator

import torch

from parity.agreement import Deviation
from parity.exam import Finding
from parity.inputs import build
from parity.losses import signatures
from parity.report.run import Run
from parity.trial import Verdict

FEW = 64  # elements of an input that a script spells out; a larger one it takes from the case


def screen(verdict: Verdict, run: Run) -> str:
    """The text for one verdict that is not a pass."""
    case = verdict.trial.case
    lines = [verdict.trial.id + (f"   {case.about}" if case.about else "")]
    for facet, finding in verdict.failures.items():
        lines += [f"  {line}" for line in _told(facet, finding)]
    if verdict.error:
        lines.append(f"  cannot be judged: {verdict.error}")
    if verdict.state == "failed" and not verdict.failures:
        lines.append("  a known gap that is none: every facet it names passes now; take `known_gap` out")
    lines.append(f"  {case.place.file}:{case.place.line}   again: {run.repeat(verdict)}")
    if verdict.state == "failed" and case.left is None and verdict.trial.form == "function":
        lines += ["  by itself:", *(f"    {line}" for line in _script(verdict, run.candidate))]
    return "\n".join(lines)


def headline(verdict: Verdict) -> str:
    """One line: which facets, and the worst distance."""
    return "; ".join(line for f, finding in verdict.failures.items() for line in _told(f, finding)[:1]) or verdict.error


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
    told = "   ".join(f"{side} {x!r} ({x.hex()})" for side, x in sides.items())
    share = f"{found.wrong} of {found.total} elements"
    return [f"  {told}", f"  {found.ulps:.6g} ulp apart, {found.allowed:.3g} allowed; {share}"]


def _script(verdict: Verdict, candidate: str) -> Iterator[str]:
    """Python that needs only torch and the candidate."""
    trial = verdict.trial
    signature = signatures()[trial.case.loss]
    tensors = build(trial, signature)
    arguments = [a.name for a in signature.arguments if a.name in {**tensors, **trial.options}]
    yield "import torch"
    yield _imported(candidate, trial.case.loss)
    for name, tensor in tensors.items():
        yield f"{name} = {_spelled(tensor, name)}"
    required = {a.name for a in signature.arguments if a.required}
    values = {name: name if name in tensors else repr(trial.options[name]) for name in arguments}
    passed = ", ".join(values[name] if name in required else f"{name}={values[name]}" for name in arguments)
    yield f"print(candidate({passed}))"
    yield f"print(torch.nn.functional.{trial.case.loss}({passed}))"


def _imported(candidate: str, loss: str) -> str:
    if candidate.endswith(".py"):
        return f"import runpy; candidate = runpy.run_path({candidate!r})[{loss!r}]"
    module, _, prefix = candidate.partition(":")
    return f"from {module} import {prefix}{loss} as candidate"


def _spelled(tensor: torch.Tensor | None, name: str) -> str:
    if tensor is None:
        return "None"
    gradient = ", requires_grad=True" if name == "input" and tensor.is_floating_point() else ""
    if tensor.numel() > FEW:
        return f"...  # {tensor.numel()} elements: `parity show` prints them"
    numbers = str(tensor.tolist()).replace("nan", "float('nan')").replace("inf", "float('inf')")
    return f"torch.tensor({numbers}, dtype={tensor.dtype}, device={str(tensor.device)!r}{gradient})"
