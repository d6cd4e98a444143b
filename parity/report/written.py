"""The reports that machines and browsers read: JSON, JUnit XML, one HTML page, Markdown."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from jinja2 import Environment, PackageLoader, StrictUndefined

from parity.agreement import Errors
from parity.exam import Finding
from parity.report.files import json_text, put_text
from parity.report.markdown import as_markdown
from parity.report.reproduction import case_file
from parity.report.run import Run, environment
from parity.report.screen import closing, headline, printable, screen
from parity.report.script import script
from parity.trial import Verdict

TAGS = {
    "failed": "failure", "error": "error", "missing": "skipped", "unsupported": "skipped", "expected": "skipped"
}  # fmt: skip
"""What JUnit calls the states that are not plainly passed."""


def write(run: Run, files: Mapping[str, str | None]) -> None:
    """Writes the reports that ``files`` names: ``json``, ``junit``, ``html``, ``markdown`` to a path each, None
    for not wanted.

    Raises:
        ParityError: a file cannot be written.
    """
    writers: dict[str, Callable[[Run], str]] = {
        "json": as_json, "junit": as_junit, "html": as_html, "markdown": as_markdown,
    }  # fmt: skip
    for kind, name in files.items():
        if name is not None:
            put_text(Path(name), f"{kind} report", writers[kind](run))


def as_json(run: Run) -> str:
    """The report as JSON."""
    report = {
        "status": run.status,
        "candidate": run.candidate,
        "framework": run.framework.name,
        "reseed": run.reseed,
        "environment": environment(run.framework),
        "seconds": round(run.seconds, 3),
        "losses": {name: asdict(count) for name, count in run.by_loss().items()},
        "missing": run.missing,
        "unsupported": dict(run.unsupported),
        "skipped": dict(run.skipped),
        "set_aside": run.set_aside(),
        "expected": _expected_entries(run),
        "stale": [str(problem) for problem in run.reckoning.stale],
        "absent": dict(run.absent),
        "accuracy": {
            loss: {
                dtype: {facet: _accuracy(errors) for facet, errors in facets.items()}
                for dtype, facets in dtypes.items()
            }
            for loss, dtypes in run.accuracy().items()
        },
        "facets": {facet: dict(count) for facet, count in run.by_facet().items()},
        "not_compared": run.not_compared(),
        "notices": run.notices(),
        "quirks": [{key: value for key, value in asdict(quirk).items() if key != "place"} for quirk in run.quirks],
        "mutation_score": dict(run.score),
        "failures": [entry for verdict in run.failures for entry in _failure_entries(verdict, run)],
        "errors": [*run.problems, *(f"{v.trial.case.place}: {v.trial.id}: {v.error}" for v in run.errors)],
    }
    return json_text(report)


def _accuracy(errors: Errors) -> dict[str, float | str]:
    return {
        "candidate_worst": errors.candidate,
        "torch_worst": errors.reference,
        "candidate_mean": errors.candidate_mean,
        "torch_mean": errors.reference_mean,
        "more_accurate": errors.more_accurate,
    }


def _expected_entries(run: Run) -> list[dict[str, Any]]:
    return [
        {**asdict(entry), "place": str(entry.place), "until": entry.until and entry.until.isoformat(), "covered": count,
         "needs_device": not count}
        for entry, count in run.expected().items()
    ]  # fmt: skip


def _failure_entries(verdict: Verdict, run: Run) -> list[dict[str, Any]]:
    trial = verdict.trial
    common = {
        "loss": trial.case.loss,
        "case": trial.case.id,
        "trial": trial.id,
        "dtype": trial.dtype,
        "device": trial.device,
        "place": str(trial.case.place),
        "repeat": run.repeat(verdict),
        "script": "\n".join(script(verdict, run)),
        "case_file": case_file(verdict, run),
    }
    found = verdict.failures or {"known_gap": Finding("failed", "passes now")}
    return [
        {**common, "facet": facet, "what": finding.what, "distance": finding.deviation and finding.deviation.ulps,
         "deviation": finding.deviation and asdict(finding.deviation)}
        for facet, finding in found.items()
    ]  # fmt: skip


def as_junit(run: Run) -> str:
    """One test case a trial, in a suite a loss."""
    root = ElementTree.Element("testsuites", name="parity", time=f"{run.seconds:.3f}")
    for loss, count in run.by_loss().items():
        suite = ElementTree.SubElement(
            root, "testsuite", name=loss, tests=str(count.trials), failures=str(count.failed),
            errors=str(count.errors), skipped=str(count.missing + count.unsupported + count.expected),
        )  # fmt: skip
        for verdict in run.verdicts:
            if verdict.trial.case.loss == loss:
                _junit_case(suite, verdict, run)
    if run.problems:
        suite = ElementTree.SubElement(root, "testsuite", name="case files", errors=str(len(run.problems)))
        for problem in run.problems:
            case = ElementTree.SubElement(suite, "testcase", name=problem.split(": ")[0], classname="cases")
            ElementTree.SubElement(case, "error", message=printable(problem))
    _junit_besides(root, run)
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _junit_case(suite: ElementTree.Element, verdict: Verdict, run: Run) -> None:
    place = verdict.trial.case.place
    case = ElementTree.SubElement(
        suite,
        "testcase",
        name=verdict.trial.id,
        classname=verdict.trial.case.loss,
        file=place.file,
        line=str(place.line),
    )
    tag = TAGS.get(verdict.state)
    if tag is not None:
        element = ElementTree.SubElement(case, tag, message=printable(headline(verdict)))
        element.text = printable(screen(verdict, run))
    if verdict.notices:
        ElementTree.SubElement(case, "system-out").text = printable("\n".join(verdict.notices))


def _junit_besides(root: ElementTree.Element, run: Run) -> None:
    """Suites of what is no trial: entries of expected files that do not hold or need a device, and absent devices."""
    entries = [(str(problem.place), "failure", problem.message) for problem in run.reckoning.stale]
    entries += [(str(one.place), "skipped", f"needs a device; {one.reason}") for one in run.reckoning.elsewhere]
    devices = [(name, "skipped", f"needs a device: {count} trials") for name, count in run.skipped.items()]
    for name, cases in {"expected deviations": entries, "devices": devices}.items():
        if cases:
            bad = sum(tag == "failure" for _, tag, _ in cases)
            suite = ElementTree.SubElement(
                root, "testsuite", name=name, tests=str(len(cases)), failures=str(bad), errors="0",
                skipped=str(len(cases) - bad),
            )  # fmt: skip
        for named, tag, message in cases:
            case = ElementTree.SubElement(suite, "testcase", name=named, classname=name)
            ElementTree.SubElement(case, tag, message=printable(message))


def as_html(run: Run) -> str:
    """One page without scripts or links to elsewhere."""
    template = Environment(
        loader=PackageLoader("parity.report", "."), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    ).get_template("page.html.jinja")  # fmt: skip
    return (
        template.render(
            run=run,
            environment=environment(run.framework),
            duration=timedelta(seconds=round(run.seconds)),
            expected=run.expected(),
            closing=closing(run).partition(": ")[2],
            failures=[(verdict.trial.id, screen(verdict, run)) for verdict in (*run.failures, *run.errors)],
            states=["parity", "deviations found", "could not be judged"],
        )
        + "\n"
    )
