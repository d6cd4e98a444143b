"""The nn.Module forms are torch's: constructor, buffers, repr, and the function they call."""

import inspect
import warnings

import pytest
import torch

import reimpl
from reimpl import modules

CLASSES = [name for name, cls in vars(modules).items() if isinstance(cls, type) and hasattr(cls, "loss")]
OWNERS = ["LinearCrossEntropyLoss"]  # of parameters; they have tests of their own
CLASSES = [name for name in CLASSES if not name.startswith("_") and name not in OWNERS]
ACTIVATIONS = ["Sigmoid", "LogSigmoid"]


def both(name, *arguments, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        return [getattr(module, name)(*arguments, **options) for module in (modules, torch.nn)]


def parameters(function):
    return [(p.name, p.kind, p.default) for p in inspect.signature(function).parameters.values()]


@pytest.mark.parametrize("name", CLASSES)
def test_constructor_and_forward_take_what_torch_takes(name):
    ours, torchs = getattr(modules, name), getattr(torch.nn, name)
    assert parameters(ours.__init__) == parameters(torchs.__init__)
    assert parameters(ours.forward) == parameters(torchs.forward)


@pytest.mark.parametrize("name", CLASSES)
def test_attributes_and_repr_are_those_of_torch(name):
    ours, torchs = both(name)
    assert ours.__dict__ == torchs.__dict__
    assert repr(ours) == repr(torchs)


@pytest.mark.parametrize("name", CLASSES)
def test_loss_is_a_function_of_the_package(name):
    assert getattr(modules, name).loss in reimpl.__all__


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activation_gives_what_torch_gives(name):
    ours, torchs = both(name)
    torch.testing.assert_close(ours(torch.tensor([-1.0, 2.0])), torchs(torch.tensor([-1.0, 2.0])))


@pytest.mark.parametrize("name", [name for name in CLASSES if name not in ACTIVATIONS])
def test_module_gives_what_torch_gives(name):
    ours, torchs = both(name, reduction="sum")
    input = torch.tensor([[0.25, 0.5], [0.75, 0.125]])
    target = torch.tensor([1, 0]) if "NLL" in name or "Cross" in name else input.flip(0)
    torch.testing.assert_close(ours(input, target), torchs(input, target))


@pytest.mark.parametrize("name", [name for name in CLASSES if "weight" in parameters(getattr(modules, name))[0]])
def test_weight_is_a_buffer(name):
    ours, torchs = both(name, torch.tensor([0.5, 2.0]))
    assert ours.state_dict().keys() == torchs.state_dict().keys() == {"weight"}


def test_pos_weight_is_a_buffer():
    ours = modules.BCEWithLogitsLoss(pos_weight=torch.ones(2))
    assert ours.state_dict().keys() == {"pos_weight"}


def test_nll_loss_2d_warns_of_its_future():
    with pytest.warns(FutureWarning, match="NLLLoss2d"):
        assert isinstance(modules.NLLLoss2d(), modules.NLLLoss)


def test_size_average_false_is_the_sum():
    with pytest.warns(UserWarning, match="size_average and reduce"):
        assert modules.MSELoss(False).reduction == "sum"


def test_delta_must_be_a_number():
    with pytest.raises(TypeError, match="delta must be a float or int"):
        modules.HuberLoss(delta=torch.tensor(1.0))
