"""Runs one implementation on one call and writes down all that can be seen of it.

Rules kept here: every run gets its own copies of the inputs, so no side can edit another's; facets compare outcomes and
never call a loss themselves, they ask here.
"""

import warnings
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass, replace
from functools import partial, wraps
from itertools import repeat
from typing import Any, TypeVar, cast

import numpy as np
import torch
import torch._functorch.config
from torch._subclasses.fake_tensor import FakeTensorMode

import reimpl
from parity.case import DEPRECATED, FLOATS, Application, DtypeName, Fields
from parity.digits import digits
from parity.inputs import laid_out
from parity.losses import ELEMENTARY, REFERENCE, Subject, signatures
from parity.outcome import Call, Outcome, Raised, alike, cotangents
from parity.ulp import numbers
from parity.watch import warning_always, watching

FORMULAS = Subject("reimpl", reimpl)
torch._functorch.config.donated_buffer = False  # or a compiled candidate could not be differentiated but once

Way = Callable[[Subject, Call], Outcome]
"""How a side is called: plainly, which is ``run``, or through one of torch's transforms."""

Going = TypeVar("Going", bound=Callable[..., Outcome])


def way(function: Going) -> Going:
    """Marks a way: the subject goes it where it lives, in this process or in another."""

    @wraps(function)
    def gone(subject: Subject, call: Call, **options: Any) -> Outcome:
        outcome: Outcome = subject.answer(function, call, **options)
        return outcome

    return cast(Going, gone)


@way
def run(subject: Subject, call: Call, *, watched: bool = False) -> Outcome:
    """One forward call and a backward for each upstream gradient; ``watched`` looks at global state and inputs too."""
    own = {name: leaf(tensor, name in call.differentiable) for name, tensor in call.tensors.items()}
    versions = {name: tensor._version for name, tensor in own.items()}
    with warnings.catch_warnings(record=True) as heard, warning_always(), watching(watched) as impurities:
        value, raised = attempt(lambda: called(subject, call, {**call.arguments, **own}))
        warned = tuple((w.category.__name__, str(w.message)) for w in heard)
        gradients, raised_in_backward = _differentiated(value, call, own)
    edited = [
        name for name, t in own.items()
        if watched and (t._version != versions[name] or not _same_bits(t, call.tensors[name]))
    ]  # fmt: skip
    return Outcome(
        value=value.detach() if isinstance(value, torch.Tensor) else None,
        returned=type(value).__name__,
        gradients=gradients,
        raised=raised,
        raised_in_backward=raised_in_backward,
        warned=warned,
        impurities=(*impurities, *(f"the input {name} was edited in place" for name in edited)),
        aliases=tuple(name for name, tensor in own.items() if _aliased(value, tensor)),
    )


def terms_in_double(call: Call) -> torch.Tensor | None:
    """What the reference reduces, in float64: its value under ``reduction="none"``; None without such an option."""
    if call.expression is not None or "reduction" not in signatures()[call.loss].options:
        return None
    unreduced = {name: None for name in DEPRECATED if name in call.arguments} | {"reduction": "none"}
    call = replace(call, form=None)
    wide = _in_double(replace(call, arguments={**call.arguments, **unreduced}))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        value, _ = attempt(lambda: called(REFERENCE, wide, wide.arguments))
    return value if isinstance(value, torch.Tensor) else None


def run_in_double(call: Call, way: Way = run) -> Outcome:
    """The reference in float64 on exactly the numbers of ``call``; a dtype option is float64 too."""
    return way(REFERENCE, _in_double(call))


def needs_subnormals(call: Call, expected: Outcome) -> bool:
    """Whether the reference gives other numbers than these where the processor takes subnormal ones for 0."""
    torch.set_flush_denormal(True)
    try:
        found = run(REFERENCE, call)
    finally:
        torch.set_flush_denormal(False)
    slopes = [
        (g, found.gradients.get(c, {}).get(name))
        for c, named in expected.gradients.items()
        for name, g in named.items()
    ]
    return not all(alike(one, other) for one, other in ((expected.value, found.value), *slopes))


def value_in_digits(call: Call, moved: tuple[str, tuple[int, ...], Any] | None = None) -> Any:
    """The shipped formula's value in 50-digit arithmetic, as an object array; None where it does not run there.
    ``moved`` adds to one element: argument, index, and by how much."""
    conversions = {name: None for name, value in call.arguments.items() if isinstance(value, torch.dtype)}
    arrays = {name: _in_digits(tensor, whole=bool(conversions)) for name, tensor in call.tensors.items()}
    if moved is not None:
        name, index, by = moved
        arrays[name][index] = arrays[name][index] + by
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        arguments = {**call.arguments, **arrays, **conversions}
        value, _ = attempt(lambda: called(FORMULAS, replace(call, form=None), arguments))
    return None if value is None else np.asarray(value, dtype=object)


@way
def run_placed(subject: Subject, call: Call, *, device: str) -> Outcome:
    """A forward call on tensors that only pretend to be on ``device``: any real CPU tensor that meets them raises."""
    with torch.no_grad(), FakeTensorMode(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        placed = call.with_tensors(lambda t: torch.empty_strided(t.shape, t.stride(), dtype=t.dtype, device=device))
        value, raised = attempt(lambda: called(subject, placed, placed.arguments))
    if not isinstance(value, torch.Tensor):
        return Outcome(returned=type(value).__name__, raised=raised)
    return Outcome(value=value, returned="Tensor")


def relaid(call: Call) -> Call:
    """The same numbers, each tensor in another layout than it has."""
    return call.with_tensors(_relaid)


def run_differentiably(subject: Subject, call: Call, wanted: tuple[str, ...]) -> tuple[Outcome, tuple[str, ...]]:
    """The outcome with gradients of those of ``wanted`` for which ``subject`` gives any, and which these are; the
    others make it refuse the call."""
    outcome = run(subject, replace(call, differentiable=wanted))
    if outcome.raised is None or run(subject, call).raised is not None:
        return outcome, wanted
    granted = tuple(name for name in wanted if run(subject, replace(call, differentiable=(name,))).raised is None)
    return run(subject, replace(call, differentiable=granted)), granted


def leaf(tensor: torch.Tensor, differentiable: bool) -> torch.Tensor:
    """A copy that lies in memory as the original does: strides, offset and elements that share their memory."""
    storage: torch.UntypedStorage = tensor.untyped_storage().clone()  # type: ignore[no-untyped-call]
    copy = torch.empty(0, dtype=tensor.dtype, device=tensor.device)
    copy.set_(storage, tensor.storage_offset(), tensor.shape, tensor.stride())
    return copy.requires_grad_(differentiable)


def called(subject: Subject, call: Call, arguments: Mapping[str, Any]) -> Any:
    """What ``subject`` returns for these arguments: of its function, its module or its functions in an expression."""
    if call.expression is not None:
        return _evaluated(subject, call.expression, arguments)
    function, ordered, named = bound(subject, call, arguments)
    return function(*ordered, **named)


def bound(
    subject: Subject, call: Call, arguments: Mapping[str, Any]
) -> tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]:
    """The function of ``subject``, or the module that its class makes of the options, and what to call it with, in
    order and by name."""
    function = subject.function(call.loss) if call.form is None else subject.form(call.form)
    assert function is not None, f"{subject.name} lacks {call.form or call.loss}"
    given = _made(subject, call.loss, arguments)
    ordered = tuple(given[name] for name in call.positional if name in given)
    named = {name: value for name, value in given.items() if name not in call.positional}
    return (function, ordered, named) if call.form is None else (function(**named), ordered, {})


def _evaluated(subject: Subject, expression: Application | str | float, arguments: Mapping[str, Any]) -> Any:
    if isinstance(expression, str):
        return arguments[expression]
    if not isinstance(expression, Application):
        return expression
    on_torch = any(isinstance(array, torch.Tensor) for array in arguments.values())
    name = expression.function
    function = getattr(torch if on_torch else np, name) if name in ELEMENTARY else subject.function(name)
    assert function is not None, f"{subject.name} lacks {name}"
    options = expression.options if name in ELEMENTARY else _made(subject, name, expression.options)
    return function(*(_evaluated(subject, o, arguments) for o in expression.operands), **options)


def _made(subject: Subject, loss: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments as ``subject`` takes them, with a function for each name of one: the formulas' own for the
    formulas, which may be called with numbers that torch does not know; else torch's, for a candidate may lack it."""
    side = FORMULAS if subject is FORMULAS else REFERENCE
    taken = signatures()[loss].arguments if loss in signatures() else ()
    named = {a.name for a in taken if a.names_function(arguments.get(a.name))}
    return {n: side.function(v) or v if n in named else subject.made(v) for n, v in arguments.items()}


def _differentiated(
    value: Any, call: Call, own: Mapping[str, torch.Tensor]
) -> tuple[dict[str, dict[str, torch.Tensor | None]], Raised | None]:
    gradients: dict[str, dict[str, torch.Tensor | None]] = {}
    if not isinstance(value, torch.Tensor) or not call.differentiable:
        return gradients, None
    leaves = [own[name] for name in call.differentiable]
    for label, cotangent in cotangents(value, call).items():
        if not value.requires_grad:
            gradients[label] = dict(zip(call.differentiable, repeat(None)))
            continue
        backward = partial(torch.autograd.grad, value, leaves, cotangent, retain_graph=True, allow_unused=True)
        found, raised = attempt(backward)
        if raised is not None:
            return gradients, raised
        gradients[label] = dict(zip(call.differentiable, found, strict=True))
    return gradients, None


def attempt(action: Callable[[], Any]) -> tuple[Any, Raised | None]:
    """What ``action`` gives, or what it raises."""
    try:
        return action(), None
    except (Exception, SystemExit) as error:
        return None, Raised(type(error).__name__, tuple(c.__name__ for c in type(error).__mro__), _message(error))


def _message(error: BaseException) -> str:
    """What the exception says, in characters that every report can hold."""
    try:
        said = str(error)
    except Exception as trouble:
        return f"(its message cannot be had: {type(trouble).__name__})"
    return said.encode("utf-8", "backslashreplace").decode()


def _in_double(call: Call) -> Call:
    return replace(call, arguments={name: _doubled(value) for name, value in call.arguments.items()})


def _doubled(value: Any) -> Any:
    """A tensor in twice the precision, and so the dtypes that an option names; anything else as it is."""
    if isinstance(value, torch.Tensor):
        if value.is_complex():
            return value.to(torch.complex128)
        return value.double() if value.is_floating_point() else value
    if isinstance(value, Fields):
        return Fields(value.of, {name: _doubled(field) for name, field in value.values.items()})
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{one.name: _doubled(getattr(value, one.name)) for one in fields(value) if one.init})
    if isinstance(value, torch.dtype):
        return torch.float64
    return DtypeName("float64") if isinstance(value, DtypeName) and value in FLOATS else value


def _relaid(tensor: torch.Tensor) -> torch.Tensor:
    if tensor.ndim >= 2 and tensor.is_contiguous() and tensor.numel() > max(tensor.shape, default=0):
        return laid_out(tensor, "transposed")
    return laid_out(tensor, "strided" if tensor.ndim else "offset")


def _in_digits(tensor: torch.Tensor, *, whole: bool) -> Any:
    """``whole`` numbers too, and the real part of complex ones, if a dtype option turns them into floats."""
    array = (tensor.real if whole else tensor).detach().cpu()
    return digits(numbers(array)) if array.is_floating_point() or whole else array.numpy()


def _same_bits(x: torch.Tensor, y: torch.Tensor) -> bool:
    x = x.detach()
    return torch.equal(x, y) or bool(
        torch.equal(torch.isnan(x), torch.isnan(y)) and torch.equal(x.nan_to_num(), y.nan_to_num())
    )


def _aliased(value: Any, tensor: torch.Tensor) -> bool:
    if not isinstance(value, torch.Tensor) or value.layout is not torch.strided or not value.numel():
        return False
    return value.untyped_storage().data_ptr() == tensor.untyped_storage().data_ptr()
