"""What pytest knows of the suite wherever it is installed: a fixture, and the options of ``pytest --pyargs parity``.

Rules kept here: nothing is imported that a test run without the suite would have to wait for.
"""

from collections.abc import Callable

import pytest

PACKAGE = "parity"


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config, args: list[str]) -> None:
    """The suite's own options are there where it is what is run."""
    if early_config.known_args_namespace.pyargs and any(word.partition(".")[0] == PACKAGE for word in args):
        early_config.pluginmanager.import_plugin("parity.plugin")


@pytest.fixture(scope="session")
def assert_parity() -> Callable[..., None]:
    """``parity.assert_parity``: ``assert_parity(my_loss, "cross_entropy")``."""
    from parity.asserting import assert_parity as judging  # noqa: PLC0415, torch takes a second to import

    return judging
