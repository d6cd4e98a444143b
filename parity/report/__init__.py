"""What a run says: the same verdicts on the terminal, as JSON, as JUnit XML and as a page; and so of an accuracy."""

from parity.report.accuracy import tell_accuracy
from parity.report.accuracy_data import write_accuracy
from parity.report.annotations import annotations
from parity.report.baseline import tell_baseline, write_baseline
from parity.report.coverage import tell_coverage
from parity.report.plot import check_plot, plot
from parity.report.reproduction import write_reproductions
from parity.report.run import LossCount, Run
from parity.report.screen import screen
from parity.report.terminal import console, progress, tell
from parity.report.written import write

__all__ = [
    "LossCount", "Run", "annotations", "check_plot", "console", "plot", "progress", "screen", "tell", "tell_accuracy",
    "tell_baseline", "tell_coverage", "write", "write_accuracy", "write_baseline", "write_reproductions",
]  # fmt: skip
