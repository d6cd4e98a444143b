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
UNREDUCED = ["Sigmoid", "LogSigmoid", "PairwiseDistance", "CosineSimilarity"]
X = torch.tensor([[0.25, 0.5], [0.75, 0.125]])
CLASSES_OF_X = torch.tensor([1, 0])
ARGUMENTS = {
    "Sigmoid": (X,),
    "LogSigmoid": (X,),
    "NLLLoss": (X, CLASSES_OF_X),
    "NLLLoss2d": (X, CLASSES_OF_X),
    "CrossEntropyLoss": (X, CLASSES_OF_X),
    "MultiMarginLoss": (X, CLASSES_OF_X),
    "MultiLabelMarginLoss": (X, torch.tensor([[1, -1], [0, -1]])),
    "TripletMarginLoss": (X, X.flip(0), -X),
    "TripletMarginWithDistanceLoss": (X, X.flip(0), -X),
    "MarginRankingLoss": (X, X.flip(0), torch.tensor([[1, -1], [1, 1]])),
    "CosineEmbeddingLoss": (X, X.flip(0), torch.tensor([1, -1])),
    "GaussianNLLLoss": (X, X.flip(0), X),
    "CTCLoss": (X, CLASSES_OF_X[:1], (2,), (1,)),
}


def both(name, *arguments, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        return [getattr(module, name)(*arguments, **options) for module in (modules, torch.nn)]


def outcomes(name, **options):
    """What ours and torch's give."""
    return [module(*ARGUMENTS.get(name, (X, X.flip(0)))) for module in both(name, **options)]


def attributes(module):
    """All that a module holds; modules themselves are equal to none but themselves."""
    return vars(module) | {"_modules": {name: attributes(child) for name, child in module.named_children()}}


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
    assert attributes(ours) == attributes(torchs)
    assert repr(ours) == repr(torchs)


@pytest.mark.parametrize("name", CLASSES)
def test_loss_is_a_function_of_the_package(name):
    assert getattr(modules, name).loss in reimpl.__all__


@pytest.mark.parametrize("name", UNREDUCED)
def test_module_without_a_reduction_gives_what_torch_gives(name):
    torch.testing.assert_close(*outcomes(name))


@pytest.mark.parametrize("name", [name for name in CLASSES if name not in UNREDUCED])
def test_module_gives_what_torch_gives(name):
    torch.testing.assert_close(*outcomes(name, reduction="sum"))


def test_cosine_similarity_module_passes_its_axis_and_floor():
    ours, torchs = both("CosineSimilarity", 0, 0.5)
    x = torch.tensor([[0.25, 0.5], [0.75, 0.125]])
    torch.testing.assert_close(ours(x, x.flip(0)), torchs(x, x.flip(0)))


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


def test_distance_that_is_a_module_belongs_to_the_loss():
    modules_of = [
        len(list(it.modules())) for it in both("TripletMarginWithDistanceLoss", distance_function=torch.nn.ReLU())
    ]
    assert modules_of == [2, 2]


def test_delta_must_be_a_number():
    with pytest.raises(TypeError, match="delta must be a float or int"):
        modules.HuberLoss(delta=torch.tensor(1.0))
