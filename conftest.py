"""What every test here shares: the suite's pytest options, and the names that the examples in docstrings use."""

import pytest
import torch

pytest_plugins = ["parity.plugin"]


@pytest.fixture(autouse=True)
def _names_in_examples(doctest_namespace: dict[str, object]) -> None:
    doctest_namespace["torch"] = torch
