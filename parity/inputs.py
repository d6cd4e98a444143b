"""From an input as the file describes it to a tensor, and back.

Rules kept here: recipes are drawn once by NumPy in float64 from the seed in the file and rounded once, so that every
dtype and device sees the same numbers; a layout changes where numbers lie in memory, never the numbers.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from parity.case import Input, Layout, Nested, Signature, Trial
from parity.ulp import component, rounded


def build(trial: Trial, signature: Signature | None) -> dict[str, torch.Tensor | None]:
    """The trial's tensors by argument name, on its device; ``signature`` is None for an identity."""
    return {
        name: None if described is None else _tensor(described, _dtype(described, name, trial, signature), trial.device)
        for name, described in trial.inputs.items()
    }


def literal(tensor: torch.Tensor, like: Input, name: str, trial: Trial, signature: Signature | None) -> Input | None:
    """The input ``name`` of ``trial`` that ``tensor`` is built from, each number as it is, otherwise ``like`` another;
    None for a complex one, which has no literal."""
    if tensor.is_complex():
        return None
    made = replace(like, shape=tuple(tensor.shape), parameters={}, dtype=None)
    if tensor.numel():
        made = replace(made, recipe="values", values=_nest(tensor.tolist()), whole=not tensor.is_floating_point())
    else:
        made = replace(made, recipe="full", values=None, whole=True, parameters={"value": 0})
    same = _dtype(made, name, trial, signature) is tensor.dtype
    return made if same else replace(made, dtype=str(tensor.dtype).removeprefix("torch."))


def _nest(values: Any) -> Nested:
    return tuple(_nest(value) for value in values) if isinstance(values, list) else values


def _dtype(described: Input, name: str, trial: Trial, signature: Signature | None) -> torch.dtype:
    if described.dtype == "same":
        return _named(trial.dtype)
    if described.dtype is not None:
        return _named(described.dtype)
    whole = described.whole or described.recipe in ("integers", "permutation")
    takes_labels = signature is None or signature[name].kind == "labels"
    return torch.int64 if whole and takes_labels else _named(trial.dtype)


def _named(dtype: str) -> torch.dtype:
    found = getattr(torch, dtype)
    assert isinstance(found, torch.dtype)
    return found


def _tensor(described: Input, dtype: torch.dtype, device: str) -> torch.Tensor:
    if described.recipe == "special":
        tensor = _special(described.shape, dtype)
    elif described.recipe == "neighbours":
        tensor = _neighbours(described.parameters["points"], dtype)
    else:
        tensor = _rounded(_drawn(described, dtype.is_complex), dtype)
    return laid_out(tensor.to(device), described.layout)


def _rounded(drawn: NDArray[Any], dtype: torch.dtype) -> torch.Tensor:
    if not (dtype.is_floating_point or dtype.is_complex):
        return torch.from_numpy(np.ascontiguousarray(drawn)).to(dtype).reshape(drawn.shape)
    parts = component(dtype)
    if dtype.is_complex:
        real, imag = (torch.tensor(rounded(part, parts)).to(parts) for part in (drawn.real, drawn.imag))
        return torch.complex(real, imag)
    return torch.from_numpy(np.asarray(rounded(drawn.astype(np.float64), parts))).to(dtype)


def _drawn(described: Input, is_complex: bool) -> NDArray[Any]:
    if described.recipe == "values":
        return np.array(described.values).reshape(described.shape)
    generator = np.random.default_rng(described.parameters.get("seed"))
    real = _recipe(described, generator)
    return real + 1j * _recipe(described, generator) if is_complex else real


def _recipe(described: Input, generator: np.random.Generator) -> NDArray[Any]:
    shape, keys = described.shape, described.parameters
    match described.recipe:
        case "normal":
            return generator.normal(keys.get("mean", 0.0), keys.get("std", 1.0), shape)
        case "uniform":
            return generator.uniform(keys.get("low", 0.0), keys.get("high", 1.0), shape)
        case "integers":
            return generator.integers(keys["low"], keys["high"], shape)
        case "probabilities":
            return _probabilities(generator, shape, keys)
        case "signs":
            return generator.choice(np.array([-1, 1]), shape)
        case "permutation":
            order: NDArray[Any] = generator.permuted(np.broadcast_to(np.arange(shape[-1]), shape), axis=-1)
            return order
        case "linspace":
            return np.linspace(keys["low"], keys["high"], int(np.prod(shape))).reshape(shape)
        case "full":
            return np.full(shape, keys["value"])
    raise AssertionError(f"the loader let the recipe {described.recipe!r} through")


def _probabilities(generator: np.random.Generator, shape: tuple[int, ...], keys: Mapping[str, Any]) -> NDArray[Any]:
    axis = keys.get("axis", min(1, len(shape) - 1))
    weights = generator.exponential(size=shape)
    shares: NDArray[Any] = weights / weights.sum(axis=axis, keepdims=True)
    return shares


def _special(shape: tuple[int, ...], dtype: torch.dtype) -> torch.Tensor:
    """The palette of the dtype, over and over until the shape is full."""
    edge = torch.finfo(component(dtype))
    one = torch.ones((), dtype=component(dtype))
    below, above = (torch.nextafter(one, torch.full_like(one, end)).item() for end in (0.0, 2.0))
    positive = [edge.smallest_normal * edge.eps, edge.tiny, below, 1.0, above, edge.max**0.5, edge.max]
    palette = [0.0, -0.0, *positive, *(-x for x in positive), np.inf, -np.inf, np.nan]
    return torch.tensor(np.resize(palette, shape), dtype=torch.float64).to(dtype)


def _neighbours(points: tuple[float, ...], dtype: torch.dtype) -> torch.Tensor:
    middle = _rounded(np.array(points), dtype)
    below, above = (torch.nextafter(middle, torch.full_like(middle, end)) for end in (-np.inf, np.inf))
    return torch.stack((below, middle, above), dim=-1)


def laid_out(tensor: torch.Tensor, layout: Layout) -> torch.Tensor:
    """The same numbers in another memory layout; ``expanded`` repeats the first slice."""
    match layout:
        case "contiguous":
            return tensor.contiguous()
        case "transposed":
            return tensor.transpose(-1, -2).contiguous().transpose(-1, -2)
        case "strided":
            return torch.stack((tensor, tensor), dim=-1).flatten(-2)[..., ::2]
        case "expanded":
            return tensor[:1].expand(tensor.shape)
        case "channels_last":
            return tensor.contiguous(memory_format=torch.channels_last)
        case "offset":
            return torch.cat((tensor.new_zeros(1), tensor.flatten()))[1:].view(tensor.shape)
