"""The wheel: what is installed runs anywhere, with the cases and the schema in it."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("folder", ["cases", "schema"])
def test_wheel_is_told_to_hold(folder: str) -> None:
    assert PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"][folder] == f"parity/{folder}"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder into which the wheel of this checkout is installed."""
    pytest.importorskip("hatchling", reason="no hatchling here to build the wheel with")
    path = tmp_path_factory.mktemp("installed")
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "wheel", "--no-deps", "--no-build-isolation", "-w", str(path), str(ROOT)], check=True)
    (wheel,) = path.glob("*.whl")
    subprocess.run([*pip, "install", "--no-deps", "--target", str(path / "site"), str(wheel)], check=True)
    return path / "site"


def ran(installed: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """The installed suite, started in another folder."""
    command = [sys.executable, "-m", *words]
    environment = {"PYTHONPATH": str(installed), "PATH": ""}
    return subprocess.run(command, cwd=installed.parent, env=environment, capture_output=True, text=True, check=False)


def test_installed_suite_judges_with_its_own_cases(installed: Path) -> None:
    done = ran(installed, "parity", "check", "--loss", "sigmoid", "--quick", "--html", "page.html")
    assert (done.returncode, "PARITY:" in done.stdout) == (0, True), done.stderr


def test_installed_cases_are_those_of_the_checkout(installed: Path) -> None:
    both = [{p.relative_to(at) for p in at.rglob("*.yaml")} for at in (installed / "parity" / "cases", ROOT / "cases")]
    assert both[0] == both[1]


def test_installed_schema_is_that_of_the_checkout(installed: Path) -> None:
    assert (installed / "parity/schema/case.schema.json").read_bytes() == (
        ROOT / "schema/case.schema.json"
    ).read_bytes()


def test_installed_suite_runs_under_pytest(installed: Path) -> None:
    (installed.parent / "mine").mkdir()
    (installed.parent / "mine" / "it.yaml").write_text(
        "loss: sigmoid\ndtypes: [float32]\ncases:\n  - {name: it, inputs: {input: [0.5, -2.0]}}\n"
    )
    words = ["--pyargs", "parity", "--candidate", "torch.nn.functional", "--cases", "mine", "--device", "cpu"]
    done = ran(installed, "pytest", "-p", "no:cacheprovider", *words)
    assert (done.returncode, "1 passed" in done.stdout) == (0, True), done.stdout + done.stderr


def test_installed_fixture_judges_within_other_tests(installed: Path) -> None:
    (installed.parent / "test_theirs.py").write_text(
        "import torch\n"
        "def test_right(assert_parity):\n"
        "    assert_parity(torch.sigmoid, cases=['sigmoid/by_hand'])\n"
        "def test_wrong(assert_parity):\n"
        "    assert_parity(lambda x: 2 * torch.sigmoid(x), 'sigmoid', cases=['sigmoid/by_hand'])\n"
    )
    done = ran(installed, "pytest", "-p", "no:cacheprovider", "test_theirs.py")
    assert (done.returncode, "1 failed, 1 passed" in done.stdout) == (1, True), done.stdout + done.stderr
