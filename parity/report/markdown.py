"""The report as Markdown, for a job's page: the headline, a table, what deviates first, and what stands apart.

Rules kept here: whatever a candidate says, the text is below the 1 MiB that GitHub shows; what it says is no markup.
"""

import re
from collections.abc import Iterable, Iterator
from html import escape

from parity.report.figures import short
from parity.report.run import Run, environment
from parity.report.screen import closing, covered, headline, printable, screen
from parity.trial import Verdict

SCREENS = 20  # failures told in full; the reports hold them all
LINES = 20  # of each list
LONGEST_SCREEN, LONGEST_LINE = 10_000, 500  # characters; 20 screens of four bytes each are below 1 MiB
COLUMNS = ("trials", "passed", "failed", "expected", "errors", "missing", "unsupported", "known_gaps")


def as_markdown(run: Run) -> str:
    """The report as GitHub's Markdown."""
    return "\n\n".join("\n".join(part) for part in map(list, _parts(run)) if part) + "\n"


def _parts(run: Run) -> Iterator[Iterable[str]]:
    word, _, counts = closing(run).partition(": ")
    yield [f"## {word}: {_code(run.candidate)} against torch {environment()['torch']}"]
    yield [f"{counts}."]
    if run.verdicts:
        yield _table(run)
    yield _listed("The request has errors", run.problems)
    yield _listed("Expected deviations that do not hold", map(str, run.reckoning.stale))
    wrong = [*run.failures, *run.errors]
    if wrong:
        yield ["### What deviates or could not be judged"]
    for verdict in wrong[:SCREENS]:
        yield _details(verdict, run)
    if len(wrong) > SCREENS:
        yield [f"{len(wrong) - SCREENS} more are in the other reports (`--json`, `--junit`, `--html`)."]
    yield _listed("Expected", _expected(run))
    yield _listed("Notices", (f"{notice}, in {count} trials" for notice, count in run.notices().items()))
    yield _listed("Missing in the candidate", run.missing)
    yield _listed("Unsupported, not judged", (f"{why}, in {count} trials" for why, count in run.unsupported.items()))


def _table(run: Run) -> Iterator[str]:
    """One row a loss; a column of what is rare only where there is any."""
    losses = run.by_loss()
    words = [word for word in COLUMNS if word in COLUMNS[:3] or any(getattr(c, word) for c in losses.values())]
    yield f"| loss | {' | '.join(word.replace('_', ' ') for word in words)} | value, ulps | gradient, ulps |"
    yield f"|---|{'---:|' * (len(words) + 2)}"
    for name, count in losses.items():
        cells = [str(getattr(count, word)) for word in words]
        yield f"| {name} | {' | '.join(cells)} | {short(count.worst_value)} | {short(count.worst_gradient)} |"


def _details(verdict: Verdict, run: Run) -> list[str]:
    told = escape(_cut(f"{verdict.trial.id}: {headline(verdict)}", LONGEST_LINE))
    text = _cut(screen(verdict, run), LONGEST_SCREEN, keep_lines=True)
    fence = _fence(text, 3)
    return [f"<details><summary>{told}</summary>", "", f"{fence}text", text, fence, "", "</details>"]


def _expected(run: Run) -> Iterator[str]:
    for entry, count in run.expected().items():
        yield covered(entry, count)
    for device, count in run.skipped.items():
        yield f"needs a device: {count} trials on {device}, which is not here"


def _listed(heading: str, lines: Iterable[str]) -> list[str]:
    every = list(lines)
    more = [f"- {len(every) - LINES} more"] if len(every) > LINES else []
    return [f"### {heading}", "", *(f"- {_code(line)}" for line in every[:LINES]), *more] if every else []


def _code(text: str) -> str:
    """As a code span, in which nothing is markup."""
    told = _cut(text, LONGEST_LINE)
    fence = _fence(told, 1)
    return f"{fence} {told} {fence}" if "`" in told else f"{fence}{told}{fence}"


def _fence(text: str, least: int) -> str:
    """More backticks in a row than ``text`` has."""
    return "`" * max([least, *(len(found) + 1 for found in re.findall("`+", text))])


def _cut(text: str, length: int, *, keep_lines: bool = False) -> str:
    whole = printable(text) if keep_lines else " ".join(printable(text).split())
    return whole if len(whole) <= length else f"{whole[:length]}… and {len(whole) - length} characters more"
