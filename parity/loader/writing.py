"""From a trial back to the text of a case file.

Rules kept here: what is written is read back as the same inputs and options; text that could be read as a number or as
null stands in quotes.
"""

from collections.abc import Mapping
from typing import Any

import yaml

from parity.case import Fields, Input, Signature, Trial
from parity.loader.scalars import resolved

WIDTH = 120


class _Dumper(yaml.SafeDumper):
    """Writes no aliases, which a case file may not have."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=None if _is_text(text) else '"')


_Dumper.add_representer(str, _text)


def written(trial: Trial, signature: Signature, name: str, about: str) -> str:
    """A file with one case that makes this trial, and its module's form where that is what the trial calls. What the
    case prints of its results is left out."""
    case = trial.case
    options = {name: value for name, value in trial.options.items() if value is not None or name in signature.options}
    inputs = {**trial.inputs, **dict.fromkeys(trial.options.keys() - options.keys())}
    entry = {
        "loss": case.loss,
        "name": name,
        "about": about,
        "dtypes": [trial.dtype],
        "devices": [] if trial.device == "cpu" else [trial.device],
        "torch": case.torch,
        "inputs": {name: described and _input(described) for name, described in inputs.items()},
        "options": _plain(options),
        "cotangent": _plain(case.cotangent),
        "refused": case.refused and case.refused.error,
        "matching": case.refused and case.refused.matching,
        "facets": _facets(trial),
        "tolerance": case.tolerance and {"ulps": case.tolerance.ulps, "because": case.tolerance.because},
        "module": trial.form == "module" or (trial.form if trial.form != "function" else ""),
    }
    said = {key: value for key, value in entry.items() if value is not None and value not in ("", False, [], {})}
    if case.warns is not None:
        said["warns"] = list(case.warns)
    return yaml.dump(
        {"cases": [said]}, Dumper=_Dumper, sort_keys=False, allow_unicode=True, default_flow_style=None, width=WIDTH
    )


def _input(described: Input) -> Any:
    further = {key: getattr(described, key) for key in ("dtype", "requires_grad")}
    further["layout"] = None if described.layout == "contiguous" else described.layout
    said = {key: value for key, value in further.items() if value is not None}
    if described.recipe == "values":
        values = _plain(described.values)
        return {"values": values, **said} if said else values
    if described.recipe == "neighbours":
        return {"neighbours": _plain(described.parameters["points"]), **said}
    return {described.recipe: list(described.shape), **described.parameters, **said}


def _facets(trial: Trial) -> Any:
    case = trial.case
    if case.only_facets is not None:
        return list(case.only_facets)
    return {key: list(names) for key, names in (("with", case.with_facets), ("without", case.without_facets)) if names}


def _plain(value: Any) -> Any:
    """Without types of this project's own."""
    if isinstance(value, Fields):
        return _plain(value.values)
    if isinstance(value, Mapping):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(one) for one in value]
    return str(value) if isinstance(value, str) else value


def _is_text(text: str) -> bool:
    """Whether the text, without quotes, is read as itself."""
    try:
        return resolved(text) == text
    except ValueError:
        return False
