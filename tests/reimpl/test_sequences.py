"""Lengths that YAML cannot spell, and those whose values cannot be looked at."""

import pytest
import torch
from torch._subclasses import FakeTensorMode
from torch.nn import functional

import reimpl

pytestmark = pytest.mark.filterwarnings("ignore:.*torch.jit.script:DeprecationWarning")  # torch's forward mode

STEPS = torch.linspace(-3, 0, 48).reshape(4, 3, 4).sin()
ROWS = torch.tensor([[1, 2], [3, 1], [2, 2]])
IN_A_ROW = torch.tensor([1, 2, 3, 2])
LENGTHS = torch.tensor([4, 3, 4]), torch.tensor([2, 1, 1])


def both(*arguments, **options):
    return [module.ctc_loss(*arguments, **options) for module in (reimpl, functional)]


@pytest.mark.parametrize("targets", [ROWS, IN_A_ROW], ids=["padded", "end to end"])
def test_lists_are_what_tuples_are(targets):
    torch.testing.assert_close(*both(STEPS, targets, [4, 3, 4], [2, 1, 1]))


def test_a_length_in_a_list_may_be_an_array_of_one_element():
    torch.testing.assert_close(*both(STEPS, ROWS, [torch.tensor([4]), 3, 4], (2, torch.tensor(1), 1)))


@pytest.mark.parametrize("lengths", [(LENGTHS[0], [2, 1, 1]), ([4, 3, 4], LENGTHS[1])], ids=["second", "first"])
@pytest.mark.parametrize("module", [reimpl, functional], ids=["reimpl", "torch"])
def test_list_beside_an_array_is_refused(module, lengths):
    with pytest.raises(TypeError, match="input_lengths"):
        module.ctc_loss(STEPS, ROWS, *lengths)


@pytest.mark.parametrize("lengths", [LENGTHS[0], range(3, 6), "444"], ids=["array of numpy", "range", "text"])
def test_other_sequences_are_refused(lengths):
    given = lengths.numpy() if isinstance(lengths, torch.Tensor) else lengths
    with pytest.raises(TypeError, match="lengths"):
        reimpl.ctc_loss(STEPS, ROWS, given, [2, 1, 1])


@pytest.mark.parametrize("targets", [ROWS, IN_A_ROW], ids=["padded", "end to end"])
def test_lengths_under_vmap_give_what_a_loop_gives(targets):
    steps, labels = torch.tensor([[4, 3, 4], [3, 4, 2]]), torch.tensor([[2, 1, 1], [1, 1, 2]])
    found = torch.func.vmap(lambda *lengths: reimpl.ctc_loss(STEPS, targets, *lengths))(steps, labels)
    expected = [functional.ctc_loss(STEPS, targets, *lengths) for lengths in zip(steps, labels, strict=True)]
    torch.testing.assert_close(found, torch.stack(expected))


@pytest.mark.parametrize("targets", [ROWS, IN_A_ROW], ids=["padded", "end to end"])
@pytest.mark.parametrize("lengths", [LENGTHS, ([4, 3, 4], [2, 1, 1])], ids=["arrays", "lists"])
def test_labels_and_lengths_follow_log_probs_to_its_device(targets, lengths):
    with FakeTensorMode() as mode:
        there = torch.empty(4, 3, 4, device="cuda")
        here = [mode.from_tensor(it) if isinstance(it, torch.Tensor) else it for it in (targets, *lengths)]
        assert reimpl.ctc_loss(there, *here, reduction="none").device.type == "cuda"


def test_label_that_names_no_class_makes_its_row_nan():
    found = reimpl.ctc_loss(STEPS, torch.tensor([[1, 4], [3, 1], [-1, 2]]), *LENGTHS, reduction="none")
    assert found.isnan().tolist() == [True, False, True]


def test_second_gradient_and_forward_mode_are_refused_as_by_torch():
    x = STEPS.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(reimpl.ctc_loss(x, ROWS, *LENGTHS), x, create_graph=True)
    with pytest.raises(RuntimeError, match="not implemented"):
        gradient.sum().backward()
    with pytest.raises(NotImplementedError, match="forward AD"):
        torch.func.jvp(lambda x: reimpl.ctc_loss(x, ROWS, *LENGTHS), (STEPS,), (STEPS,))
