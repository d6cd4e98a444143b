"""Candidates that nobody here wrote, and how they are judged: each against what it is known to do otherwise."""

import json
import re
from pathlib import Path

from parity.cli import main

HERE = Path(__file__).parent
NUMBERS = ("value", "gradient", "dtype", "shape")
"""What is asked of them: their refusals and warnings differ in words that nobody promised."""
STRANGERS = {"refs": "torch._refs.nn.functional", "decomposed": str(HERE / "decomposed.py")}
"""By the name of the expected file that stands beside this one."""


def unexpected(name: str, folder: Path, *words: str) -> list[str]:
    """What deviates and is not expected, and each entry that covers no trial; the cases' first dtypes are judged."""
    report = folder / "report.json"
    facets = [word for facet in NUMBERS for word in ("--facet", facet)]
    how = ["--quick", "--jobs", "1", "--device", "cpu", "--expected", str(HERE / f"{name}.yaml"), "--json", str(report)]
    main(["check", STRANGERS[name], *facets, *how, *words])
    said = json.loads(report.read_text())
    deviating = [f"{failure['trial']} {failure['facet']}" for failure in said["failures"]]
    covering = {entry["trials"] for entry in said["expected"] if entry["covered"]}
    entries = re.findall(r'trials: "?([^",\n]+)', (HERE / f"{name}.yaml").read_text(encoding="utf-8"))
    return (
        deviating
        + said["errors"]
        + said["stale"]
        + [f"{each} holds nowhere" for each in entries if each not in covering]
    )
