"""The modules that own layers: torch's in names, numbers, gradients and refusals, given the same parameters."""

import inspect
import warnings

import pytest
import torch

from reimpl import modules

LINEAR = "LinearCrossEntropyLoss"
ADAPTIVE = "AdaptiveLogSoftmaxWithLoss"
OPTIONS = torch.nn.LinearCrossEntropyOptions(batch_chunk_size=2)
LAYERS = [
    pytest.param({}, (3,), id="plain"),
    pytest.param({"bias": True, "weight": torch.tensor([0.25, 3.0, 7.5, 1.75])}, (3,), id="bias and weight"),
    pytest.param({"bias": True, "options": OPTIONS}, (3,), id="chunks"),
    pytest.param({"bias": True, "out_features": (2,)}, (3, 2), id="one axis"),
    pytest.param({"out_features": (2, 2), "reduction": "none"}, (3, 2, 2), id="two axes"),
    pytest.param({"ignore_index": 1, "reduction": "sum"}, (3,), id="ignored"),
    pytest.param({"label_smoothing": 0.25}, (), id="smoothed and unbatched"),
]
ADAPTED = [
    pytest.param((16, 20, [4, 10]), {}, id="two clusters"),
    pytest.param((16, 20, (4,)), {"head_bias": True}, id="one cluster and a bias"),
    pytest.param((16, 20, [1, 2, 19]), {"div_value": 2.0}, id="clusters of one class"),
    pytest.param((6, 20, [4, 10]), {"div_value": 1.5}, id="widths rounded down"),
    pytest.param((16, 20, [4, 10]), {"div_value": 0.5}, id="wider clusters"),
    pytest.param((16, 20, [4, 10]), {"dtype": torch.float64}, id="float64"),
    pytest.param((16, 20, [4, 10]), {"dtype": torch.bfloat16, "head_bias": True}, id="bfloat16"),
    pytest.param((16, 20, [4, 10]), {"dtype": torch.float16}, id="float16"),
]
ROWS = [
    pytest.param([0, 3, 4, 9, 10, 19, 2], id="every cluster"),
    pytest.param([2, 0, 3], id="the shortlist"),
    pytest.param([12, 19], id="the last cluster"),
    pytest.param([5], id="one row"),
    pytest.param(5, id="unbatched, rare"),
    pytest.param(0, id="unbatched, common"),
]


def both(name, *arguments, **options):
    """Ours and torch's with the same parameters."""
    made = []
    for place in (modules, torch.nn):
        with torch.random.fork_rng(devices=()):
            torch.manual_seed(7)
            made.append(getattr(place, name)(*arguments, **options))
    return made


def numbers(*shape, dtype=torch.float32):
    return (torch.linspace(-1.5, 2, max(1, torch.Size(shape).numel())).reshape(shape) * 1.25).to(dtype)


def assert_near(found, expected, dtype=torch.float32):
    """Halves are rounded once here and in between there."""
    rough = {torch.bfloat16: 0.03, torch.float16: 0.004}.get(dtype)
    torch.testing.assert_close(found, expected, rtol=rough, atol=rough)


def answers(module, input, target):
    """The results, and the gradients of the input and of every parameter."""
    x = input.clone().requires_grad_()
    found = module(x, target)
    results = tuple(found) if isinstance(found, tuple) else (found,)
    leaves = (x, *module.parameters())
    upstream = [torch.linspace(0.5, 2, r.numel(), dtype=r.dtype).reshape(r.shape) for r in results]
    return results, torch.autograd.grad(results, leaves, upstream, allow_unused=True)


@pytest.mark.parametrize("name", [LINEAR, ADAPTIVE])
def test_methods_take_what_torch_takes(name):
    ours, torchs = getattr(modules, name), getattr(torch.nn, name)
    for method in ("__init__", "forward", *(["log_prob", "predict"] if name == ADAPTIVE else [])):
        described = [
            [(p.name, p.kind, p.default) for p in inspect.signature(getattr(c, method)).parameters.values()]
            for c in (ours, torchs)
        ]
        assert described[0] == described[1]


@pytest.mark.parametrize(("options", "shape"), LAYERS)
def test_linear_module_is_that_of_torch(options, shape):
    ours, torchs = both(LINEAR, 5, 4, **options)
    assert repr(ours) == repr(torchs)
    assert {k: v for k, v in vars(ours).items() if k not in ("_modules", "_buffers")} == {
        k: v for k, v in vars(torchs).items() if k not in ("_modules", "_buffers")
    }
    torch.testing.assert_close(ours.state_dict(), torchs.state_dict(), rtol=0, atol=0)


@pytest.mark.parametrize(("options", "shape"), LAYERS)
def test_linear_module_gives_what_torch_gives(options, shape):
    target = torch.arange(torch.Size(shape).numel()).reshape(shape) % 4
    found, expected = (answers(m, numbers(*shape[:1], 5), target) for m in both(LINEAR, 5, 4, **options))
    torch.testing.assert_close(found, expected)


def test_linear_module_takes_the_state_of_torch():
    ours, torchs = modules.LinearCrossEntropyLoss(5, 4, bias=True), torch.nn.LinearCrossEntropyLoss(5, 4, bias=True)
    ours.load_state_dict(torchs.state_dict())
    torch.testing.assert_close(ours(numbers(3, 5), torch.arange(3)), torchs(numbers(3, 5), torch.arange(3)))


@pytest.mark.parametrize("place", [modules, torch.nn], ids=["reimpl", "torch"])
@pytest.mark.parametrize(
    "options", [{"weight": torch.ones(3)}, {"label_smoothing": -0.1}, {"label_smoothing": 1.1}], ids=str
)
def test_linear_module_refuses_in_its_constructor(place, options):
    with pytest.raises(RuntimeError, match=next(iter(options))):
        place.LinearCrossEntropyLoss(5, 4, **options)


@pytest.mark.parametrize(("arguments", "options"), ADAPTED)
def test_adaptive_module_is_that_of_torch(arguments, options):
    ours, torchs = both(ADAPTIVE, *arguments, **options)
    assert repr(ours) == repr(torchs)
    assert {k: v for k, v in vars(ours).items() if k != "_modules"} == {
        k: v for k, v in vars(torchs).items() if k != "_modules"
    }
    torch.testing.assert_close(ours.state_dict(), torchs.state_dict(), rtol=0, atol=0)


@pytest.mark.parametrize("rows", ROWS)
@pytest.mark.parametrize(("arguments", "options"), ADAPTED)
def test_adaptive_module_gives_what_torch_gives(arguments, options, rows):
    target, dtype = torch.tensor(rows), options.get("dtype", torch.float32)
    input = numbers(*target.shape, arguments[0], dtype=dtype)
    found, expected = (answers(module, input, target) for module in both(ADAPTIVE, *arguments, **options))
    assert_near(found, expected, dtype)


@pytest.mark.parametrize(("arguments", "options"), ADAPTED)
def test_log_prob_and_predict_are_those_of_torch(arguments, options):
    dtype = options.get("dtype", torch.float32)
    input = numbers(9, arguments[0], dtype=dtype)
    ours, torchs = both(ADAPTIVE, *arguments, **options)
    assert_near(ours.log_prob(input), torchs.log_prob(input), dtype)
    assert torch.equal(ours.predict(input), torchs.predict(input))


@pytest.mark.parametrize(("cluster", "rare"), [(-30.0, 0), (30.0, 32), (1.5, 10)], ids=["none", "all", "some"])
def test_predict_looks_into_the_clusters_that_are_likelier(cluster, rare):
    ours, torchs = both(ADAPTIVE, 16, 20, [4, 10], head_bias=True)
    for module in (ours, torchs):
        torch.nn.init.constant_(module.head.bias[4:], cluster)
    input = torch.cat([torch.eye(16), -torch.eye(16)]) * 8
    assert torch.equal(ours.predict(input), torchs.predict(input))
    assert (ours.predict(input) >= 4).sum() == rare


def test_log_prob_has_the_gradients_of_torch():
    found = []
    for module in both(ADAPTIVE, 16, 20, [4, 10], head_bias=True):
        x = numbers(3, 16).requires_grad_()
        value = module.log_prob(x)
        found.append(torch.autograd.grad(value, (x, *module.parameters()), numbers(3, 20)))
    torch.testing.assert_close(*found)


def test_result_is_named_as_in_torch():
    ours, torchs = (module(numbers(2, 16), torch.tensor([1, 15])) for module in both(ADAPTIVE, 16, 20, [4, 10]))
    assert type(ours).__name__ == type(torchs).__name__
    assert ours._fields == torchs._fields == ("output", "loss")


def test_empty_batch_gives_no_output_and_a_nan():
    for module in both(ADAPTIVE, 16, 20, [4, 10]):
        output, loss = module(torch.empty(0, 16), torch.empty(0, dtype=torch.int64))
        assert output.shape == (0,)
        assert loss.isnan()
        assert module.predict(torch.empty(0, 16)).shape == (0,)


def test_cluster_without_a_row_gets_no_gradient():
    ours, _ = both(ADAPTIVE, 16, 20, [4, 10])
    ours(numbers(2, 16), torch.tensor([1, 5])).loss.backward()
    assert ours.tail[0][0].weight.grad.any()
    assert ours.tail[1][0].weight.grad is None


def test_reset_draws_the_parameters_of_torch():
    ours, torchs = both(ADAPTIVE, 16, 20, [4, 10], head_bias=True)
    for module in (ours, torchs):
        with torch.random.fork_rng(devices=()):
            torch.manual_seed(8)
            module.reset_parameters()
    torch.testing.assert_close(ours.state_dict(), torchs.state_dict(), rtol=0, atol=0)
    assert not torch.equal(ours.head.weight, both(ADAPTIVE, 16, 20, [4, 10])[0].head.weight)


def test_adaptive_module_takes_the_state_of_torch():
    ours, torchs = (
        modules.AdaptiveLogSoftmaxWithLoss(16, 20, [4, 10]),
        torch.nn.AdaptiveLogSoftmaxWithLoss(16, 20, [4, 10]),
    )
    ours.load_state_dict(torchs.state_dict())
    torch.testing.assert_close(ours.log_prob(numbers(3, 16)), torchs.log_prob(numbers(3, 16)))


def test_features_too_few_for_a_cluster_leave_it_even():
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Initializing zero-element tensors")
        ours, torchs = both(ADAPTIVE, 16, 20, [4, 10], div_value=17.0)
    target = torch.tensor([0, 5, 15])
    torch.testing.assert_close(ours(numbers(3, 16), target), torchs(numbers(3, 16), target))


@pytest.mark.parametrize("place", [modules, torch.nn], ids=["reimpl", "torch"])
@pytest.mark.parametrize("cutoffs", [[], [4, 4], [10, 4], [0, 4], [-1, 4], [4, 20], [4, 25], [4.5]], ids=str)
def test_cutoffs_are_refused_like_torch(place, cutoffs):
    with pytest.raises(ValueError, match="cutoffs"):
        place.AdaptiveLogSoftmaxWithLoss(16, 20, cutoffs)


REFUSED = {
    "class too great": ((2, 16), [1, 20], r"\[0, 19\]"),
    "class negative": ((2, 16), [-1, 5], r"\[-1, 5\]"),
    "unbatched class": ((16,), 20, r"\[0, 19\]"),
    "batches": ((3, 16), [1, 2], "batch dimension"),
    "one row and labels": ((16,), [1] * 16, "1D target"),
    "rows and one label": ((2, 16), 1, "0D target"),
    "labels of two axes": ((2, 16), [[1], [2]], "multi-target"),
    "features": ((2, 15), [1, 2], "shapes"),
}


@pytest.mark.parametrize(("shape", "target", "match"), REFUSED.values(), ids=REFUSED)
def test_rows_are_refused_like_torch(shape, target, match):
    for module in both(ADAPTIVE, 16, 20, [4, 10]):
        with pytest.raises(RuntimeError, match=match):
            module(numbers(*shape), torch.tensor(target))


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int16, torch.bool, torch.float32], ids=str)
def test_labels_of_other_types_are_refused_like_torch(dtype):
    for module in both(ADAPTIVE, 16, 20, [4, 10]):
        with pytest.raises(RuntimeError, match=r"[Ee]xpected .*int32"):
            module(numbers(3, 16), torch.tensor([1, 5, 15]).to(dtype))


def test_labels_may_be_of_half_the_size():
    ours, torchs = both(ADAPTIVE, 16, 20, [4, 10])
    target = torch.tensor([1, 5, 15], dtype=torch.int32)
    torch.testing.assert_close(tuple(ours(numbers(3, 16), target)), tuple(torchs(numbers(3, 16), target)))
