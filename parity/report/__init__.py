"""What a run says: the same verdicts on the terminal, as JSON, as JUnit XML and as a page."""

from parity.report.run import LossCount, Run
from parity.report.screen import screen
from parity.report.written import write

__all__ = ["LossCount", "Run", "screen", "write"]
