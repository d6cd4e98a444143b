"""Notices which of torch's own losses a candidate calls while it runs.

It sees calls made from Python, in this thread and in those begun meanwhile: of the functions in ``torch.nn.functional``
(the modules of ``torch.nn`` call these), of the builtins in ``torch`` and ``torch._C._nn``, of the methods of tensors,
and of operators under ``torch.ops.aten``. It does not see what compiled code (a C++ extension, a scripted function, a
graph that ``torch.compile`` made before) calls. Nothing is replaced for it: functions stay what they are.
"""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from types import CodeType, FrameType, FunctionType
from typing import Any

import torch
from torch._ops import OpOverload, OpOverloadPacket

from parity.losses import REFERENCE, signatures
from parity.outcome import Call

BUILTINS = (torch, torch._C._nn, torch._C._VariableFunctions)
OPERATORS = (OpOverload.__call__.__code__, OpOverloadPacket.__call__.__code__)


@contextmanager
def looking_out(call: Call) -> Iterator[set[str]]:
    """Collects the names of torch's losses that run within: any that reduces, and the call's own. A function that the
    call itself gives to the candidate is not counted."""
    found: set[str] = set()
    given = {value for value in call.arguments.values() if isinstance(value, str)}
    wanted = (_reducing() | {call.loss}) - given
    codes, builtins = _codes(), _builtins()

    def look(frame: FrameType, event: str, argument: Any) -> None:
        name = None
        if event == "call":
            code = frame.f_code
            name = _operator(frame.f_locals["self"]) if code in OPERATORS else codes.get(code)
        elif event == "c_call" and argument.__name__ in builtins:
            name = builtins[argument.__name__] if _is_torchs(argument) else None
        if name in wanted:
            found.add(name)

    sys.setprofile(look)
    threading.setprofile(look)
    try:
        yield found
        if sys.getprofile() is not look:
            found.add("(it ended the look-out for them)")
    finally:
        sys.setprofile(None)
        threading.setprofile(None)


@cache
def _reducing() -> frozenset[str]:
    return frozenset(name for name, signature in signatures().items() if "reduction" in signature.options)


@cache
def _codes() -> dict[CodeType, str]:
    """The losses that are written in Python, by their code."""
    functions = {name: REFERENCE.function(name) for name in signatures()}
    return {f.__code__: name for name, f in functions.items() if isinstance(f, FunctionType)}


@cache
def _builtins() -> dict[str, str]:
    """The losses by the names of torch's builtins for them, such as ``nll_loss_nd``."""
    return {name: loss for place in BUILTINS for name in dir(place) if (loss := _of(name))}


def _is_torchs(builtin: Any) -> bool:
    owner = getattr(builtin, "__self__", None)
    if isinstance(owner, torch.Tensor):
        return True
    return any(getattr(place, builtin.__name__, None) == builtin for place in BUILTINS)


def _operator(called: Any) -> str | None:
    space, _, name = str(getattr(called, "_qualified_op_name", getattr(called, "_name", ""))).partition("::")
    return _of(name.partition(".")[0]) if space == "aten" else None


@cache
def _of(name: str) -> str | None:
    """The loss that a builtin or operator of this name computes, whole or in part."""
    return max((loss for loss in signatures() if name.lstrip("_").startswith(loss)), key=len, default=None)
