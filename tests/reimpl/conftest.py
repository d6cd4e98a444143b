"""One call of each function: float64 arguments in numbers that every library can hold."""

import numpy
import pytest

import reimpl

LOGITS = numpy.array([[0.3, -1.2, 2.0], [1.5, 0.25, -0.5]])
OTHERS = numpy.array([[0.1, 0.2, -1.0], [1.0, -3.0, 0.75]])
PROBABILITIES = numpy.array([[0.3, 0.2, 0.9], [0.5, 0.75, 0.125]])
MARKS = numpy.array([[1.0, 0.0, 1.0], [0.0, 0.25, 1.0]])
CLASSES = numpy.array([2, 0])
BOXES = numpy.array([[0.0, 0.25, 4.0, 3.0], [1.5, 1.0, 2.0, 5.0]])
OTHER_BOXES = numpy.array([[1.0, 0.5, 5.0, 2.0], [4.0, 2.0, 6.0, 2.5]])
EXAMPLES = {
    "binary_cross_entropy": ((PROBABILITIES, MARKS), {}),
    "binary_cross_entropy_with_logits": ((LOGITS, MARKS), {}),
    "cross_entropy": ((LOGITS, CLASSES), {"label_smoothing": 0.125}),
    "nll_loss": ((LOGITS, CLASSES), {}),
    "one_hot": ((CLASSES,), {"num_classes": 3}),
    "sigmoid": ((LOGITS,), {}),
    "logsigmoid": ((LOGITS,), {}),
    "softmax": ((LOGITS,), {"dim": 1}),
    "log_softmax": ((LOGITS,), {"dim": 1}),
    "multilabel_soft_margin_loss": ((LOGITS, MARKS), {}),
    "sigmoid_focal_loss": ((LOGITS, MARKS), {"gamma": 1.5}),
    "generalized_box_iou_loss": ((BOXES, OTHER_BOXES), {}),
    "distance_box_iou_loss": ((BOXES, OTHER_BOXES), {}),
    "complete_box_iou_loss": ((BOXES, OTHER_BOXES), {}),
    "sigmoid_cross_entropy_with_logits": ((PROBABILITIES, LOGITS), {}),
    "softmax_cross_entropy_with_logits": ((PROBABILITIES, LOGITS), {}),
    "ghm_c_loss": ((LOGITS, MARKS), {"bins": 3}),
    "ghm_r_loss": ((LOGITS, OTHERS), {"mu": 0.5, "bins": 3}),
    "kl_div": ((LOGITS, PROBABILITIES), {"reduction": "batchmean"}),
    "poisson_nll_loss": ((LOGITS, 4 * PROBABILITIES), {"full": True}),
}
LOSSES = [name for name in reimpl.__all__ if name != "one_hot"]


def pytest_generate_tests(metafunc):
    own = any("loss" in marker.args for marker in metafunc.definition.iter_markers("parametrize"))
    if "loss" in metafunc.fixturenames and not own:
        metafunc.parametrize("loss", LOSSES)


@pytest.fixture
def example(loss):
    """Arguments (arrays of NumPy) and options for ``loss``."""
    return EXAMPLES.get(loss, ((LOGITS, OTHERS), {}))
