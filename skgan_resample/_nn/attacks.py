"""Attacks on the rows of a table: what an attacker may do (`Budget`), and the search for the worst of it.

All of it happens in the encoded space of a network: scaled numbers and one-hot blocks. A move of the numbers is held in
*budget units* `u`: +1 is as far up as a column may go, -1 as far down, so that "linf" is the unit cube and "l2" the
unit ball whatever the columns are. `Budget.place` turns `u` into a row, and every row it returns is allowed.
"""

import random
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import torch
from torch import nn

from skgan_resample._budget import ONE_HOT_TOLERANCE, ROUNDS, STEP_TOLERANCE

CHUNK = 8192  # rows attacked at once, which bounds the memory
TINY = 1e-30  # what a divisor is at least; only where the result is not used


@dataclass(frozen=True)
class OneHotBlock:
    """Categories of one nominal column, or columns that an earlier step made one-hot."""

    columns: torch.Tensor  # (n_categories,), where they stand in the encoded matrix
    on: torch.Tensor  # (n_categories,), the encoded value of "this category"
    off: torch.Tensor  # (n_categories,), of "not this category"

    def category(self, x):
        """Return which category each row has, and whether it has exactly one; a missing or unknown one is none."""
        share = (x[:, self.columns] - self.off) / (self.on - self.off)  # (n, n_categories), 1 for on and 0 for off
        is_on, is_off = (share - 1).abs() < ONE_HOT_TOLERANCE, share.abs() < ONE_HOT_TOLERANCE
        return is_on.float().argmax(dim=1), (is_on.sum(dim=1) == 1) & (is_on | is_off).all(dim=1)

    def rows(self, chosen):
        """Return the cells of the block with the chosen categories on, (n, n_categories)."""
        cells = self.off.repeat(len(chosen), 1)
        return cells.scatter(1, chosen[:, None], self.on[chosen][:, None])


@dataclass(frozen=True)
class Budget:
    """How far each column of encoded rows may be moved; the rules are those of `skgan_resample._budget.NumpyBudget`."""

    left: torch.Tensor  # (width,), how far down, >= 0; 0 where nothing may move, blocks and indicators included
    right: torch.Tensor  # (width,), how far up
    low: torch.Tensor  # (width,), bounds, infinite where there are none; a row outside goes no further out
    high: torch.Tensor
    grid: torch.Tensor  # (width,), moves are multiples of this; 0 for a continuous column
    indicator: torch.Tensor  # (width,), the column that marks missing cells of this one, -1 for none; they do not move
    norm: str = "linf"  # or "l2": the squared shares of all columns add up to 1 at most
    blocks: tuple = ()  # of OneHotBlock: what may be switched
    max_switches: int = 0  # how many blocks may be switched in a row

    @classmethod
    def encoded(cls, budget, encoder):
        """Return a NumpyBudget in the encoded space of a TableEncoder."""
        center, spread = encoder.scaling
        arrays = {name: np.zeros(encoder.width_) for name in ("left", "right", "grid")}
        low, high = np.full(encoder.width_, -np.inf), np.full(encoder.width_, np.inf)
        indicator = np.full(encoder.width_, -1)
        for j, column in enumerate(encoder.columns_):
            if column.is_nominal or column.kind == "constant":
                continue
            at = column.encoded.start
            arrays["left"][at], arrays["right"][at] = budget.left[j] / spread[j], budget.right[j] / spread[j]
            low[at], high[at] = (budget.low[j] - center[j]) / spread[j], (budget.high[j] - center[j]) / spread[j]
            arrays["grid"][at] = 1 / spread[j] if budget.in_steps[j] else 0.0
            if column.has_missing:
                indicator[at] = column.encoded.stop - 1
        return cls(
            **{name: _float32(array) for name, array in {**arrays, "low": low, "high": high}.items()},
            indicator=torch.as_tensor(indicator),
            norm=budget.norm,
            blocks=tuple(_encoded_blocks(budget, encoder)),
            max_switches=budget.max_switches,
        )

    def to(self, device):
        """Return the budget on a device."""
        moved = {name: getattr(self, name).to(device) for name in ("left", "right", "low", "high", "grid", "indicator")}
        blocks = (OneHotBlock(b.columns.to(device), b.on.to(device), b.off.to(device)) for b in self.blocks)
        return replace(self, blocks=tuple(blocks), **moved)

    # Most budgets are even and without bounds, grids and missing cells; training asks at each of its many steps.
    @cached_property
    def is_even(self):
        """Whether every column goes as far down as up."""
        return bool((self.left == self.right).all())

    @cached_property
    def is_bounded(self):
        """Whether any column has bounds."""
        return bool((torch.isfinite(self.low) | torch.isfinite(self.high)).any())

    @cached_property
    def has_grid(self):
        """Whether any column moves in whole steps."""
        return bool((self.grid > 0).any())

    @cached_property
    def has_missing(self):
        """Whether cells of any column can be missing."""
        return bool((self.indicator >= 0).any())

    @cached_property
    def is_empty(self):
        """Whether nothing can be done at all."""
        return not self.switches and not bool((self.left > 0).any() or (self.right > 0).any())

    @property
    def switches(self):
        """Whether any block may be switched."""
        return self.max_switches > 0 and len(self.blocks) > 0

    def reach(self, x, factor=1.0):
        """Return how far down and up the rows `x` may go with `factor` times the budget, (1 or n, width) each."""
        # factor: a number or (n, 1). For "linf" a column with a grid reaches whole multiples of it only.
        reaches = []
        for side in (self.left, self.right):
            reach = side * factor
            if self.has_grid and self.norm == "linf":
                whole = torch.floor(reach / self.grid.clamp(min=TINY) + STEP_TOLERANCE) * self.grid
                reach = torch.where(self.grid > 0, whole, reach)
            if self.has_missing:
                missing = (x[:, self.indicator.clamp(min=0)] > 0.5) & (self.indicator >= 0)
                reach = torch.where(missing, 0.0, reach)
            reaches.append(reach.reshape(-1, reach.shape[-1]))
        return reaches

    def to_bounds(self, x):
        """Return how far down (<= 0) and up (>= 0) the bounds let the rows `x` go."""
        return (self.low - x).clamp(max=0), (self.high - x).clamp(min=0)

    def place(self, x, u, reach, base=None):
        """Return the rows `x` moved by `u`, allowed ones, and the `u` that they stand for before the grid."""
        # x, u (n, width), reach as `reach` returns it, base (n, width): x with switched blocks
        left, right = reach
        move = (right if self.is_even else torch.where(u > 0, right, left)) * u
        if self.is_bounded:
            # Not of x + move: the float nearest to that may be a whole step away from where a grid lets a column go.
            move = torch.clamp(move, *self.to_bounds(x))
        # Where nothing can move, u is 0: it must not take part of a ball, nor have a way to come back from.
        if self.is_bounded or self.norm == "l2" or not self.is_even:
            u = move / torch.where(move > 0, right, left).clamp(min=TINY)
        if self.has_grid:
            move = self._on_grid(x, move, u, reach)
        return (x if base is None else base) + move, u

    def _on_grid(self, x, move, u, reach):
        """Return moves in whole steps where there is a grid, still within the budget."""
        gridded = self.grid > 0
        grid = self.grid.clamp(min=TINY)
        steps = move / grid
        # Rounding to the nearest could leave the cube, or a bound between two multiples.
        whole = torch.trunc(steps + STEP_TOLERANCE * torch.sign(steps))
        if self.norm == "linf":
            return torch.where(gridded, whole * self.grid, move)
        # A ball spread over many columns leaves less than a step to each. So each goes to its nearest step, one at
        # least, the largest first, for as long as the ball lasts; columns without a grid share what is left of it.
        down, up = self.to_bounds(x)
        most = torch.where(u > 0, torch.minimum(reach[1], up), torch.minimum(reach[0], -down))
        most = torch.floor(most / grid + STEP_TOLERANCE)
        wanted = torch.minimum(steps.abs().round().clamp(min=1), most).clamp(min=0) * (gridded & (u != 0))
        cost = (wanted * grid / torch.where(u > 0, *reach[::-1]).clamp(min=TINY)).square() * gridded
        order = (u.abs() * gridded).argsort(dim=1, descending=True)
        spent = cost.gather(1, order).cumsum(dim=1)
        # The sum of a row that fills the ball is off by the rounding of float32.
        fits = torch.zeros_like(cost).scatter(1, order, (spent <= 1 + 1e-5).to(cost.dtype))
        left_over = (1 - (cost * fits).sum(dim=1, keepdim=True)).clamp(min=0).sqrt()
        free = (u * ~gridded).norm(dim=1, keepdim=True).clamp(min=TINY)
        return torch.where(gridded, wanted * fits * grid * u.sign(), move * (left_over / free).clamp(max=1))

    def limits(self, x, reach):
        """Return the bounds on the moves of the rows `x` in budget units, -1 to 0 and 0 to 1; None without bounds."""
        if not self.is_bounded:
            return None
        (left, right), (down, up) = reach, self.to_bounds(x)
        return (down / left.clamp(min=TINY)).clamp(min=-1), (up / right.clamp(min=TINY)).clamp(max=1)

    def project(self, u, limits=None):
        """Return `u` pulled back into the unit cube or ball, for "l2" to the nearest point within `limits`.

        That point is `u` shortened, then clipped. A column stopped by its bound leaves the others more of the ball, so
        each round shortens them less.
        """
        if self.norm == "linf":
            return u.clamp(-1, 1)
        shorter = u / u.norm(dim=1, keepdim=True).clamp(min=1)
        if limits is None:
            return shorter
        for _ in range(ROUNDS):
            clipped = shorter.clamp(*limits)
            stopped = clipped != shorter
            left_over = (1 - (clipped * stopped).square().sum(dim=1, keepdim=True)).clamp(min=0).sqrt()
            free = (u * ~stopped).norm(dim=1, keepdim=True).clamp(min=TINY)
            shorter = torch.where(left_over > 0, u * (left_over / free).clamp(max=1), shorter)
        return shorter.clamp(*limits)

    def direction(self, gradient, u, reach):
        """Return the steepest ascent in budget units, of length 1 in the norm; of no use where nothing can move."""
        if self.norm == "linf":
            return gradient.sign()
        left, right = reach
        gradient = gradient * torch.where((u > 0) | ((u == 0) & (gradient > 0)), right, left)
        return gradient / gradient.norm(dim=1, keepdim=True).clamp(min=TINY)

    def random_start(self, x):
        """Return moves drawn from the whole cube or ball."""
        u = torch.rand_like(x) * 2 - 1
        if self.norm == "linf":
            return u
        moving = ((self.left > 0) | (self.right > 0)).float()
        u = torch.randn_like(x) * moving
        # The share of a ball of d dimensions within radius r is r ** d.
        length = torch.rand(len(x), 1, device=x.device) ** (1 / moving.sum().clamp(min=1))
        return length * u / u.norm(dim=1, keepdim=True).clamp(min=TINY)

    def switched(self, x, gradient, factor=1.0):
        """Return `x` with the categories that raise the loss most to first order; not in rows whose `factor` is 0."""
        if not self.switches:
            return x
        gains, categories = [], []
        for block in self.blocks:
            slope = gradient[:, block.columns] * (block.on - block.off)  # (n, n_categories)
            now, has_one = block.category(x)
            best, chosen = slope.max(dim=1)
            gains.append(torch.where(has_one, best - slope.gather(1, now[:, None])[:, 0], 0.0))
            categories.append(chosen)
        gains = torch.stack(gains, dim=1)  # (n, n_blocks)
        rank = gains.argsort(dim=1, descending=True, stable=True).argsort(dim=1)
        wanted = (rank < self.max_switches) & (gains > 0) & (torch.as_tensor(factor, device=x.device) > 0)
        return self.with_categories(x, wanted, categories)

    def with_categories(self, x, wanted, categories):
        """Return `x` with block b of row i at ``categories[b][i]`` where ``wanted[i, b]``."""
        x = x.clone()
        for b, block in enumerate(self.blocks):
            x[:, block.columns] = torch.where(wanted[:, b : b + 1], block.rows(categories[b]), x[:, block.columns])
        return x


def _encoded_blocks(budget, encoder):
    """Yield the blocks of a NumpyBudget as those of the encoded matrix; constant columns do not stand there."""
    center, spread = encoder.scaling
    for block in budget.blocks:
        columns = np.array([j for j in block.columns if encoder.columns_[j].kind != "constant"], dtype=int)
        if len(block.columns) == 1:
            at = encoder.columns_[columns[0]].encoded.start + np.arange(block.n_categories)
            on, off = np.ones(len(at)), np.zeros(len(at))
        else:
            at = np.array([encoder.columns_[j].encoded.start for j in columns])
            on, off = (1 - center[columns]) / spread[columns], -center[columns] / spread[columns]
        if len(at) > 1:
            yield OneHotBlock(torch.as_tensor(at), _float32(on), _float32(off))


def _float32(array):
    return torch.as_tensor(array, dtype=torch.float32)


# What an attack raises ------------------------------------------------------------------------------------------------
#
# Each takes the outputs of a network, (n, n_classes) or (n, 1), and the targets of the rows, and returns (n,).


def cross_entropy(outputs, y):
    """Minus the log-probability of the true class."""
    return nn.functional.cross_entropy(outputs, y, reduction="none")


def margin(outputs, y):
    """By how much the best wrong class beats the true one: above 0 the row is misclassified."""
    true = outputs.gather(1, y[:, None])
    others = outputs.scatter(1, y[:, None], -torch.inf)
    return others.max(dim=1).values - true[:, 0]


def targeted_margin(outputs, y):
    """By how much one wrong class beats the true one; `y` is of shape (n, 2), the true class and the wrong one."""
    true, wrong = outputs.gather(1, y).unbind(dim=1)
    return wrong - true


def squared_error(outputs, y):
    """Squared error of a regression."""
    return (outputs[:, 0] - y) ** 2


def upward(outputs, y):
    """The prediction itself."""
    return outputs[:, 0]


def downward(outputs, y):
    """Minus the prediction."""
    return -outputs[:, 0]


def mixed(outputs, y):
    """Cross-entropy or margin, drawn at random for each step of an attack.

    Where logits are large, the gradient of cross-entropy underflows in float32 (gradient masking); where the best wrong
    class depends on the row as the true one does, that of the margin vanishes. Few rows have both.
    """
    return random.choice((cross_entropy, margin))(outputs, y)


# Their gradients with respect to the outputs --------------------------------------------------------------------------


def _cross_entropy_slope(outputs, y):
    slope = outputs.softmax(dim=1)
    return slope.scatter_add(1, y[:, None], -torch.ones_like(slope[:, :1]))


def _margin_slope(outputs, y):
    best = outputs.scatter(1, y[:, None], -torch.inf).argmax(dim=1)
    return _targeted_slope(outputs, torch.stack([y, best], dim=1))


def _targeted_slope(outputs, y):
    signs = torch.tensor([[-1.0, 1.0]], dtype=outputs.dtype, device=outputs.device).expand(len(y), 2)
    return torch.zeros_like(outputs).scatter(1, y, signs)


SLOPES = {
    cross_entropy: _cross_entropy_slope,
    margin: _margin_slope,
    targeted_margin: _targeted_slope,
    squared_error: lambda outputs, y: 2 * (outputs - y[:, None]),
    upward: lambda outputs, y: torch.ones_like(outputs),
    downward: lambda outputs, y: -torch.ones_like(outputs),
}


# Searches -------------------------------------------------------------------------------------------------------------


def gradient_of(network, x, loss, y):
    """Return the outputs of a network at `x`, and the gradient of the loss there, by autograd where it is not known."""
    # x (n, width) -> (n, n_outputs), (n, width)
    if loss is mixed:
        loss = random.choice((cross_entropy, margin))
    if loss in SLOPES and hasattr(network, "input_gradient"):
        return network.input_gradient(x, lambda outputs: SLOPES[loss](outputs, y))
    x = x.detach().requires_grad_(True)
    with torch.enable_grad():
        outputs = network(x)
        total = loss(outputs, y).sum()
    (gradient,) = torch.autograd.grad(total, x)
    return outputs.detach(), gradient


def pgd(network, x, y, budget, loss, *, n_steps, factor=1.0, start="random"):
    """Return rows moved by projected gradient ascent (PGD): the last point of the search.

    It is the cheap attack inside adversarial training. Steps shrink from 2 budgets to nothing: a fixed small step would
    leave many rows short of the edge, which looks like robustness. `start` is "random" or "centre".
    """
    reach = budget.reach(x, factor)
    u = budget.random_start(x) if start == "random" else torch.zeros_like(x)
    limits = budget.limits(x, reach)
    moved, u = budget.place(x, u, reach)
    for i in range(n_steps):
        _, gradient = gradient_of(network, moved, loss, y)
        base = budget.switched(x, gradient, factor)
        step = 2 * (1 - i / n_steps)
        moved, u = budget.place(x, budget.project(u + step * budget.direction(gradient, u, reach), limits), reach, base)
    return moved


def adaptive_pgd(network, x, y, budget, loss, *, n_steps, factor=1.0, start=None):
    """Return the worst rows of a search by sign steps with momentum, and their losses.

    Auto-PGD of Croce and Hein (arXiv:2003.01690): at checkpoints that come ever closer, a row whose loss rose in fewer
    than three quarters of the steps, or that made no progress since its last halving, goes back to its best point and
    halves its step. `start`, (n, width), holds the first moves in budget units.
    """
    reach = budget.reach(x, factor)
    limits = budget.limits(x, reach)
    n = len(x)
    u = torch.zeros_like(x) if start is None else start
    moved, u = budget.place(x, u, reach)
    outputs, gradient = gradient_of(network, moved, loss, y)
    values = loss(outputs, y)
    best, best_u, best_values, best_gradient = moved, u, values, gradient
    previous_u, previous_values = u, values
    step = torch.full((n, 1), 2.0, device=x.device)
    rises = torch.zeros(n, device=x.device)
    halved = torch.ones(n, dtype=torch.bool, device=x.device)
    values_then = best_values
    window = max(int(0.22 * n_steps), 1)  # this and the other shares below are those of the paper
    checkpoint = window
    for i in range(1, n_steps + 1):
        ahead = budget.project(u + step * budget.direction(gradient, u, reach), limits)
        if i > 1:
            ahead = budget.project(u + 0.75 * (ahead - u) + 0.25 * (u - previous_u), limits)
        base = budget.switched(x, gradient, factor)
        previous_u = u
        moved, u = budget.place(x, ahead, reach, base)
        outputs, gradient = gradient_of(network, moved, loss, y)
        values = loss(outputs, y)
        better = values > best_values
        best = torch.where(better[:, None], moved, best)
        best_u = torch.where(better[:, None], u, best_u)
        best_gradient = torch.where(better[:, None], gradient, best_gradient)
        best_values = torch.where(better, values, best_values)
        rises += values > previous_values
        previous_values = values
        if i == checkpoint:
            stalled = ~halved & (best_values <= values_then)
            halved = (rises < 0.75 * window) | stalled
            values_then = best_values
            step = torch.where(halved[:, None], step / 2, step)
            u = torch.where(halved[:, None], best_u, u)
            previous_u = torch.where(halved[:, None], best_u, previous_u)
            gradient = torch.where(halved[:, None], best_gradient, gradient)
            previous_values = torch.where(halved, best_values, previous_values)
            rises = torch.zeros_like(rises)
            window = max(window - max(int(0.03 * n_steps), 1), max(int(0.06 * n_steps), 1))
            checkpoint += window
    return best, best_values


N_TARGETS = 4  # wrong classes that are aimed at one by one; a guess


def strongest(network, x, y, budget, *, is_classifier, n_steps, factor=None, n_rounds=4):
    """Return the worst rows that several searches find, at least as bad as `x` itself, and their margin or error.

    For classes: the margin from the rows themselves; then, in each round for the rows that still withstand,
    cross-entropy, margin, and the margins of the nearest wrong classes one by one, from random starts; then single
    switches and single whole steps. For a number: the largest prediction, the smallest, and the squared error from a
    random start. With ``n_rounds=0``: only the margin, or the squared error, from the rows themselves.
    """
    factor = torch.ones(len(x), 1, device=x.device) if factor is None else factor
    parts = [
        _strongest(network, *part, budget, is_classifier, n_steps, n_rounds)
        for part in zip(x.split(CHUNK), y.split(CHUNK), factor.split(CHUNK))
    ]
    return torch.cat([worst for worst, _ in parts]), torch.cat([badness for _, badness in parts])


def _strongest(network, x, y, factor, budget, is_classifier, n_steps, n_rounds):
    measure = margin if is_classifier else squared_error
    with torch.no_grad():
        outputs = network(x)
    worst, badness = x.clone(), measure(outputs, y)

    def standing():
        movable = factor[:, 0] > 0
        return torch.nonzero((badness <= 0) & movable if is_classifier else movable)[:, 0]

    def keep(rows, found):
        with torch.no_grad():
            values = measure(network(found), y[rows])
        better = values > badness[rows]
        worst[rows[better]] = found[better]
        badness[rows[better]] = values[better]

    def attack(loss, start="random", target=None):
        """Search for the rows still standing; `target` holds a wrong class for each row."""
        rows = standing()
        if not len(rows):
            return
        part, truth = x[rows], y[rows]
        if target is not None:
            truth = torch.stack([truth, target[rows]], dim=1)
        u = budget.random_start(part) if start == "random" else None
        keep(rows, adaptive_pgd(network, part, truth, budget, loss, n_steps=n_steps, factor=factor[rows], start=u)[0])

    if not is_classifier:
        for loss in (upward, downward) if n_rounds else (squared_error,):
            attack(loss, "centre")
        if n_rounds:
            attack(squared_error)
        return worst, badness

    attack(margin, "centre")
    if not n_rounds:
        return worst, badness
    # (n, n_classes), the wrong classes from the nearest to the farthest, the true class last
    nearest = outputs.scatter(1, y[:, None], -torch.inf).argsort(dim=1, descending=True)
    n_targets = min(outputs.shape[1] - 1, N_TARGETS) if outputs.shape[1] > 2 else 0
    for _ in range(n_rounds):
        attack(cross_entropy)
        attack(margin)
        for rank in range(n_targets):
            attack(targeted_margin, target=nearest[:, rank])
    rows = standing()
    if budget.switches and len(rows):
        keep(rows, _greedy_switches(network, x[rows], y[rows], budget, n_steps, factor[rows]))
    rows = standing()
    if budget.has_grid and len(rows):
        for start in (worst, x):
            keep(rows, _single_steps(network, x[rows], start[rows], y[rows], budget, factor[rows]))
    return worst, badness


N_COLUMNS = 16  # that are tried one by one, in whole steps; a guess


@torch.no_grad()
def _single_steps(network, x, moved, y, budget, factor):
    """Return attacked rows improved by trying single columns with a grid, the steepest gradient first."""
    # Each is tried a step up and down, at both ends and at its start.
    reach, (down, up) = budget.reach(x, factor), budget.to_bounds(x)
    left, right = torch.minimum(reach[0], -down).expand_as(x), torch.minimum(reach[1], up).expand_as(x)
    _, gradient = gradient_of(network, moved, margin, y)
    steepness = (gradient * torch.maximum(left, right)).abs().mean(dim=0) * (budget.grid > 0)  # (width,)
    value = margin(network(moved), y)
    for _ in range(2):
        for j in steepness.argsort(descending=True)[:N_COLUMNS].tolist():
            grid, now = budget.grid[j], moved[:, j] - x[:, j]
            if grid == 0:
                break
            low, high = (torch.floor(side[:, j] / grid + STEP_TOLERANCE) * grid for side in (left, right))
            for target in (now + grid, now - grid, high, -low, torch.zeros_like(now)):
                tried = moved.clone()
                tried[:, j] = x[:, j] + torch.maximum(torch.minimum(target, high), -low)
                found = margin(network(tried), y)
                better = found > value
                if budget.norm == "l2":
                    move = (tried - x) * ((budget.left > 0) | (budget.right > 0))
                    share = move / torch.where(move > 0, reach[1], reach[0]).clamp(min=TINY)
                    better &= share.square().sum(dim=1) <= 1 + 1e-5  # the rounding of float32
                moved = torch.where(better[:, None], tried, moved)
                value = torch.where(better, found, value)
                now = moved[:, j] - x[:, j]
    return moved


def _greedy_switches(network, x, y, budget, n_steps, factor):
    """Return rows whose blocks were switched one by one to the worst category, found by trying all of them."""
    # The numbers are searched afterwards, with these switches.
    base, free = x.clone(), torch.ones(len(x), len(budget.blocks), dtype=torch.bool, device=x.device)
    for _ in range(min(budget.max_switches, len(budget.blocks))):
        with torch.no_grad():
            value = margin(network(base), y)
        pick = torch.full((len(x),), -1, device=x.device)  # (n,), the block that is switched
        chosen = base
        for b, block in enumerate(budget.blocks):
            has_one = block.category(x)[1] & free[:, b]
            for category in range(len(block.columns)):
                tried = base.clone()
                cells = block.rows(torch.full((len(x),), category, device=x.device))
                tried[:, block.columns] = torch.where(has_one[:, None], cells, base[:, block.columns])
                with torch.no_grad():
                    now = margin(network(tried), y)
                better = now > value
                value = torch.where(better, now, value)
                chosen = torch.where(better[:, None], tried, chosen)
                pick = torch.where(better, b, pick)
        base = chosen
        done = pick >= 0
        free[done, pick[done]] = False
    only_numbers = replace(budget, max_switches=0)
    found, _ = adaptive_pgd(network, base, y, only_numbers, margin, n_steps=n_steps, factor=factor)
    return found
