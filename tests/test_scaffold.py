"""A loss begun: files that load, with torch's signature."""

import inspect
from importlib import util
from pathlib import Path

import pytest
import torch.nn.functional as F  # noqa: N812, its usual name

from parity.errors import ParityError
from parity.loader import load
from parity.losses import _signature
from parity.scaffold import scaffold

LOSSES = [
    "poisson_nll_loss",
    "gaussian_nll_loss",
    "multi_margin_loss",
    "triplet_margin_loss",
    "ctc_loss",
    "soft_margin_loss",
]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    for folder in ("reimpl", "cases"):
        (tmp_path / folder).mkdir()
    return tmp_path


@pytest.mark.parametrize("loss", LOSSES)
def test_formula_has_the_signature_of_torch(loss: str, checkout: Path) -> None:
    scaffold(loss, checkout)
    assert _parameters(_function(checkout, loss)) == _parameters(getattr(F, loss))


@pytest.mark.parametrize("loss", LOSSES)
def test_cases_load(loss: str, checkout: Path) -> None:
    scaffold(loss, checkout)
    signatures = {loss: _signature(loss, _function(checkout, loss))}
    assert load(checkout / "cases", signatures, shipped=True).problems == ()


def test_files_are_never_overwritten(checkout: Path) -> None:
    scaffold("poisson_nll_loss", checkout)
    with pytest.raises(ParityError, match=r"poisson_nll_loss\.py is there already"):
        scaffold("poisson_nll_loss", checkout)


def test_loss_that_torch_lacks_is_told_with_the_nearest(checkout: Path) -> None:
    with pytest.raises(ParityError, match="has no 'poison_nll_loss'; did you mean 'poisson_nll_loss'"):
        scaffold("poison_nll_loss", checkout)


def test_folder_that_is_no_checkout_is_told(tmp_path: Path) -> None:
    with pytest.raises(ParityError, match="no such folder; run this in the root of a checkout"):
        scaffold("poisson_nll_loss", tmp_path)


def test_nothing_is_written_where_anything_is_wrong(checkout: Path) -> None:
    (checkout / "cases" / "poisson_nll_loss.yaml").touch()
    with pytest.raises(ParityError, match="is there already"):
        scaffold("poisson_nll_loss", checkout)
    assert list((checkout / "reimpl").iterdir()) == []


def _function(checkout: Path, loss: str) -> object:
    spec = util.spec_from_file_location(loss, checkout / "reimpl" / f"{loss}.py")
    assert spec is not None
    module = util.module_from_spec(spec)
    assert spec.loader is not None
    spec.loader.exec_module(module)
    return getattr(module, loss)


def _parameters(function: object) -> list[tuple[str, object, object]]:
    return [(p.name, p.kind, p.default) for p in inspect.signature(function).parameters.values()]
