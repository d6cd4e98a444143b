"""Notices what a candidate replaces in the modules that everybody shares, and puts it back."""

import json
from collections.abc import Mapping
from operator import is_
from typing import Any

import torch

SHARED: Mapping[str, Any] = {
    "torch": torch, "torch.nn.functional": torch.nn.functional, "torch.Tensor": torch.Tensor, "json": json
}  # fmt: skip
INHERITED = object()
"""Stands where a class has nothing of its own by a name."""


class Patches:
    """What stands in the shared modules from now on. A name that is new there replaces nothing, unless it hides what
    tensors inherit."""

    def __init__(self) -> None:
        self._kept = {name: dict(vars(place)) for name, place in SHARED.items()}

    def accepted(self) -> list[str]:
        """What has been replaced, by name; it stays so, and is told no more."""
        found = [f"{place}.{name}" for place, name in self._found()]
        self._kept = {name: dict(vars(place)) for name, place in SHARED.items()}
        return found

    def undone(self) -> list[str]:
        """What has been replaced, by name; it is put back."""
        found = self._found()
        for place, name in found:
            if (old := self._kept[place].get(name, INHERITED)) is INHERITED:
                delattr(SHARED[place], name)
            else:
                setattr(SHARED[place], name, old)
        return [f"{place}.{name}" for place, name in found]

    def _found(self) -> list[tuple[str, str]]:
        found: list[tuple[str, str]] = []
        for place, kept in self._kept.items():
            now = vars(SHARED[place])
            if len(now) != len(kept) or not all(map(is_, now.values(), kept.values())):
                new = now.keys() - kept.keys() if SHARED[place] is torch.Tensor else ()
                hidden = [n for n in new if hasattr(torch._C.TensorBase, n)]
                here = [n for n in (*kept, *hidden) if now.get(n, INHERITED) is not kept.get(n, INHERITED)]
                if not here:  # torch makes some names when it first needs them; the next look is short again
                    self._kept[place] = dict(now)
                found += [(place, n) for n in here]
        return found
