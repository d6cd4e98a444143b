"""Every loss goes through torch's transforms, and comes out as torch's own does."""

import pytest
import torch
from counterpart import counterpart
from torch._subclasses import FakeTensorMode

import reimpl

pytestmark = [
    # torch's forward mode scripts its own tables; Dynamo makes an instance of each Function that it traces.
    pytest.mark.filterwarnings("ignore:.*torch.jit.script:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:.*should not be instantiated:DeprecationWarning"),
]


@pytest.fixture
def _nothing_compiled_before():
    torch.compiler.reset()


def tensors(example):
    return [torch.from_numpy(array) for array in example[0]]


def calls(loss, example):
    """Ours and torch's, as functions of the input alone."""
    input, *rest = tensors(example)
    return input, *(
        lambda x, function=function: function(x, *rest, **example[1])
        for function in (getattr(reimpl, loss), counterpart(loss))
    )


@pytest.mark.usefixtures("_nothing_compiled_before")
def test_compiles_without_a_graph_break(loss, example):
    input, ours, torchs = calls(loss, example)
    compiled = torch.compile(ours, fullgraph=True, backend="aot_eager")
    gradients = []
    for call in (compiled, torchs):
        x = input.clone().requires_grad_()
        gradients.append((call(x).detach(), *torch.autograd.grad(call(x).sum(), x)))
    torch.testing.assert_close(*gradients)


@pytest.mark.usefixtures("_nothing_compiled_before")
def test_compiles_without_gradients(loss, example):
    input, ours, torchs = calls(loss, example)
    torch.testing.assert_close(torch.compile(ours, fullgraph=True, backend="eager")(input), torchs(input))


@pytest.mark.usefixtures("_nothing_compiled_before")
@pytest.mark.parametrize("name", ["smooth_l1_loss", "binary_cross_entropy_with_logits"])
def test_compiles_with_inductor(name):
    logits = torch.linspace(-2, 2, 9)
    compiled = torch.compile(getattr(reimpl, name), fullgraph=True)
    expected = getattr(torch.nn.functional, name)(logits, logits * 0)
    torch.testing.assert_close(compiled(logits, logits * 0), expected)


def test_vmap_gives_what_a_loop_gives(loss, example):
    input, ours, torchs = calls(loss, example)
    batch = torch.stack([input, input * 0.5, input * 0.25])
    torch.testing.assert_close(torch.func.vmap(ours)(batch), torch.stack([torchs(x) for x in batch]))


def test_vmap_of_grad_gives_what_a_loop_gives(loss, example):
    input, ours, torchs = calls(loss, example)
    batch = torch.stack([input, input * 0.5])
    found = torch.func.vmap(torch.func.grad(lambda x: ours(x).sum()))(batch)
    torch.testing.assert_close(found, torch.stack([torch.func.grad(lambda x: torchs(x).sum())(x) for x in batch]))


def test_forward_mode_gives_the_tangent_of_torch(loss, example):
    input, ours, torchs = calls(loss, example)
    tangent = torch.linspace(-1, 1, input.numel(), dtype=input.dtype).reshape(input.shape)
    torch.testing.assert_close(*(torch.func.jvp(call, (input,), (tangent,)) for call in (ours, torchs)))


def test_hessian_is_that_of_torch(loss, example):
    input, ours, torchs = calls(loss, example)
    found, expected = (
        torch.autograd.functional.hessian(lambda x, call=call: (call(x) * call(x)).sum(), input)
        for call in (ours, torchs)
    )
    torch.testing.assert_close(found, expected, rtol=1e-6, atol=1e-9)


def test_second_gradient_is_the_derivative_of_the_first(loss, example):
    input, ours, _ = calls(loss, example)
    x = input.clone().requires_grad_()
    assert torch.autograd.gradcheck(ours, x, check_forward_ad=True)
    assert torch.autograd.gradgradcheck(ours, x)


def test_fake_tensors_pass(loss, example):
    with FakeTensorMode() as mode:
        arguments = [mode.from_tensor(tensor) for tensor in tensors(example)]
        result = getattr(reimpl, loss)(*arguments, **example[1])
    assert result.shape == counterpart(loss)(*tensors(example), **example[1]).shape


@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
def test_confident_gradient_is_as_near_to_the_truth_as_that_of_torch(name):
    x, upstream = torch.tensor([[0.0, 12.0, -3.0]]), torch.tensor([[0.1, 2.5, 0.037]])
    found, expected, truth = (
        torch.autograd.functional.vjp(lambda x, module=module: getattr(module, name)(x, 1), *pair)[1]
        for module, *pair in (
            (reimpl, x, upstream),
            (torch.nn.functional, x, upstream),
            (torch.nn.functional, x.double(), upstream.double()),
        )
    )
    assert (found - truth).abs().max() <= (expected - truth).abs().max() + 1e-9


def test_slope_of_logsigmoid_keeps_the_subnormals_and_the_curvature():
    x = torch.tensor(100.0, requires_grad=True)
    assert torch.autograd.grad(reimpl.logsigmoid(x), x)[0] > 0
    assert torch.autograd.functional.hessian(reimpl.logsigmoid, torch.tensor(0.0)) == -0.25


def test_floor_under_the_slope_of_binary_cross_entropy_is_that_of_float32():
    x = torch.zeros(1, dtype=torch.float64, requires_grad=True)
    slopes = [
        torch.autograd.grad(module.binary_cross_entropy(x, x.detach() + 1), x)
        for module in (reimpl, torch.nn.functional)
    ]
    assert slopes[0] == slopes[1]


def test_second_gradient_of_smooth_l1_is_torchs_where_the_dtype_rounds_beta_to_zero():
    seconds = []
    for module in (reimpl, torch.nn.functional):
        input = torch.tensor([1.0, -2.0], requires_grad=True)
        loss = module.smooth_l1_loss(input, torch.zeros(2), reduction="sum", beta=1e-300)
        (gradient,) = torch.autograd.grad(loss, input, create_graph=True)
        seconds.append(torch.autograd.grad(gradient.sum(), input)[0])
    assert [second.isnan().tolist() for second in seconds] == [[True, True]] * 2


@pytest.mark.parametrize("dim", [0, 1])
def test_forward_mode_of_cosine_similarity_stops_below_the_floor_and_its_gradient_does_not(dim):
    x = torch.tensor([[0.3, 0.4, 0.0], [3.0, 4.0, 1.0], [0.0, 0.0, 0.0], [1.0, 0.0, 0.0]])
    y, eps = torch.tensor([[1.0, 2.0, 0.5], [2.0, -1.0, 3.0], [1.0, 2.0, -1.0], [0.5, 1.0, 1.0]]), 1.0
    found, expected = (
        (
            torch.func.jvp(lambda x, m=m: m.cosine_similarity(x, y, dim, eps), (x,), (y + 0.5,))[1],
            torch.func.grad(lambda x, m=m: m.cosine_similarity(x, y, dim, eps).sum())(x),
        )
        for m in (reimpl, torch.nn.functional)
    )
    torch.testing.assert_close(found, expected)


def test_second_gradient_of_cosine_similarity_stands_a_zero_vector():
    x = torch.zeros(1, 2, dtype=torch.float64, requires_grad=True)
    (gradient,) = torch.autograd.grad(reimpl.cosine_similarity(x, torch.ones(1, 2)), x, create_graph=True)
    assert torch.autograd.grad(gradient.sum(), x)[0].tolist() == [[0.0, 0.0]]


def test_second_gradient_of_soft_margin_keeps_its_digits_on_the_wrong_side():
    x, y = torch.tensor([-50.0, -30.0, 25.0, -3.0, 0.25]), torch.tensor([1.0, 1.0, -1.0, 1.0, 2.0])
    found, expected = (
        torch.autograd.functional.hessian(lambda x, m=m: (m.soft_margin_loss(x, y, reduction="none") * x).sum(), x)
        for m in (reimpl, torch.nn.functional)
    )
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=0)


def test_tangents_of_soft_margin_have_the_type_of_the_input_beside_a_finer_target():
    x, y = torch.tensor([-3.0, 0.25]), torch.tensor([1.0, -1.0], dtype=torch.float64)
    for call in (lambda x: reimpl.soft_margin_loss(x, y), torch.func.grad(lambda x: reimpl.soft_margin_loss(x, y))):
        assert torch.func.jvp(call, (x,), (x,))[1].dtype == torch.float32


KINKS = {
    "margin_ranking_loss": (1.0, torch.tensor(0.0), torch.tensor(1.0), 1.0),
    "hinge_embedding_loss": (1.0, torch.tensor(-1)),
    "cosine_embedding_loss": ([1.0, 0.0], torch.tensor([0.0, 1.0]), torch.tensor(-1)),
}


@pytest.mark.parametrize("name", KINKS)
def test_unbatched_loss_has_the_tangent_of_torch_at_its_kink(name):
    x, *rest = KINKS[name]
    point = (torch.tensor(x),)
    found, expected = (
        torch.func.jvp(lambda x, m=m: getattr(m, name)(x, *rest), point, (torch.ones_like(point[0]),))
        for m in (reimpl, torch.nn.functional)
    )
    torch.testing.assert_close(found, expected)
    assert expected[1] != 0


@pytest.mark.parametrize("probability", [0.5, 1.5], ids=["below one", "above one"])
def test_slope_of_kl_div_under_no_upstream_gradient_still_depends_on_it(probability):
    target = torch.tensor(probability, requires_grad=True)
    upstream = torch.tensor(0.0, requires_grad=True)
    loss = reimpl.kl_div(torch.tensor(-1.0), target, reduction="sum")
    (slope,) = torch.autograd.grad(loss, target, upstream, create_graph=True)
    (found,) = torch.autograd.grad(slope, upstream)
    torch.testing.assert_close(found, target.detach().log() + 2)


def test_labels_that_broadcast_get_the_sum_of_their_gradients():
    labels = torch.tensor([0.25, 0.75], requires_grad=True)
    logits = torch.tensor([[0.5, -1.0], [2.0, 0.25]])
    (found,) = torch.autograd.grad(reimpl.softmax_cross_entropy_with_logits(labels, logits).sum(), labels)
    torch.testing.assert_close(found, -torch.log_softmax(logits, 1).sum(0))


def test_gradient_of_logits_is_no_function_of_labels_as_in_tensorflow():
    labels, logits = torch.tensor([0.25, 0.75], requires_grad=True), torch.tensor([0.5, -1.0], requires_grad=True)
    (slope,) = torch.autograd.grad(reimpl.softmax_cross_entropy_with_logits(labels, logits), logits, create_graph=True)
    assert torch.autograd.grad(slope[0], labels, allow_unused=True) == (None,)


@pytest.mark.parametrize("name", ["sigmoid_focal_loss", "ghm_c_loss", "ghm_r_loss"])
def test_autocast_gives_halves_in_float32_without_a_reference_too(name):
    halves = torch.tensor([0.5, 0.25], dtype=torch.bfloat16)
    with torch.autocast("cpu"):
        assert getattr(reimpl, name)(halves, halves).dtype == torch.float32


@pytest.mark.parametrize("shape", [(3,), (2, 2, 3)], ids=str)
@pytest.mark.parametrize("p", [1.0, 3.0, 0.5, float("inf")], ids=str)
def test_forward_mode_of_a_distance_is_that_of_torch_along_the_last_axis(shape, p):
    x1, x2, tangent = torch.randn(3, *shape, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    found, expected = (
        torch.func.jvp(lambda x, module=module: module.pairwise_distance(x, x2, p), (x1,), (tangent,))
        for module in (reimpl, torch.nn.functional)
    )
    torch.testing.assert_close(found, expected)


def test_formula_runs_where_there_are_no_numbers():
    x = torch.empty(3, 2, device="meta")
    assert reimpl.mse_loss(x, x, reduction="none").shape == (3, 2)
