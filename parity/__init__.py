"""The parity suite for PyTorch's losses: ``assert_parity`` judges within your own tests, ``implements`` marks what
stands for a loss; the rest is the command ``parity``."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from parity.asserting import assert_parity
    from parity.candidates import implements

__all__ = ["assert_parity", "implements"]

_PLACES = {"assert_parity": "parity.asserting", "implements": "parity.candidates"}


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_PLACES[name]), name)
