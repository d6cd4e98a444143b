"""Begins a loss: ``reimpl/<loss>.py`` with torch's signature and ``cases/<loss>.yaml`` with a first case."""

import inspect
from difflib import get_close_matches
from pathlib import Path

import torch

from parity.errors import ParityError

FORMULA = '''"""{title}."""

from reimpl._array import Array, namespace
from reimpl._reduction import reduced


def {loss}(
{parameters}
) -> Array:
    """One line: what it is, without the name.

    The formula, elementwise::

        loss(input, target) =

    Domain:
    Gradient:
    Args:
    Returns:
    Raises:
    References:
    """
    xp = namespace(input, target)
    raise NotImplementedError("{loss}: write the formula here, over xp, and return reduced(loss, reduction, …)")
'''
CASES = """# yaml-language-server: $schema=../schema/case.schema.json
loss: {loss}
cases:
  - name: first
    about: three ordinary elements under each reduction
    inputs: {{{inputs}}}
    each: {{reduction: [none, mean, sum]}}
"""


def scaffold(loss: str, folder: Path) -> str:
    """Writes both files below ``folder`` (a checkout) and says so.

    Raises:
        ParityError: torch has no such loss, this is no checkout, or a file is there already.
    """
    function = getattr(torch.nn.functional, loss, None)
    if function is None or not loss.isidentifier():
        near = get_close_matches(loss, dir(torch.nn.functional), 1)
        raise ParityError(f"torch.nn.functional has no {loss!r}" + (f"; did you mean {near[0]!r}?" if near else ""))
    files = {folder / "reimpl" / f"{loss}.py": "", folder / "cases" / f"{loss}.yaml": ""}
    for path in files:
        if not path.parent.is_dir():
            raise ParityError(f"{path.parent}: there is no such folder; run this in the root of a checkout")
        if path.exists():
            raise ParityError(f"{path} is there already")
    formula, cases = files
    formula.write_text(_formula(loss, inspect.signature(function)), encoding="utf-8")
    cases.write_text(_cases(loss, inspect.signature(function)), encoding="utf-8")
    return f"wrote {formula} and {cases}; fill in the formula, then: parity check --loss {loss}"


def _formula(loss: str, signature: inspect.Signature) -> str:
    parameters = "\n".join(f"    {_parameter(parameter)}," for parameter in signature.parameters.values())
    return FORMULA.format(title=loss.replace("_", " ").capitalize(), loss=loss, parameters=parameters)


def _parameter(parameter: inspect.Parameter) -> str:
    """The parameter with ``Array`` for torch's ``Tensor``."""
    return str(parameter).replace("torch.Tensor", "Array").replace("Optional[Array]", "Array | None")


def _cases(loss: str, signature: inspect.Signature) -> str:
    required = [p.name for p in signature.parameters.values() if p.default is p.empty]
    return CASES.format(
        loss=loss, inputs=", ".join(f"{name}: {{normal: [3], seed: {i}}}" for i, name in enumerate(required))
    )
