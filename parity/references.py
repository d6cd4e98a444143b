"""Where the reference of each loss is found: in torch, or in another library, which may not be here.

Rules kept here: a loss's file in ``reimpl/`` names its one reference (``REFERENCE``; without it, the function of its
name in ``torch.nn.functional``), and only those, and only of the libraries below, are ever looked up: a case file never
causes an import of its choosing.
"""

from collections.abc import Mapping
from functools import cache
from importlib import import_module, metadata
from importlib.util import find_spec
from operator import attrgetter

import torch

from parity.bridge import FRAMEWORKS, Framework, Function

TORCH = "torch.nn.functional"
LIBRARIES: Mapping[str, Framework] = {
    TORCH: FRAMEWORKS["torch"],
    "torchvision.ops": FRAMEWORKS["torch"],
    "tensorflow.nn": FRAMEWORKS["tensorflow"],
}
"""What the functions of each library take."""


class References:
    """The references as attributes, by the names of their losses; None where there is none here."""

    def __getattr__(self, loss: str) -> Function | None:
        return _found(loss)[0]


@cache
def reference_of(loss: str) -> str | None:
    """The dotted name of the reference; None where no library has one."""
    formula = import_module(f"reimpl.{loss}") if find_spec(f"reimpl.{loss}") else None
    named: str | None = getattr(formula, "REFERENCE", f"{TORCH}.{loss}")
    return named


def absence(loss: str) -> str:
    """Why there is no reference for ``loss`` here; empty where there is."""
    return _found(loss)[1]


def on_tensors(loss: str) -> str | None:
    """The dotted name of the reference that is here and takes torch's tensors as they are."""
    named = reference_of(loss)
    return named if named is not None and not absence(loss) and _framework(named).is_torch else None


def versions(*besides: str) -> dict[str, str]:
    """The versions of the libraries of references, and of those ``besides``, that are here, without torch's."""
    packages = metadata.packages_distributions()
    roots = {library.partition(".")[0] for library in (*LIBRARIES, *besides)} - {torch.__name__}
    return {root: metadata.version(packages[root][0]) for root in sorted(roots & packages.keys())}


@cache
def _found(loss: str) -> tuple[Function | None, str]:
    named = reference_of(loss)
    if named is None:
        return None, "no library has this loss"
    root, _, path = named.partition(".")
    if find_spec(root) is None:
        return None, f"{root} is not here"
    if root != torch.__name__:
        import_module("torch._dynamo")  # the compiler behind it crashes where TensorFlow's has been loaded before it
    try:
        function = attrgetter(path)(import_module(root))
    except AttributeError:
        return None, f"{root} {metadata.version(root)} has no {path}"
    return _framework(named).bridged(function), ""


def _framework(named: str) -> Framework:
    return LIBRARIES[named.rpartition(".")[0]]
