"""One call of each function: float64 arguments in numbers that every library can hold."""

import numpy
import pytest

import reimpl

LOGITS = numpy.array([[0.3, -1.2, 2.0], [1.5, 0.25, -0.5]])
OTHERS = numpy.array([[0.1, 0.2, -1.0], [1.0, -3.0, 0.75]])
PROBABILITIES = numpy.array([[0.3, 0.2, 0.9], [0.5, 0.75, 0.125]])
MARKS = numpy.array([[1.0, 0.0, 1.0], [0.0, 0.25, 1.0]])
CLASSES = numpy.array([2, 0])
VARIANCES = numpy.array([[0.5, 1.5, 2.0], [0.25, 3.0, 1.0]])
STEPS = numpy.log(numpy.array([LOGITS, OTHERS, LOGITS[::-1], OTHERS[::-1]]) ** 2 / 10)
SPOKEN = numpy.array([[1, 2], [2, 0]])
EXAMPLES = {
    "binary_cross_entropy": ((PROBABILITIES, MARKS), {}),
    "binary_cross_entropy_with_logits": ((LOGITS, MARKS), {}),
    "ctc_loss": ((STEPS, SPOKEN, numpy.array([4, 3]), numpy.array([2, 1])), {}),
    "cross_entropy": ((LOGITS, CLASSES), {"label_smoothing": 0.125}),
    "gaussian_nll_loss": ((LOGITS, OTHERS, VARIANCES), {"full": True}),
    "nll_loss": ((LOGITS, CLASSES), {}),
    "one_hot": ((CLASSES,), {"num_classes": 3}),
    "sigmoid": ((LOGITS,), {}),
    "logsigmoid": ((LOGITS,), {}),
    "softmax": ((LOGITS,), {"dim": 1}),
    "log_softmax": ((LOGITS,), {"dim": 1}),
    "multilabel_soft_margin_loss": ((LOGITS, MARKS), {}),
}
LOSSES = [name for name in reimpl.__all__ if name != "one_hot"]
FIRST_ORDER = ["ctc_loss"]  # torch has no more of these than the gradient
BEYOND = [
    "test_forward_mode_gives_the_tangent_of_torch",
    "test_hessian_is_that_of_torch",
    "test_second_gradient_is_the_derivative_of_the_first",
]


def pytest_generate_tests(metafunc):
    if "loss" in metafunc.fixturenames:
        left_out = FIRST_ORDER if metafunc.function.__name__ in BEYOND else []
        metafunc.parametrize("loss", [name for name in LOSSES if name not in left_out])


@pytest.fixture
def example(loss):
    """Arguments (arrays of NumPy) and options for ``loss``."""
    return EXAMPLES.get(loss, ((LOGITS, OTHERS), {}))
