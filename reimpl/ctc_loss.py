"""Connectionist temporal classification."""

from reimpl import _checks
from reimpl._array import Array, Labels, counting, filled, is_single, labels_beside, namespace
from reimpl._autograd import differentiated_once
from reimpl._reduction import checked, reduced
from reimpl._sequences import Lengths, aligned, lengths_beside, padded


def ctc_loss(
    log_probs: Array,
    targets: Labels,
    input_lengths: Lengths,
    target_lengths: Lengths,
    blank: int = 0,
    reduction: str = "mean",
    zero_infinity: bool = False,
) -> Array:
    """Minus the logarithm of the probability of a row of labels, said at any pace.

    A path has one class a step. It says the labels if they are left once repeats are merged and then blanks dropped.
    With the states l' = blank, l_1, blank, …, l_L, blank and the steps t = 1 … T::

        α_1(s) = p_1(l'_s)     s <= 2, else 0
        α_t(s) = p_t(l'_s) · (α_t-1(s) + α_t-1(s-1) + α_t-1(s-2) if l'_s != l'_s-2)
        loss   = -log (α_T(2L+1) + α_T(2L))
        mean   = Σ_i loss_i / max(1, L_i) / N

    Domain:
        log_probs: logarithms p, any real. Fewer steps than labels and repeats: inf, with NaN for a gradient, or 0 with
        ``zero_infinity``. A label that is no class: NaN here, anything in torch, and no error.
    Gradient:
        exp(log_probs) - γ at each step and class, where γ is the share of the paths that pass there; 0 past the row's
        own steps, NaN where log_probs is -inf. Written by hand as in torch: the derivative is -γ, and the rest is what
        a ``log_softmax`` before it makes of it. No second gradient, no forward mode.
    Args:
        log_probs: shape (T, N, C) or (T, C); float32 or float64.
        targets: labels, shape (N, S), or the rows end to end, shape (Σ L); fractions are cut off.
        input_lengths: the steps of each row, shape (N); whole numbers, in two arrays or two lists or tuples.
        target_lengths: the labels of each row, L, likewise.
        blank: the class of no label.
        zero_infinity: whether an infinite loss counts 0, and has the gradient 0.
    Returns:
        Shape (N) for ``"none"``, 0-d without N, else 0-d. Dtype of ``log_probs``; float32 is computed in float64.
    Raises:
        TypeError: an argument is of a type that is not named here. NotImplementedError: neither float32 nor float64.
        RuntimeError: ``log_probs`` is empty, or a shape, length or ``blank`` does not fit (lengths: where seen).
    References:
        Graves et al., Connectionist temporal classification, ICML 2006, eq. 6 to 8, and 16 for the gradient.

    >>> half = torch.log(torch.full((3, 1, 2), 0.5))
    >>> ctc_loss(half, torch.tensor([[1]]), (3,), (1,))  # 6 of the 8 paths
    tensor(0.2877)
    """
    reduction = checked(reduction)
    _checks.whole("ctc_loss", "blank", blank)
    _checks.boolean("ctc_loss", "zero_infinity", zero_infinity)
    longest = aligned("ctc_loss", log_probs, targets, input_lengths, target_lengths, blank)
    xp = namespace(log_probs)
    is_batched = len(log_probs.shape) == 3
    rows = log_probs if is_batched else xp.expand_dims(log_probs, axis=1)
    steps, count = lengths_beside(input_lengths, rows), lengths_beside(target_lengths, rows)
    label = padded(labels_beside(targets, rows), count, longest)
    # Each step rounds once more: torch's float32 is walked in float64.
    loss = _ctc(rows.double() if is_single(rows) else rows, label, steps, count, int(blank), zero_infinity)
    if reduction == "mean":
        loss = loss / xp.astype(xp.maximum(count, xp.ones_like(count)), loss.dtype)
    loss = reduced(loss if is_batched or reduction != "none" else xp.squeeze(loss, axis=0), reduction)
    return loss.float() if is_single(rows) else loss


def _formula(log_probs: Array, label: Labels, steps: Labels, count: Labels, blank: int, zero_infinity: bool) -> Array:
    states, skips, ends = _states(label, count, blank)
    loss = _loss(_prefixes(_emitted(log_probs, states, blank), skips, steps)[-1], ends)
    return _finite(loss, loss) if zero_infinity else loss


def _states(label: Labels, count: Labels, blank: int) -> tuple[Labels, Array, Array]:
    """The class of each state, shape (N, 2S + 2); where a blank may be skipped; and the last two states of each row.
    What stands behind those leads nowhere."""
    xp = namespace(label)
    end = 2 * xp.expand_dims(count, axis=1)
    label = xp.concat((label, end), axis=1)
    place = counting(label, 2 * label.shape[1])
    states = xp.reshape(xp.stack((xp.full_like(label, blank), label), axis=2), (label.shape[0], place.shape[0]))
    states = xp.where(place < end, states, xp.full_like(states, blank))
    return states, (place > 1) & (states != xp.roll(states, 2, axis=1)), (place >= end - 1) & (place <= end)


def _emitted(log_probs: Array, states: Labels, blank: int) -> list[Array]:
    """What each state says, shape (N, 2S + 2), at each step."""
    xp = namespace(log_probs)
    is_class = (states >= 0) & (states < log_probs.shape[2])
    index = xp.expand_dims(xp.where(is_class, states, xp.full_like(states, blank)), axis=0)
    said = xp.take_along_axis(log_probs, index, axis=2)
    return list(xp.where(is_class, said, filled(said, xp.nan)))


def _prefixes(emitted: list[Array], skips: Array, steps: Labels) -> list[Array]:
    """log α of each step, which stands still past the row's own steps."""
    xp = namespace(*emitted)
    place = counting(steps, skips.shape[1])
    never = filled(emitted[0], -xp.inf)
    row, rows = xp.where(place == 0, filled(never, 0), never), []
    for t, said in enumerate(emitted):
        before = xp.where(place > 0, xp.roll(row, 1, axis=1), never)
        skipped = xp.where(skips, xp.roll(row, 2, axis=1), never)
        reached = _log_sum(xp.stack((row, before, skipped), axis=0), 0) + said
        if t == 0:
            reached = xp.where(place < 2, said, never)
        row = xp.where(t < xp.expand_dims(steps, axis=1), reached, row)
        rows.append(row)
    return rows


def _loss(last: Array, ends: Array) -> Array:
    xp = namespace(last)
    return -_log_sum(xp.where(ends, last, filled(last, -xp.inf)), 1)


def _log_sum(terms: Array, axis: int) -> Array:
    xp = namespace(terms)
    highest = xp.max(terms, axis=axis, keepdims=True)
    # A sum of nothing is -inf by its highest alone: -inf - -inf is NaN.
    is_some = highest > -xp.inf
    total = xp.sum(xp.exp(terms - xp.where(is_some, highest, filled(highest, 0))), axis=axis, keepdims=True)
    return xp.squeeze(xp.log(xp.where(is_some, total, filled(total, 1))) + highest, axis=axis)


def _finite(loss: Array, result: Array) -> Array:
    """``result``, but 0 where the loss is infinite."""
    xp = namespace(result)
    return xp.where(loss >= xp.inf, xp.zeros_like(result), result)


def _slope(log_probs: Array, label: Labels, steps: Labels, count: Labels, blank: int, zero_infinity: bool) -> Array:
    xp = namespace(log_probs)
    states, skips, ends = _states(label, count, blank)
    emitted = _emitted(log_probs, states, blank)
    prefixes = _prefixes(emitted, skips, steps)
    loss, last = xp.expand_dims(_loss(prefixes[-1], ends), axis=1), xp.expand_dims(steps, axis=1) - 1
    is_class = xp.expand_dims(states, axis=2) == counting(states, log_probs.shape[2])
    place = counting(states, states.shape[1])
    row = never = xp.full_like(emitted[0], -xp.inf)
    slopes = []
    for t, logarithm in reversed(list(enumerate(log_probs))):
        # log β: of all ways from here to the end, this step's class included as in α, so that γ has it once too often.
        behind = xp.where(place < states.shape[1] - 1, xp.roll(row, -1, axis=1), never)
        skipped = xp.roll(xp.where(skips, row, never), -2, axis=1)
        onward = _log_sum(xp.stack((row, behind, skipped), axis=0), 0) + emitted[t]
        row = xp.where(t == last, xp.where(ends, emitted[t], never), onward)
        # A NaN that has come to a state which is no end has not come to the end.
        through = xp.where(ends | (t != last), prefixes[t] + row, never)
        through = xp.where(is_class, xp.expand_dims(through, axis=2), -xp.inf)
        slope = xp.exp(logarithm) - xp.exp(_log_sum(through, 1) + loss - logarithm)
        slopes.append(xp.where(t <= last, slope, xp.zeros_like(slope)))
    slope = xp.stack(slopes[::-1], axis=0)
    return _finite(loss, slope) if zero_infinity else slope


def _pull(cotangent: Array, log_probs: Array, *rest: object) -> Array:
    xp = namespace(log_probs)
    return xp.reshape(cotangent, (1, -1, 1)) * _slope(log_probs, *rest)


def _push(tangent: Array, log_probs: Array, *rest: object) -> Array:
    return namespace(log_probs).sum(tangent * _slope(log_probs, *rest), axis=(0, 2))


_ctc = differentiated_once(_formula, _pull, _push)
