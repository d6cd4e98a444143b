"""Where reports are put, and how plain data is spelled in them."""

import json
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from parity.errors import ParityError


def put(path: Path, what: str, save: Callable[[Path], object]) -> None:
    """Makes the folder of ``path`` and lets ``save`` write there.

    Raises:
        ParityError: that cannot be done; ``what`` names the report.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        save(path)
    except OSError as error:
        raise ParityError(f"{path}: the {what} cannot be written: {error.strerror}") from error


def put_text(path: Path, what: str, text: str) -> None:
    put(path, what, lambda place: place.write_text(text, encoding="utf-8"))


def json_text(report: Any) -> str:
    """As JSON; infinite and undefined numbers are the texts ``"inf"`` and ``"nan"``."""
    return json.dumps(_plain(report), indent=2, allow_nan=False) + "\n"


def _plain(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, Mapping):
        return {key: _plain(part) for key, part in value.items()}
    return [_plain(part) for part in value] if isinstance(value, list | tuple) else value
