"""The suite under pytest: one item a trial, for any test that asks for the fixture ``trial``.

``--candidate``, ``--map``, ``--framework``, ``--device``, ``--cases`` and ``--expected`` mean what they mean on the
command line.

Rules kept here: what a trial came to travels with its report, so that expected files are held against all trials,
whichever process judged them.
"""

from collections.abc import Callable, Generator, Iterator, Sequence
from pathlib import Path

import pytest
import torch

from parity.bridge import FRAMEWORKS
from parity.candidates import candidate, mapped
from parity.errors import ParityError
from parity.expectations import Reckoning, everything, expecting, look, reckon, today
from parity.loader import Expectation, load_expected
from parity.losses import Subject
from parity.remote import Limits, RemoteSubject
from parity.selection import Request, select
from parity.trial import Verdict

SHIPPED = "reimpl"
EXPECTED = pytest.StashKey[Sequence[Expectation]]()
SEEN = pytest.StashKey[tuple[str, dict[str, str]]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("parity")
    group.addoption("--candidate", default=SHIPPED, help="module, module:prefix or path/to/file.py [reimpl]")
    group.addoption("--map", action="append", default=[], metavar="NAME=LOSS", help="the candidate's name for a loss")
    group.addoption("--framework", choices=FRAMEWORKS, default="torch", help="whose arrays the candidate takes [torch]")
    group.addoption("--device", choices=["cpu", "cuda", "mps", "all"], help="default: cpu and every accelerator here")
    group.addoption("--cases", action="append", default=[], metavar="DIR", help="instead of the shipped cases")
    group.addoption("--expected", action="append", default=[], metavar="FILE", help="deviations that you know of")


def pytest_configure(config: pytest.Config) -> None:
    found, problems = load_expected([Path(file) for file in config.getoption("--expected")])
    if problems:
        raise pytest.UsageError("\n".join(map(str, problems)))
    config.stash[EXPECTED] = found
    if found and not hasattr(config, "workerinput"):  # in a worker of pytest-xdist there is only a part of the trials
        config.pluginmanager.register(Ledger(config))


class Ledger:
    """Holds the expected files against what the trials came to: an entry that does not hold fails the session."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.looks: dict[str, dict[str, str]] = {}
        self.reckoning = Reckoning()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        name, found = getattr(report, "parity", (None, {}))
        if name is not None:
            self.looks[name] = found

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if not any(self.looks.values()):
            return
        expectations = self.config.stash[EXPECTED]
        self.reckoning = reckon(expectations, self.looks, lambda: everything(_request(self.config)), today())
        if self.reckoning.stale and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self.reckoning.stale:
            terminalreporter.section("expected deviations that do not hold")
        for problem in self.reckoning.stale:
            terminalreporter.line(str(problem))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if call.when == "call" and SEEN in item.stash:
        report.parity = item.stash[SEEN]  # type: ignore[attr-defined]  # a report carries what plain data it is given
    return report


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Gives ``trial`` every trial there is; those on a device that is not here are skipped, one item a case."""
    if "trial" not in metafunc.fixturenames:
        return
    torch.set_num_threads(1)  # a thread's start costs more than a small tensor's whole work
    try:
        selection = select(_request(metafunc.config))
    except ParityError as error:
        raise pytest.UsageError(str(error)) from error
    if selection.problems:
        raise pytest.UsageError("\n".join(selection.problems))
    absent = {f"{trial.case.id}[{trial.device}]": trial for trial in selection.skipped}
    skipped = [
        pytest.param(trial, id=name, marks=pytest.mark.skip(f"needs {trial.device}")) for name, trial in absent.items()
    ]
    metafunc.parametrize("trial", [*(pytest.param(trial, id=trial.id) for trial in selection.trials), *skipped])


def _request(config: pytest.Config) -> Request:
    return Request(
        folders=[Path(folder) for folder in config.getoption("--cases")], device=config.getoption("--device")
    )


@pytest.fixture(scope="session")
def subject(request: pytest.FixtureRequest) -> Iterator[Subject]:
    """The candidate that ``--candidate`` names: in a process of its own, unless it is the formulas shipped here."""
    spec, framework = (str(request.config.getoption(word)) for word in ("--candidate", "--framework"))
    if (spec, framework) == (SHIPPED, "torch"):
        yield candidate(spec)
        return
    try:
        names = mapped(request.config.getoption("--map"))
        with RemoteSubject(spec, Limits(), names, framework) as found:
            found.begin()
            yield found
    except ParityError as error:
        raise pytest.UsageError(str(error)) from error


@pytest.fixture
def expected(request: pytest.FixtureRequest) -> Callable[[Verdict], Verdict]:
    """Gives a verdict with those of its failures excused that ``--expected`` covers, and notes what it came to."""

    def excuse(verdict: Verdict) -> Verdict:
        if verdict.state != "error":
            request.node.stash[SEEN] = verdict.trial.id, look(verdict)
        return expecting(verdict, request.config.stash[EXPECTED], today())

    return excuse


@pytest.fixture
def candidate_name(request: pytest.FixtureRequest) -> str:
    """What ``--candidate`` says, for the command that repeats a failure."""
    return str(request.config.getoption("--candidate"))
