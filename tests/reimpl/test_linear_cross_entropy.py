"""What no case shows of the loss in chunks: memory, torch's transforms, other libraries, both classes of options."""

import dataclasses
import itertools
import warnings

import numpy
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

import reimpl
from reimpl import modules
from reimpl._chunks import chunk_size

jax = pytest.importorskip("jax")

pytestmark = [
    # torch's forward mode scripts its own tables; Dynamo makes an instance of each Function that it traces.
    pytest.mark.filterwarnings("ignore:.*torch.jit.script:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:.*should not be instantiated:DeprecationWarning"),
]
BOTH = [pytest.param(reimpl, id="reimpl"), pytest.param(torch.nn.functional, id="torch")]
KEPT = torch.nn.LinearCrossEntropyOptions(batch_chunk_size=2, allow_retain_graph=True)
X = torch.tensor([[0.3, -1.2, 2.0], [1.5, 0.25, -0.5], [-0.75, 0.1, 0.2]], dtype=torch.float64)
W = torch.tensor([[0.5, -0.25, 1.0], [2.0, 0.75, -1.5], [-0.125, 1.25, 0.0], [1.0, 0.5, 0.25]], dtype=torch.float64)
Y = torch.tensor([2, 0, 3])
BAD = [
    {"batch_chunk_size": 0},
    {"batch_chunk_size": 1.0},
    {"acc_policy": "exact"},
    {"chunking_method": "rows"},
    {"chunking_method": "aspect_ratio:0"},
    {"acc_dtype": torch.int64},
]


class Products(TorchDispatchMode):
    """Counts the products of matrices."""

    count = 0

    def __torch_dispatch__(self, function, types, arguments=(), options=None):
        self.count += function in (torch.ops.aten.mm.default, torch.ops.aten.addmm.default)
        return function(*arguments, **(options or {}))


class Largest(TorchDispatchMode):
    """Notes how many numbers the largest tensor has that anything makes meanwhile."""

    count = 0

    def __torch_dispatch__(self, function, types, arguments=(), options=None):
        made = function(*arguments, **(options or {}))
        sizes = [leaf.numel() for leaf in tree_leaves(made) if isinstance(leaf, torch.Tensor)]
        self.count = max(self.count, *sizes, 0)
        return made


def leaves():
    return X.clone().requires_grad_(), W.clone().requires_grad_()


def loss(module, x=X, w=W, **options):
    return module.linear_cross_entropy(x, w, Y, **{"options": KEPT, **options})


def largest(options, reduction):
    """Of a loss and its backward over 256 rows, 3 features and 64 classes."""
    x = torch.linspace(-1, 1, 256 * 3).reshape(256, 3).requires_grad_()
    w = torch.linspace(1, -1, 64 * 3).reshape(64, 3).requires_grad_()
    bias = torch.zeros(64, requires_grad=True)
    with Largest() as seen:
        value = reimpl.linear_cross_entropy(
            x, w, torch.arange(256) % 64, linear_bias=bias, weight=torch.ones(64), reduction=reduction, options=options
        )
        value.sum().backward()
    return seen.count


@pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
def test_chunks_never_make_all_logits(reduction):
    assert largest(modules.LinearCrossEntropyOptions(batch_chunk_size=4), reduction) == 256 * 3
    assert largest(None, reduction) == 256 * 64


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize("method", ["auto", "aspect_ratio", "aspect_ratio:3", None])
def test_rows_of_a_chunk_are_those_of_torch(dtype, method):
    for rows, features, classes, device in itertools.product([1, 2, 7, 64], [1, 3, 64], [1, 5, 1000], ["cpu", "meta"]):
        given = torch.nn.LinearCrossEntropyOptions(chunking_method=method)
        adjusted = given._adjust(rows, features, classes, dtype, torch.device(device))
        input = torch.empty(rows, features, dtype=dtype, device=device)
        assert chunk_size(given, input, classes) == adjusted.batch_chunk_size


@pytest.mark.parametrize("size", [1, 3, 7, 1000])
def test_rows_that_are_given_are_taken(size):
    given = torch.nn.LinearCrossEntropyOptions(batch_chunk_size=size)
    assert chunk_size(given, torch.empty(7, 2), 5) == min(size, 7)


def test_rows_outside_torch_are_chosen_as_on_a_cpu():
    given = modules.LinearCrossEntropyOptions()
    chosen = [chunk_size(given, numpy.zeros((64, 8), dtype), 16) for dtype in ("float16", "float32")]
    assert chosen == [32, 16]


def test_options_have_the_fields_of_torch():
    ours, torchs = modules.LinearCrossEntropyOptions, torch.nn.LinearCrossEntropyOptions
    described = [[(f.name, f.default) for f in dataclasses.fields(form)] for form in (ours, torchs)]
    assert described[0] == described[1]
    assert repr(ours()) == repr(torchs())
    with pytest.raises(dataclasses.FrozenInstanceError):
        ours().acc_policy = "compact"


@pytest.mark.parametrize("fields", BAD, ids=str)
@pytest.mark.parametrize("form", [modules.LinearCrossEntropyOptions, torch.nn.LinearCrossEntropyOptions])
def test_options_are_refused_like_torch(form, fields):
    with pytest.raises(ValueError, match=next(iter(fields))):
        form(**fields)


@pytest.mark.parametrize("reduction", ["none", "mean"])
def test_options_of_torch_and_ours_do_the_same(reduction):
    ours = modules.LinearCrossEntropyOptions(batch_chunk_size=2, allow_retain_graph=True)
    assert torch.equal(loss(reimpl, reduction=reduction), loss(reimpl, reduction=reduction, options=ours))


@pytest.mark.parametrize("module", BOTH)
def test_second_backward_is_refused_unless_gradients_are_kept(module):
    x, w = leaves()
    once = loss(module, x, w, options=torch.nn.LinearCrossEntropyOptions())
    once.backward(retain_graph=True)
    with pytest.raises(RuntimeError, match="backward"):
        once.backward(retain_graph=True)


def test_gradients_that_are_kept_are_given_again():
    x, w = leaves()
    kept = loss(reimpl, x, w)
    first, second = (torch.autograd.grad(kept, (x, w), retain_graph=True) for _ in range(2))
    torch.testing.assert_close(first, second, rtol=0, atol=0)


def test_gradients_are_those_of_the_formula():
    x, w = leaves()
    bias = torch.tensor([0.5, -0.25, 0.0, 1.0], dtype=torch.float64, requires_grad=True)
    for reduction in ("none", "mean", "sum"):
        assert torch.autograd.gradcheck(
            lambda x, w, b, r=reduction: loss(reimpl, x, w, linear_bias=b, reduction=r), (x, w, bias)
        )


@pytest.mark.parametrize("module", BOTH)
def test_second_gradient_knows_the_upstream_alone(module):
    x, w = leaves()
    value = loss(module, x, w)
    (slope,) = torch.autograd.grad(value * value, x, create_graph=True)
    (second,) = torch.autograd.grad(slope[0, 0], x)
    (first,) = torch.autograd.grad(loss(module, x, w), x)
    torch.testing.assert_close(second, 2 * first[0, 0] * first)


@pytest.mark.parametrize("module", BOTH)
def test_second_gradient_of_several_losses_is_refused(module):
    x, w = leaves()
    with pytest.raises(RuntimeError):
        torch.autograd.grad((loss(module, x, w, reduction="none") ** 2).sum(), x, create_graph=True)


@pytest.mark.parametrize("module", BOTH)
def test_upstream_that_wants_a_gradient_is_no_second_gradient(module):
    x, w = leaves()
    upstream = torch.ones(3, dtype=torch.float64, requires_grad=True)
    (plain,) = torch.autograd.grad(loss(module, x, w, reduction="none"), x, upstream)
    (recorded,) = torch.autograd.grad(loss(module, x, w, reduction="none").sum(), x, create_graph=True)
    torch.testing.assert_close(plain, recorded)
    assert not recorded.requires_grad


@pytest.mark.parametrize("module", BOTH)
@pytest.mark.parametrize("reduction", ["none", "mean"])
@pytest.mark.parametrize("wanted", [True, False], ids=["layer wants a gradient", "none wanted"])
def test_forward_mode_sees_a_constant(module, reduction, wanted):
    w = W.clone().requires_grad_(wanted)
    value, tangent = torch.func.jvp(lambda x: loss(module, x, w, reduction=reduction), (X,), (torch.ones_like(X),))
    torch.testing.assert_close(value, loss(module, reduction=reduction))
    assert not tangent.any()


@pytest.mark.parametrize("module", BOTH)
@pytest.mark.parametrize("reduction", ["none", "mean"])
def test_functional_gradient_is_refused(module, reduction):
    for transform in (torch.func.grad, lambda f: torch.func.vmap(torch.func.grad(f), randomness="error")):
        with pytest.raises(RuntimeError):
            transform(lambda x: loss(module, x.reshape(-1, 3), reduction=reduction).sum())(X.clone())


def test_functional_gradient_of_anything_else_is_not():
    assert torch.func.grad(lambda s: s * loss(reimpl))(torch.tensor(2.0, dtype=torch.float64)) == loss(reimpl)


@pytest.mark.parametrize("module", BOTH)
@pytest.mark.parametrize("reduction", ["none", "mean"])
def test_vmap_gives_what_a_loop_gives(module, reduction):
    batch = torch.stack([X, X * 0.5])
    found = torch.func.vmap(lambda x: loss(module, x, reduction=reduction))(batch)
    torch.testing.assert_close(found, torch.stack([loss(module, x, reduction=reduction) for x in batch]))


@pytest.mark.parametrize("module", BOTH)
@pytest.mark.parametrize("reduction", ["none", "mean"])
def test_vmap_gives_a_gradient_to_what_it_maps_over_only_without_a_reduction(module, reduction):
    batch, (_, w) = torch.stack([X, X * 0.5]).requires_grad_(), leaves()
    found = torch.func.vmap(lambda x: loss(module, x, w, reduction=reduction))(batch)
    of_batch, of_w = torch.autograd.grad(found.sum(), (batch, w), allow_unused=True)
    assert (of_batch is not None) == (reduction == "none")
    assert of_w.any()


@pytest.mark.parametrize("reduction", ["none", "mean"])
@pytest.mark.parametrize("keeps", [True, False])
def test_compiles_without_a_graph_break(reduction, keeps):
    torch.compiler.reset()
    options = modules.LinearCrossEntropyOptions(batch_chunk_size=2, allow_retain_graph=keeps)
    compiled = torch.compile(loss, fullgraph=True, backend="aot_eager")
    found = []
    for call in (compiled, loss):
        x, w = leaves()
        value = call(reimpl, x, w, reduction=reduction, options=options)
        found.append((value.detach(), *torch.autograd.grad(value.sum(), (x, w))))
    torch.testing.assert_close(*found)


@pytest.mark.parametrize("module", BOTH)
@pytest.mark.parametrize("options", [KEPT, None], ids=["chunks", "plain"])
def test_autocast_leaves_chunks_alone(module, options):
    x, w = X.float(), W.float()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = loss(module, x, w, options=options)
    assert found.dtype == torch.float32
    assert torch.equal(found, loss(module, x, w)) == (options is not None)


@pytest.mark.parametrize(
    ("wanted", "products"),
    [((False, False), 2), ((True, False), 4), ((False, True), 4), ((True, True), 6)],
    ids=["nothing", "input", "layer", "both"],
)
def test_only_gradients_that_are_wanted_are_computed(wanted, products):
    leaves = [leaf.clone().requires_grad_(want) for leaf, want in zip((X, W), wanted, strict=True)]
    with Products() as seen:
        loss(reimpl, *leaves)  # in two chunks
    assert seen.count == products


@pytest.mark.parametrize("reduction", ["none", "mean"])
def test_no_gradient_is_computed_before_it_is_due(reduction):
    with Products() as seen, torch.set_grad_enabled(reduction == "none"):
        value = loss(reimpl, *leaves(), reduction=reduction)
    assert (seen.count, value.requires_grad) == (2, reduction == "none")


@pytest.mark.parametrize("module", BOTH)
def test_second_backward_may_ask_for_nothing(module):
    weight = torch.ones(4, dtype=torch.float64, requires_grad=True)
    value = loss(module, weight=weight, options=torch.nn.LinearCrossEntropyOptions())
    for _ in range(2):
        assert torch.autograd.grad(value, weight, retain_graph=True, allow_unused=True) == (None,)


def test_vmap_maps_over_any_axis_and_argument():
    batch = torch.stack([X, X * 0.5], dim=2)
    found = torch.func.vmap(lambda x, w: loss(reimpl, x, w), in_dims=(2, None))(batch, W)
    torch.testing.assert_close(found, torch.stack([loss(reimpl, X), loss(reimpl, X * 0.5)]))
    twice = torch.func.vmap(torch.func.vmap(lambda x: loss(reimpl, x)))(batch.movedim(2, 0)[None])
    torch.testing.assert_close(twice, found[None])


def test_functional_gradient_is_refused_in_any_layer():
    batch = torch.stack([X, X * 0.5])
    with pytest.raises(RuntimeError, match="torch"):
        torch.func.grad(lambda x: torch.func.vmap(lambda row: loss(reimpl, row))(x).sum())(batch)


@pytest.mark.parametrize("module", BOTH)
def test_trace_takes_the_plain_way_and_warns(module):
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        traced = torch.jit.trace(lambda x: loss(module, x), (X,), check_trace=False)
    assert any("linear_cross_entropy" in str(warning.message) for warning in heard)
    torch.testing.assert_close(traced(X), loss(module))


@pytest.mark.parametrize("module", BOTH)
def test_truth_value_to_be_ignored_is_a_class_in_chunks(module):
    torch.testing.assert_close(loss(module, ignore_index=True), loss(module, ignore_index=1))


@pytest.mark.parametrize("reduction", ["none", "mean"])
def test_chunks_stay_on_a_device_without_values(reduction):
    x, w = (leaf.to("meta") for leaf in leaves())
    value = reimpl.linear_cross_entropy(x, w, Y.to("meta"), reduction=reduction, options=KEPT)
    assert {g.device.type for g in (value, *torch.autograd.grad(value.sum(), (x, w)))} == {"meta"}


def test_jax_without_64_bits_has_labels_for_chunks_too():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = reimpl.linear_cross_entropy(
            *(jax.numpy.asarray(a.numpy(), "float32") for a in (X, W)),
            jax.numpy.asarray(Y.numpy(), "int32"),
            options=KEPT,
        )
    assert float(found) == pytest.approx(float(loss(reimpl)), rel=1e-5)


@pytest.mark.parametrize("array", [numpy.asarray, jax.numpy.asarray], ids=["numpy", "jax"])
@pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
def test_chunks_of_any_library_give_what_torch_gives(array, reduction):
    with jax.enable_x64(True):
        found = reimpl.linear_cross_entropy(*map(array, (X, W, Y)), reduction=reduction, options=KEPT)
        numpy.testing.assert_allclose(numpy.asarray(found), loss(torch.nn.functional, reduction=reduction), rtol=1e-13)


def test_chunks_have_a_gradient_in_jax():
    x, _ = leaves()
    loss(torch.nn.functional, x).backward()
    with jax.enable_x64(True):
        w, y = jax.numpy.asarray(W), jax.numpy.asarray(Y)
        found = jax.grad(lambda x: reimpl.linear_cross_entropy(x, w, y, options=KEPT))(jax.numpy.asarray(X))
        numpy.testing.assert_allclose(found, x.grad, rtol=1e-12, atol=1e-15)
