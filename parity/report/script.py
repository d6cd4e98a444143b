"""A failure as a script by itself: it needs torch, the candidate and its framework, nothing of this suite."""

import math
from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import entry_points
from pathlib import Path

import torch

from parity.bridge import FRAMEWORKS, Framework
from parity.candidates import GROUP
from parity.case import DtypeName, Fields
from parity.inputs import build
from parity.losses import signatures
from parity.outcome import Call, cotangents
from parity.references import on_tensors
from parity.report.run import Run
from parity.trial import Verdict, referred
from parity.truth import Quantity

FEW = 64  # elements of a tensor that are spelled as numbers; more are spelled as bytes


def script(verdict: Verdict, run: Run) -> list[str]:
    """The lines of a script that shows the candidate's answer and torch's, if torch has one; none for an identity, a
    module's form, or a gradient that is not torch's to take. Its inputs are smaller ones where these show the same."""
    verdict = run.smaller.get(verdict.trial.id, verdict)
    trial = verdict.trial
    if trial.case.left is not None or trial.form != "function":
        return []
    wrong = [] if "value" in verdict.failures else [f.quantity for f in verdict.failures.values()]
    quantity = next((found for found in wrong if found is not None), None)
    imported = _imported(run.candidate, trial.case.loss, run.names)
    if not run.framework.is_torch:
        return [] if quantity else list(_values(verdict, imported, run.framework))
    return list(_lines(verdict, imported, quantity))


def _values(verdict: Verdict, imported: Iterable[str], framework: Framework) -> Iterator[str]:
    """Of a candidate whose arrays are another framework's: both sides' values, each of its own arrays."""
    trial = verdict.trial
    call, _, _ = referred(trial, gradients=False)
    reference = on_tensors(trial.case.loss)
    yield from (framework.imports, "import torch", *imported)
    yield "torch.set_printoptions(precision=17)"
    for name, tensor in build(trial, signatures()[trial.case.loss]).items():
        yield f"{name} = {_spelled(tensor, requires_grad=False)}"
    yield f"print(candidate({', '.join(_passed(call, name, framework) for name in call.arguments)}))"
    if reference is not None:
        yield f"print({reference}({', '.join(_passed(call, name) for name in call.arguments)}))"


def _lines(verdict: Verdict, imported: Iterable[str], quantity: Quantity) -> Iterator[str]:
    trial = verdict.trial
    call, expected, _ = referred(trial)
    reference = on_tensors(trial.case.loss)
    yield from sorted({"import torch", f"import {(reference or 'torch').partition('.')[0]}"})
    yield from imported
    yield "torch.set_printoptions(precision=17)"
    for name, tensor in build(trial, signatures()[trial.case.loss]).items():
        yield f"{name} = {_spelled(tensor, requires_grad=name in call.differentiable)}"
    passed = ", ".join(_passed(call, name) for name in call.arguments)
    yield f"for function in (candidate, {reference or ''}):"
    yield f"    value = function({passed})"
    yield "    print(value)"
    if quantity is not None and expected.value is not None:
        cotangent, argument = quantity
        upstream = cotangents(expected.value, call).get(cotangent)
        if upstream is None:  # a derivative of another kind, such as the second, has no upstream gradient of this name
            return
        spelled = _spelled(upstream, requires_grad=False)
        backward = f"torch.autograd.grad(value, {argument}, {spelled}, allow_unused=True)"
        yield f"    print(*{backward} if value.requires_grad else ['no gradient'])"


def _imported(candidate: str, loss: str, names: Mapping[str, str]) -> Iterator[str]:
    """How the candidate's function is had; what stands after a colon may be an object there, or a prefix of names."""
    place, _, name = candidate.partition(":")
    own = names.get(loss, loss)
    is_file, is_folder = place.endswith(".py"), "/" in place
    if is_file and not name:
        yield f"import runpy; candidate = runpy.run_path({place!r})[{own!r}]"
        return
    if is_file:
        yield f"import runpy, types; there = types.SimpleNamespace(**runpy.run_path({place!r}))"
    elif is_folder:
        folder = Path(place)
        yield f"import sys; sys.path.insert(0, {str(folder.parent)!r}); import {folder.name} as there"
    elif entry_points(group=GROUP, name=place):
        yield f"from importlib.metadata import entry_points; (point,) = entry_points(group={GROUP!r}, name={place!r})"
        yield "there = point.load()"
    elif not name:
        yield f"from {place} import {own} as candidate"
        return
    else:
        yield f"import importlib; there = importlib.import_module({place!r})"
    if name:
        yield f"held = getattr(there, {name!r}, None)"
        yield f"candidate = there.{name}{loss} if held is None else getattr(held, {own!r}, held)"
    else:
        yield f"candidate = there.{own}"


def _passed(call: Call, name: str, framework: Framework = FRAMEWORKS["torch"]) -> str:
    value = call.arguments[name]
    spelled = framework.handed.format(name) if isinstance(value, torch.Tensor) else _literal(value)
    if signatures()[call.loss][name].names_function(value):
        spelled = f"torch.nn.functional.{value}"
    return spelled if name in call.positional else f"{name}={spelled}"


def _literal(value: object) -> str:
    if isinstance(value, DtypeName):
        return f"torch.{value}"
    if isinstance(value, Fields):
        return f"torch.nn.{value.of}({', '.join(f'{name}={_literal(field)}' for name, field in value.values.items())})"
    if isinstance(value, float) and not math.isfinite(value):
        return f"float('{value}')"
    return repr(value)


def _spelled(tensor: torch.Tensor | None, *, requires_grad: bool) -> str:
    if tensor is None:
        return "None"
    shape = tuple(tensor.shape)
    if tensor.numel() <= FEW:
        numbers = str(tensor.tolist()).replace("nan", "float('nan')").replace("inf", "float('inf')")
        made = f"torch.tensor({numbers}, dtype={tensor.dtype})"
        if 0 in shape:
            made = f"torch.empty({shape}, dtype={tensor.dtype})"
    else:
        held = tensor.detach().cpu().contiguous().view(torch.uint8).numpy().tobytes().hex()
        made = f"torch.frombuffer(bytearray.fromhex('{held}'), dtype={tensor.dtype}).reshape({shape})"
    if not tensor.is_contiguous():
        made = f"torch.empty_strided({shape}, {tensor.stride()}, dtype={tensor.dtype}).copy_({made})"
    if tensor.device.type != "cpu":
        made += f".to({tensor.device.type!r})"
    return made + (".requires_grad_()" if requires_grad else "")
