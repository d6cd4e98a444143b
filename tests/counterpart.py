"""What a loss is held against where it goes through frameworks and transforms."""

from collections.abc import Callable
from typing import Any

import torch

import reimpl


def counterpart(loss: str) -> Callable[..., Any]:
    """torch's function; of a loss that torch lacks the formula itself, on torch and as it stands."""
    return getattr(torch.nn.functional, loss, getattr(reimpl, loss))
