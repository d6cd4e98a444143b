"""The frameworks whose functions can be judged, and how a function of each becomes one of torch's tensors.

Rules kept here: a framework is imported only where a function of it is called, by the file ``<its name>_arrays``; what
a framework lacks is said here, once, and never loss by loss.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import torch

from parity.bridge.crossing import Function, bridged

__all__ = ["FRAMEWORKS", "Framework", "Function"]


@dataclass(frozen=True, slots=True)
class Framework:
    """What the arrays of a framework are capable of.

    ``abilities`` are what it has of torch's that facets (``NEEDS``) and trials ask for; torch, with None, has all.
    ``without`` are the dtypes that it does not have. In a script, ``imports`` makes it ready, and ``handed`` spells how
    a tensor is handed over to it.
    """

    name: str
    abilities: frozenset[str] | None = None
    without: frozenset[torch.dtype] = frozenset()
    imports: str = ""
    handed: str = "{}"

    @property
    def is_torch(self) -> bool:
        return self.abilities is None

    @property
    def is_here(self) -> bool:
        return find_spec(self.name) is not None

    def has(self, ability: str) -> bool:
        return self.abilities is None or ability in self.abilities

    def prepare(self) -> None:
        """Imports what the bridge needs of it: before any function of it runs, for it may change how they compute."""
        if not self.is_torch:
            self._arrays()

    def bridged(self, function: Function) -> Function:
        """``function`` on torch's tensors, with gradients of any order if the framework has any."""
        return function if self.is_torch else bridged(function, self._arrays(), slopes=self.has("gradients"))

    def _arrays(self) -> Any:
        return import_module(f"{__name__}.{self.name}_arrays")


FRAMEWORKS: Mapping[str, Framework] = {
    framework.name: framework
    for framework in (
        Framework("torch"),
        Framework(
            "numpy",
            frozenset({"strides", "subnormal numbers"}),
            without=frozenset({torch.bfloat16, torch.complex32}),
            imports="import numpy; numpy.set_printoptions(precision=17)",
            handed="{}.numpy()",
        ),
        Framework(
            "jax",
            frozenset({"gradients", "forward mode"}),
            without=frozenset({torch.complex32}),
            imports="import jax; jax.config.update('jax_enable_x64', True)",
            handed="jax.numpy.from_dlpack({})",
        ),
        Framework(
            "tensorflow",
            frozenset({"gradients", "forward mode"}),
            without=frozenset({torch.complex32}),
            imports="import torch._dynamo; import tensorflow",
            handed="tensorflow.experimental.dlpack.from_dlpack(torch.utils.dlpack.to_dlpack({}))",
        ),
    )
}
"""By the names that ``--framework`` takes, which are those of their packages too."""
