"""The committed file of figures: what it holds, and every way in which it can be wrong."""

import json
from collections.abc import Mapping
from math import inf, isnan
from pathlib import Path
from typing import Any

import torch

from parity.baseline.figures import Baseline, Key
from parity.errors import ParityError

FORM = "a mapping from loss, dtype and facet to a number from 0 on"


def environment() -> dict[str, str]:
    """What the figures depend on besides the code."""
    return {"torch": torch.__version__, "cpu_capability": torch.backends.cpu.get_cpu_capability()}


def read(path: Path, *, may_begin: bool = False) -> Baseline:
    """What the file keeps; nothing where there is none and it ``may_begin``.

    Raises:
        ParityError: there is none, or it is no baseline.
    """
    if may_begin and not path.exists():
        return Baseline({})
    try:
        content = json.loads(path.read_text(encoding="utf-8"), parse_int=float)
    except FileNotFoundError:
        raise ParityError(f"{path}: there is no such file; `parity baseline --update` begins it") from None
    except (OSError, UnicodeDecodeError, ValueError, RecursionError) as error:
        raise ParityError(f"{path}: this is no baseline: {error}") from error
    if not isinstance(content, dict) or set(content) != {"environment", "figures"}:
        raise ParityError(f"{path}: this is no baseline: it takes the keys environment and figures")
    said = content["environment"]
    if not isinstance(said, dict) or not all(isinstance(value, str) for value in said.values()):
        raise ParityError(f"{path}: environment takes a mapping from names to texts")
    return Baseline(_figures(path, content["figures"]), said)


def _figures(path: Path, content: Any) -> dict[Key, float]:
    found: dict[Key, float] = {}
    for loss, dtypes in _entries(path, "figures", content):
        for dtype, facets in _entries(path, loss, dtypes):
            for facet, figure in _entries(path, f"{loss}, {dtype}", facets):
                found[loss, dtype, facet] = _figure(path, f"{loss}, {dtype}, {facet}", figure)
    return found


def _entries(path: Path, where: str, content: Any) -> list[tuple[str, Any]]:
    if not isinstance(content, dict):
        raise ParityError(f"{path}: {where}: {str(content)[:40]!r} where {FORM} is due")
    return list(content.items())


def _figure(path: Path, where: str, content: Any) -> float:
    number = inf if content == "inf" else content
    if not isinstance(number, float) or isnan(number) or number < 0:
        raise ParityError(f'{path}: {where}: {str(content)[:40]!r} is no number from 0 on, nor "inf"')
    return number


def nested(figures: Mapping[Key, float]) -> dict[str, dict[str, dict[str, float]]]:
    """By loss, dtype and facet."""
    found: dict[str, dict[str, dict[str, float]]] = {}
    for (loss, dtype, facet), figure in figures.items():
        found.setdefault(loss, {}).setdefault(dtype, {})[facet] = figure
    return found
