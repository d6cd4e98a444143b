"""torch's Python references and its decompositions deviate as their expected files say, here in a few cases.

``tests/thorough`` judges them in all.
"""

from pathlib import Path

import pytest
import torch
from borrowed.strangers import unexpected

pytestmark = pytest.mark.skipif(not torch.__version__.startswith("2.13."), reason="what is expected is of torch 2.13")
REFS = """huber_loss/delta_huge smooth_l1_loss/beta_smallest huber_loss/constant_of_another_type
    mse_loss/wider_scalar_target hinge_embedding_loss/integers margin_ranking_loss/integers_only nll_loss/empty_*
    nll_loss/one_sample_target_of_one nll_loss/half_count_overflows poisson_nll_loss/*_input
    poisson_nll_loss/integer_product_wraps mse_loss/*by_hand smooth_l1_loss/blog*"""
DECOMPOSED = """multilabel_margin_loss/by_hand multilabel_margin_loss/one_class huber_loss/empty mse_loss/empty
    identities/multilabel_margin_of_one_label_is_multi_margin smooth_l1_loss/empty smooth_l1_loss/equal_infinities
    smooth_l1_loss/special_inputs smooth_l1_loss/nan_in_one_argument soft_margin_loss/unsigned_target
    binary_cross_entropy/clamp binary_cross_entropy/weight_of_another_dtype multi_margin_loss/one_sample
    nll_loss/all_weights_zero nll_loss/nonfinite_weight cross_entropy/negative_weight cross_entropy/weights_sum_to_zero
    cross_entropy/half_weights_overflow linear_cross_entropy/*_weight linear_cross_entropy/weights_that_cancel
    linear_cross_entropy/halves huber_loss/wider_scalar_target
    soft_margin_loss/finer_target_where_the_exponential_overflows
    kl_div/scalar_input_of_another_type huber_loss/two_float_types huber_loss/integer_target
    soft_margin_loss/type_of_the_target huber_loss/blog* cross_entropy/blog* mse_loss/*by_hand"""


@pytest.mark.parametrize(("name", "cases"), [("refs", REFS), ("decomposed", DECOMPOSED)], ids=["refs", "decomposed"])
def test_stranger_deviates_as_expected(name: str, cases: str, tmp_path: Path) -> None:
    words = [word for case in cases.split() for word in ("--case", case)]
    assert unexpected(name, tmp_path, *words) == []
