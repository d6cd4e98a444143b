"""How the project is laid out: who imports whom, and that the folders are the registry."""

import ast
import inspect
import re
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import reimpl
from parity.facets import facets
from parity.losses import signatures
from parity.references import reference_of
from parity.selection import Request, Selection, select, shipped_cases

ROOT = Path(__file__).parents[1]
ENGINE = sorted((ROOT / "parity").rglob("*.py"))
FORMULAS = sorted((ROOT / "reimpl").glob("*.py"))
CASE_FILES = sorted((ROOT / "cases").rglob("*.yaml"))
LOSSES = sorted(signatures())
REDUCED = [loss for loss, signature in signatures().items() if "reduction" in signature.options]
MAY_IMPORT = {
    "errors": set(),
    "covering": set(),
    "case": {"covering"},
    "ulp": set(),
    "digits": set(),
    "budget": set(),
    "loader": {"case", "errors"},
    "bridge": set(),
    "references": {"bridge"},
    "losses": {"bridge", "case", "errors", "references"},
    "facets": {"errors", "outcome", "agreement", "case", "exam", "losses", "runner", "transforms", "truth", "ulp"},
    "scaffold": {"errors"},
}


@cache
def shipped() -> Selection:
    return select(Request(device="cpu"))


def named(path: Path) -> str:
    """``parity/report/run.py`` as ``parity.report.run``."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def room(module: str) -> str:
    """The part of the engine that a module stands in: ``report`` for ``parity.report.run``."""
    return module.split(".")[1] if "." in module else module


def imports(path: Path) -> set[str]:
    """Every module that a file imports, at its top or within a function."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {str(node.module), *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def names(path: Path) -> Iterator[str]:
    """Every attribute, import and text that is a name and no sentence, part by part."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.Attribute(attr=text) | ast.Constant(value=str(text)) | ast.alias(name=text):
                yield from text.split(".") if re.fullmatch(r"[\w.]+", text) else ()


MODULES = {named(path): imports(path) & set(map(named, ENGINE)) - {named(path)} for path in ENGINE}
ROOMS = {r: {room(i) for m, used in MODULES.items() if room(m) == r for i in used} - {r} for r in map(room, MODULES)}


@pytest.mark.parametrize("graph", [MODULES, ROOMS], ids=["modules", "rooms"])
def test_imports_run_one_way(graph: dict[str, set[str]]) -> None:
    TopologicalSorter(graph).prepare()


@pytest.mark.parametrize(("part", "allowed"), MAY_IMPORT.items(), ids=MAY_IMPORT)
def test_foundation_imports_only_what_lies_below_it(part: str, allowed: set[str]) -> None:
    assert ROOMS[part] <= allowed | {"parity"}


@pytest.mark.parametrize("entrance", ["cli", "plugin"])
def test_nothing_imports_an_entrance(entrance: str) -> None:
    assert {name for name, used in ROOMS.items() if entrance in used} <= {"__main__"}


@pytest.mark.parametrize("path", FORMULAS, ids=lambda path: path.stem)
def test_formulas_never_import_the_engine(path: Path) -> None:
    assert {name for name in imports(path) if name.split(".")[0] == "parity"} == set()


@pytest.mark.parametrize(
    ("library", "owners"),
    [
        ("yaml", {"loader", "mutants"}),
        ("xml", {"report"}),
        ("jinja2", {"report"}),
        ("mpmath", {"digits"}),
        ("matplotlib", {"report"}),
    ],
    ids=["yaml", "xml", "jinja2", "mpmath", "matplotlib"],
)
def test_library_is_imported_where_it_belongs(library: str, owners: set[str]) -> None:
    assert {room(named(p)) for p in ENGINE if library in {name.split(".")[0] for name in imports(p)}} <= owners


def test_only_the_report_and_the_makers_of_files_write_any() -> None:
    writers = {room(named(path)) for path in ENGINE if {"write_text", "write_bytes"} & set(names(path))}
    assert writers <= {"report", "scaffold", "mutants"}


@pytest.mark.parametrize("path", ENGINE, ids=named)
def test_engine_names_no_loss(path: Path) -> None:
    assert set(names(path)) & set(LOSSES) == set()


@pytest.mark.parametrize("path", ENGINE, ids=named)
def test_engine_module_says_what_it_is(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert not tree.body or ast.get_docstring(tree)


@pytest.mark.parametrize("facet", facets())
def test_facet_is_a_function_named_compare(facet: str) -> None:
    assert list(inspect.signature(facets()[facet].compare).parameters) == ["exam"]


def test_every_file_of_formulas_is_a_loss() -> None:
    files = {path.stem for path in FORMULAS if not path.stem.startswith("_")} - {"modules"}
    assert files == set(LOSSES) == set(reimpl.__all__)


@pytest.mark.parametrize("loss", LOSSES)
def test_loss_has_cases_under_its_name(loss: str) -> None:
    assert (shipped_cases() / f"{loss}.yaml").is_file() or (shipped_cases() / loss).is_dir()


def test_every_case_file_bears_the_name_of_a_loss_or_of_a_subject() -> None:
    roots = {path.relative_to(ROOT / "cases").parts[0].removesuffix(".yaml") for path in CASE_FILES}
    assert roots <= {*LOSSES, "blog", "identities", "quirks"}


@pytest.mark.parametrize("loss", LOSSES)
def test_loss_has_an_example(loss: str) -> None:
    assert ">>> " in str(inspect.getdoc(getattr(reimpl, loss)))


@pytest.mark.parametrize("path", CASE_FILES, ids=lambda path: str(path.relative_to(ROOT / "cases")))
def test_case_file_names_the_schema_for_editors(path: Path) -> None:
    first = path.read_text(encoding="utf-8").splitlines()[0]
    schema = path.parent / first.removeprefix("# yaml-language-server: $schema=")
    assert schema.resolve() == ROOT / "schema" / "case.schema.json"


def test_every_shipped_case_says_what_it_is_about() -> None:
    assert {trial.case.id for trial in shipped().trials if not trial.case.about} == set()


def test_shipped_cases_have_no_problem() -> None:
    assert shipped().problems == []


@pytest.mark.parametrize("loss", [loss for loss in LOSSES if not str(reference_of(loss)).startswith("torch.")])
def test_case_of_a_loss_outside_torch_says_what_comes_of_it(loss: str) -> None:
    cases = [trial.case for trial in shipped().trials if trial.case.loss == loss]
    assert [case.name for case in cases if case.expect is None and case.refused is None] == []
    assert [case.name for case in cases if case.expect is not None and not case.source] == []


@pytest.mark.parametrize("loss", REDUCED)
def test_loss_with_a_reduction_has_at_least_25_cases(loss: str) -> None:
    assert len({trial.case.name for trial in shipped().trials if trial.case.loss == loss}) >= 25
