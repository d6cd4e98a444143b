"""Notices what a candidate replaces in the modules that everybody shares, and puts it back."""

import json
from collections.abc import Mapping
from operator import is_
from typing import Any

import torch

SHARED: Mapping[str, Any] = {
    "torch": torch, "torch.nn.functional": torch.nn.functional, "torch.Tensor": torch.Tensor, "json": json
}  # fmt: skip


class Patches:
    """What stands in the shared modules from now on; ``lasting`` are the names that an import has replaced, which the
    candidate may need, so they stay replaced."""

    def __init__(self) -> None:
        self._kept = {name: dict(vars(place)) for name, place in SHARED.items()}
        self.lasting: tuple[str, ...] = ()

    def settle(self) -> None:
        """The import is over: what it replaced is told from now on, and not put back."""
        self.lasting = tuple(self._found())
        self._kept = {name: dict(vars(place)) for name, place in SHARED.items()}

    def undone(self) -> tuple[str, ...]:
        """What has been replaced, in words; what was since the import is put back."""
        found = self._found()
        for place, name in found.values():
            setattr(SHARED[place], name, self._kept[place][name])
        return tuple(f"{name} was replaced" for name in (*self.lasting, *found))

    def _found(self) -> dict[str, tuple[str, str]]:
        """Names that hold something else than before; new ones are no matter, torch itself adds some."""
        return {
            f"{place}.{name}": (place, name)
            for place, kept in self._kept.items()
            if not all(map(is_, vars(SHARED[place]).values(), kept.values()))
            for name, value in kept.items()
            if vars(SHARED[place]).get(name, value) is not value
        }
