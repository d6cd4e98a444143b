"""The suite under pytest: one item a trial, for any test that asks for the fixture ``trial``.

``--candidate``, ``--framework``, ``--device`` and ``--cases`` mean what they mean on the command line.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from parity.bridge import FRAMEWORKS
from parity.errors import ParityError
from parity.losses import Subject, candidate
from parity.remote import Limits, RemoteSubject
from parity.selection import Request, select

SHIPPED = "reimpl"


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("parity")
    group.addoption("--candidate", default=SHIPPED, help="module, module:prefix or path/to/file.py [reimpl]")
    group.addoption("--framework", choices=FRAMEWORKS, default="torch", help="whose arrays the candidate takes [torch]")
    group.addoption("--device", choices=["cpu", "cuda", "mps", "all"], help="default: cpu and every accelerator here")
    group.addoption("--cases", action="append", default=[], metavar="DIR", help="instead of the shipped cases")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Gives ``trial`` every trial there is; those on a device that is not here are skipped, one item a case."""
    if "trial" not in metafunc.fixturenames:
        return
    torch.set_num_threads(1)  # a thread's start costs more than a small tensor's whole work
    config = metafunc.config
    folders = [Path(folder) for folder in config.getoption("--cases")]
    try:
        selection = select(Request(folders=folders, device=config.getoption("--device")))
    except ParityError as error:
        raise pytest.UsageError(str(error)) from error
    if selection.problems:
        raise pytest.UsageError("\n".join(selection.problems))
    absent = {f"{trial.case.id}[{trial.device}]": trial for trial in selection.skipped}
    skipped = [
        pytest.param(trial, id=name, marks=pytest.mark.skip(f"no {trial.device} here"))
        for name, trial in absent.items()
    ]
    metafunc.parametrize("trial", [*(pytest.param(trial, id=trial.id) for trial in selection.trials), *skipped])


@pytest.fixture(scope="session")
def subject(request: pytest.FixtureRequest) -> Iterator[Subject]:
    """The candidate that ``--candidate`` names: in a process of its own, unless it is the formulas shipped here."""
    spec, framework = (str(request.config.getoption(word)) for word in ("--candidate", "--framework"))
    if (spec, framework) == (SHIPPED, "torch"):
        yield candidate(spec)
        return
    with RemoteSubject(spec, Limits(), framework) as found:
        try:
            found.begin()
        except ParityError as error:
            raise pytest.UsageError(str(error)) from error
        yield found


@pytest.fixture
def candidate_name(request: pytest.FixtureRequest) -> str:
    """What ``--candidate`` says, for the command that repeats a failure."""
    return str(request.config.getoption("--candidate"))
