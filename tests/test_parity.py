"""The suite itself, as it comes with the package: every case, at every dtype and device, under each choice."""

from parity.suite.test_parity import test_parity

__all__ = ["test_parity"]
