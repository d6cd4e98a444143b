"""Global state that a loss must leave alone: read before, compared after, put back."""

import random
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch


def _set_torch_state(state: bytes) -> None:
    torch.set_rng_state(torch.frombuffer(bytearray(state), dtype=torch.uint8))


def _cuda_state() -> bytes:
    """Nothing before CUDA is in use: asking would start it."""
    in_use: bool = torch.cuda.is_initialized()  # type: ignore[no-untyped-call]
    return torch.cuda.get_rng_state().numpy().tobytes() if in_use else b""


def _set_cuda_state(state: bytes) -> None:
    if state:
        torch.cuda.set_rng_state(torch.frombuffer(bytearray(state), dtype=torch.uint8))


def _numpy_state() -> tuple[Any, ...]:
    state = np.random.get_state(legacy=True)
    assert isinstance(state, tuple)
    return state[0], state[1].tobytes(), *state[2:]


def _set_numpy_state(state: tuple[Any, ...]) -> None:
    np.random.set_state((state[0], np.frombuffer(state[1], dtype=np.uint32), *state[2:]))


def _set_filters(kept: list[Any]) -> None:
    warnings.filters[:] = kept  # type: ignore[index]  # typeshed calls it a Sequence; it is a list
    warnings._filters_mutated()  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class _Global:
    """A piece of state that a loss must leave alone: how to read it, how to put it back."""

    name: str
    read: Callable[[], Any]
    restore: Callable[[Any], object]


_STATE = (
    _Global("the default dtype", torch.get_default_dtype, torch.set_default_dtype),
    _Global("the gradient mode", torch.is_grad_enabled, torch.set_grad_enabled),
    _Global("the thread count", torch.get_num_threads, torch.set_num_threads),
    _Global("the deterministic mode", torch.are_deterministic_algorithms_enabled, torch.use_deterministic_algorithms),
    _Global("torch's random state", lambda: torch.get_rng_state().numpy().tobytes(), _set_torch_state),
    _Global("CUDA's random state", _cuda_state, _set_cuda_state),
    _Global("Python's random state", random.getstate, random.setstate),
    _Global("NumPy's random state", _numpy_state, _set_numpy_state),
    _Global("NumPy's error handling", np.geterr, lambda kept: np.seterr(**kept)),
    _Global("the warning filters", lambda: list(warnings.filters), _set_filters),
)


@contextmanager
def warning_always() -> Iterator[None]:
    """Warnings are heard each time: torch's and Python's own registries would keep all but the first in a process."""
    always = torch.is_warn_always_enabled()
    torch.set_warn_always(True)
    warnings.simplefilter("always")
    try:
        yield
    finally:
        torch.set_warn_always(always)


@contextmanager
def watching(wanted: bool) -> Iterator[list[str]]:
    """Notes and undoes changes of global state."""
    changed: list[str] = []
    before = [piece.read() for piece in _STATE] if wanted else []
    try:
        yield changed
    finally:
        for piece, old in zip(_STATE, before, strict=False):
            if piece.read() != old:
                changed.append(f"{piece.name} was changed")
                piece.restore(old)
