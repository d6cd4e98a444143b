"""One call of each function: float64 arguments in numbers that every library can hold."""

import numpy
import pytest

import reimpl

LOGITS = numpy.array([[0.3, -1.2, 2.0], [1.5, 0.25, -0.5]])
OTHERS = numpy.array([[0.1, 0.2, -1.0], [1.0, -3.0, 0.75]])
PROBABILITIES = numpy.array([[0.3, 0.2, 0.9], [0.5, 0.75, 0.125]])
MARKS = numpy.array([[1.0, 0.0, 1.0], [0.0, 0.25, 1.0]])
SIGNS = numpy.array([[1.0, -1.0, 1.0], [-1.0, 1.0, -1.0]])
CLASSES = numpy.array([2, 0])
BOXES = numpy.array([[0.0, 0.25, 4.0, 3.0], [1.5, 1.0, 2.0, 5.0]])
OTHER_BOXES = numpy.array([[1.0, 0.5, 5.0, 2.0], [4.0, 2.0, 6.0, 2.5]])
PADDED = numpy.array([[2, 0, -1], [1, -1, 0]])
FARTHER = numpy.array([[0.75, 2.5, -0.25], [-1.0, 1.5, 3.0]])
VARIANCES = numpy.array([[0.5, 1.5, 2.0], [0.25, 3.0, 1.0]])
STEPS = numpy.log(numpy.array([LOGITS, OTHERS, LOGITS[::-1], OTHERS[::-1]]) ** 2 / 10)
SPOKEN = numpy.array([[1, 2], [2, 0]])
LAYER = numpy.array([[0.5, -0.25, 1.0], [2.0, 0.75, -1.5], [-0.125, 1.25, 0.0], [1.0, 0.5, 0.25]])
EXAMPLES = {
    "binary_cross_entropy": ((PROBABILITIES, MARKS), {}),
    "binary_cross_entropy_with_logits": ((LOGITS, MARKS), {}),
    "cross_entropy": ((LOGITS, CLASSES), {"label_smoothing": 0.125}),
    "ctc_loss": ((STEPS, SPOKEN, numpy.array([4, 3]), numpy.array([2, 1])), {}),
    "gaussian_nll_loss": ((LOGITS, OTHERS, VARIANCES), {"full": True}),
    "kl_div": ((LOGITS, PROBABILITIES), {"reduction": "batchmean"}),
    "poisson_nll_loss": ((LOGITS, 4 * PROBABILITIES), {"full": True}),
    "linear_cross_entropy": ((LOGITS, LAYER, CLASSES), {}),
    "nll_loss": ((LOGITS, CLASSES), {}),
    "one_hot": ((CLASSES,), {"num_classes": 3}),
    "sigmoid": ((LOGITS,), {}),
    "logsigmoid": ((LOGITS,), {}),
    "softmax": ((LOGITS,), {"dim": 1}),
    "log_softmax": ((LOGITS,), {"dim": 1}),
    "margin_ranking_loss": ((LOGITS, OTHERS, SIGNS), {"margin": 0.5}),
    "hinge_embedding_loss": ((LOGITS, SIGNS), {}),
    "soft_margin_loss": ((LOGITS, SIGNS), {}),
    "cosine_embedding_loss": ((LOGITS, OTHERS, SIGNS[:, 0]), {"margin": -0.75}),
    "multilabel_soft_margin_loss": ((LOGITS, MARKS), {}),
    "sigmoid_focal_loss": ((LOGITS, MARKS), {"gamma": 1.5}),
    "generalized_box_iou_loss": ((BOXES, OTHER_BOXES), {}),
    "distance_box_iou_loss": ((BOXES, OTHER_BOXES), {}),
    "complete_box_iou_loss": ((BOXES, OTHER_BOXES), {}),
    "sigmoid_cross_entropy_with_logits": ((PROBABILITIES, LOGITS), {}),
    "softmax_cross_entropy_with_logits": ((PROBABILITIES, LOGITS), {}),
    "ghm_c_loss": ((LOGITS, MARKS), {"bins": 3}),
    "ghm_r_loss": ((LOGITS, OTHERS), {"mu": 0.5, "bins": 3}),
    "multilabel_margin_loss": ((LOGITS, PADDED), {}),
    "multi_margin_loss": ((LOGITS, CLASSES), {"p": 2}),
    "triplet_margin_loss": ((LOGITS, OTHERS, FARTHER), {"margin": 4.0, "swap": True}),
    "triplet_margin_with_distance_loss": ((LOGITS, OTHERS, FARTHER), {"margin": 4.0, "swap": True}),
}
LOSSES = [name for name in reimpl.__all__ if name != "one_hot"]
# What torch does not do with a loss, by the test that asks for it.
FIRST_ORDER = ["multilabel_margin_loss", "multi_margin_loss", "ctc_loss"]
BEYOND = {
    "test_forward_mode_gives_the_tangent_of_torch": FIRST_ORDER,
    "test_hessian_is_that_of_torch": FIRST_ORDER,
    # What the gradient of a complete IoU takes for a constant, a difference of values does not.
    "test_second_gradient_is_the_derivative_of_the_first": ["ctc_loss", "complete_box_iou_loss"],
}


def pytest_generate_tests(metafunc):
    if "loss" in metafunc.fixturenames:
        left_out = BEYOND.get(metafunc.function.__name__, [])
        metafunc.parametrize("loss", [name for name in LOSSES if name not in left_out])


@pytest.fixture
def example(loss):
    """Arguments (arrays of NumPy) and options for ``loss``."""
    return EXAMPLES.get(loss, ((LOGITS, OTHERS), {}))
