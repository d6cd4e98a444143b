"""A measurement of accuracy as plain data, for ``--json``."""

from pathlib import Path
from typing import Any

import torch

from parity.accuracy import BINS, SIDES, Accuracy, Part, Spread, Worst
from parity.report.files import json_text, put_text
from parity.report.run import environment
from parity.ulp import hexadecimal, numbers


def write_accuracy(found: Accuracy, path: Path) -> None:
    """Writes ``accuracy_as_data`` to ``path``.

    Raises:
        ParityError: it cannot be written.
    """
    put_text(path, "json report", json_text(accuracy_as_data(found)))


def accuracy_as_data(found: Accuracy) -> dict[str, Any]:
    """Everything but the elements themselves; the inputs where a side is farthest off are in full."""
    return {
        "loss": found.loss,
        "candidate": found.candidate,
        "seed": found.plan.seed,
        "samples": found.plan.samples,
        "sample": found.plan.only,
        "environment": environment(),
        "bins": list(BINS),
        "dtypes": {part.dtype: _part(part) for part in found.parts},
    }


def _part(part: Part) -> dict[str, Any]:
    return {
        "samples": part.drawn,
        "refused": part.refused,
        "unanswered": part.unanswered,
        "left": part.left,
        "quantities": {spread.quantity: _spread(spread) for spread in part.spreads},
    }


def _spread(spread: Spread) -> dict[str, Any]:
    sides: dict[str, Any] = {
        side: {
            "worst": spread.largest(side),
            "mean": spread.mean(side),
            "high": spread.high(side),
            "infinite": spread.infinite(side),
            "nearer": spread.nearer(side),
            "histogram": spread.histogram(side).tolist(),
            "farthest": _worst(spread.worst[side]) if side in spread.worst else None,
        }
        for side in SIDES
    }
    return {"elements": spread.count, "unknown": spread.unknown, **sides}


def _worst(at: Worst) -> dict[str, Any]:
    return {
        "sample": at.sample.number,
        "kind": at.sample.kind,
        "trial": at.sample.trial.id,
        "index": list(at.index),
        "numbers": dict(at.numbers),
        "errors": dict(at.errors),
        "truth": at.truth,
        "arguments": {name: _argument(value) for name, value in at.sample.call.arguments.items()},
    }


def _argument(value: Any) -> Any:
    """Floats of a tensor in hexadecimal, which is exact; what JSON has no word for as text."""
    if not isinstance(value, torch.Tensor):
        return value if value is None or isinstance(value, bool | int | float | str) else str(value)
    return _exact(numbers(value).tolist()) if value.is_floating_point() else value.tolist()


def _exact(x: Any) -> Any:
    return [_exact(one) for one in x] if isinstance(x, list) else hexadecimal(x)
