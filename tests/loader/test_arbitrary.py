"""Whatever stands in a file, the loader answers with cases or problems."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from parity.case import Signature
from parity.loader import load

GOOD = (Path(__file__).with_name("good") / "vocabulary.yaml").read_text()
LINES = GOOD.splitlines(keepends=True)
FRAGMENTS = ["{", "}", "[", "]", ": ", ", ", "- ", "\n", "&a ", "*a", "!!str ", "<<: ", "? ", "'", '"', "|\n", "#",
             "---\n", "~", "nan", "1e400", "0x1p99999", "-1", "1_0", "\t", "\x00", "é", "true",
             "%YAML 9.9\n", "{}", "[]"]  # fmt: skip
HURRIED = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@st.composite
def mutations(draw: st.DrawFn) -> str:
    """The good file with some pieces cut out, moved, or replaced by fragments of YAML."""
    text = GOOD
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        piece = draw(st.sampled_from([*FRAGMENTS, *LINES]))
        text = text[:start] + piece + text[start + draw(st.integers(0, 12)) :]
    return text


@pytest.fixture
def answers(tmp_path: Path, signatures: Mapping[str, Signature]) -> Path:
    return tmp_path / "it.yaml"


@HURRIED
@given(text=mutations())
def test_mutated_file_is_answered(text: str, answers: Path, signatures: Mapping[str, Signature]) -> None:
    answers.write_text(text, encoding="utf-8")
    found = load(answers, signatures)
    assert found.cases or found.problems


@HURRIED
@given(content=st.binary() | st.text().map(lambda text: text.encode("utf-8", "surrogatepass")))
@example(content=b'cases: [{"\\ud800": 1}]')
@example(content=b"? [a]\n: b")
@example(content=b"cases: [{name: *a, inputs: *b, loss: *c, dtypes: *d, each: *e, refused: *f, expect: *g}]")
@example(content=b"identities: [{name: a, inputs: {x: *a}, left: *b, right: {mean: *c, dim: {}}}]")
def test_arbitrary_bytes_are_a_problem(content: bytes, answers: Path, signatures: Mapping[str, Signature]) -> None:
    answers.write_bytes(content)
    problems = load(answers, signatures).problems
    assert problems
    assert all(str(problem).encode("utf-8") for problem in problems)
