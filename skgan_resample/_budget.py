"""What an attacker may do to ordinal-encoded rows, in NumPy and float64.

`NumpyBudget` follows the rules of `_nn.attacks.Budget`, which works on the encoded rows of a network in float32; a test
compares the two on random tables. A row holds numbers in the units of their columns and positions of categories.
"""

from dataclasses import dataclass

import numpy as np

# A budget that is short of a whole step by no more than this share of it allows the step: float32 loses about as much
# where steps are small beside the numbers. One constant for both budgets, so that they agree; its size is a guess.
STEP_TOLERANCE = 1e-4

ONE_HOT_TOLERANCE = 1e-3  # how far a cell of a one-hot block may be from 0 or 1; a guess

ROUNDS = 4  # in which the columns of a ball that are stopped by their bounds are found


@dataclass(frozen=True)
class OneHotBlock:
    """Categories of which a row has exactly one: those of a nominal column, or columns that are one-hot already."""

    columns: np.ndarray
    n_categories: int

    def category(self, codes):
        """Return which category each row has, and whether it has exactly one; a missing or unknown one is none."""
        values = codes[:, self.columns]  # (n_samples, 1) or (n_samples, n_categories)
        if len(self.columns) == 1:
            is_known = ~np.isnan(values[:, 0])
            return np.where(is_known, values[:, 0], 0).astype(int), is_known
        is_on, is_off = (np.abs(values - target) < ONE_HOT_TOLERANCE for target in (1, 0))
        return is_on.argmax(axis=1), (is_on.sum(axis=1) == 1) & (is_on | is_off).all(axis=1)

    def switch(self, codes, chosen):
        """Set the `chosen` categories in place; rows with -1, or without exactly one category, keep what they have."""
        rows = np.flatnonzero((chosen >= 0) & self.category(codes)[1])
        if len(self.columns) == 1:
            codes[rows, self.columns[0]] = chosen[rows]
        else:
            codes[np.ix_(rows, self.columns)] = 0.0
            codes[rows, self.columns[chosen[rows]]] = 1.0


@dataclass(frozen=True)
class NumpyBudget:
    """How far ordinal-encoded rows may be moved and what may be switched: a fitted `ThreatModel` as arrays."""

    left: np.ndarray  # (n_features,), how far down each column may go
    right: np.ndarray  # (n_features,), how far up
    low: np.ndarray  # (n_features,), bounds
    high: np.ndarray
    in_steps: np.ndarray  # (n_features,), whether moves are whole numbers
    norm: str
    blocks: tuple  # of OneHotBlock
    max_switches: int

    @classmethod
    def of(cls, threat, encoder):
        """Return the budget of a fitted ThreatModel for the codes of a TableEncoder, which may have seen other rows."""
        nominal = np.flatnonzero(threat.switchable_ & encoder.nominal_)
        blocks = [OneHotBlock(np.array([j]), encoder.columns_[j].n_categories) for j in nominal]
        blocks += [OneHotBlock(group, len(group)) for group in threat.groups_]
        sides = threat.left_, threat.right_, threat.low_, threat.high_
        return cls(*sides, threat.integer_, threat.norm, tuple(blocks), threat.max_categorical_changes)

    @property
    def movable(self):
        """Which columns can be moved, bool of shape (n_features,)."""
        return (self.left > 0) | (self.right > 0)

    @property
    def switches(self):
        """Whether any block may be switched."""
        return self.max_switches > 0 and len(self.blocks) > 0

    @property
    def is_empty(self):
        """Whether nothing can be moved or switched."""
        return not self.switches and not self.movable.any()

    def place(self, codes, move, *, factor=1.0, whole=False):
        """Return the allowed rows nearest to ``codes + move``; cells that are not moved stay bit-identical."""
        # factor: a number or (n_samples, 1), times the budget. `whole` marks columns that cannot hold fractions: whole
        # numbers in them are moved by whole steps, towards where they were.
        low, high = np.fmin(self.low, codes), np.fmax(self.high, codes)  # a row outside goes no further out
        steps = self.in_steps | (whole & (codes == np.round(codes)))  # (n_samples, n_features)
        move = np.where(np.isnan(codes), 0.0, move)
        down, up = self.left * factor, self.right * factor
        if self.norm == "linf":
            down, up = whole_steps(down, self.in_steps), whole_steps(up, self.in_steps)
        limits = np.fmin(down, codes - low), np.fmin(up, high - codes)
        if self.norm == "linf":
            down, up = (whole_steps(limit, steps) for limit in limits)
            move = np.clip(np.where(steps, _towards_zero(move), move), -down, up)
        else:
            reach = np.where(move > 0, up, down)  # (n_samples, n_features), the axes of the ball
            move = _in_ball(move, reach, limits)
            if steps.any():
                move = self._in_ball_by_steps(move, reach, limits, steps)
        # A bound that is a rounding short of a whole step: one step less, no fraction.
        beyond = steps & ((codes + move < low) | (codes + move > high))
        move = np.where(beyond, move - np.sign(move), move)
        return np.where(move == 0, codes, np.clip(codes + move, low, high))

    def _in_ball_by_steps(self, move, reach, limits, steps):
        """Return moves in a ball, those of the cells `steps` in whole numbers."""
        # A ball spread over many columns leaves less than a step to each: each goes to its nearest step, one at
        # least, the largest first, for as long as the ball lasts; the other columns share what is left of it.
        reach = np.where(reach > 0, reach, 1.0)
        most = whole_steps(np.where(move > 0, limits[1], limits[0]), steps)
        wanted = np.where(self.in_steps, np.maximum(np.round(np.abs(move)), 1.0), np.abs(_towards_zero(move)))
        wanted = np.minimum(wanted, most) * (steps & (move != 0))
        order = np.argsort(-np.abs(move / reach) * steps, axis=1, kind="stable")
        spent = np.cumsum(np.take_along_axis((wanted / reach) ** 2, order, axis=1), axis=1)
        fits = np.zeros(move.shape, dtype=bool)
        np.put_along_axis(fits, order, spent <= 1 + 1e-9, axis=1)  # 0.6 ** 2 + 0.8 ** 2 is not 1 to the last digit
        whole = wanted * fits * np.sign(move)
        left_over = np.sqrt(np.maximum(1 - _length(whole / reach) ** 2, 0.0))
        shrink = np.minimum(left_over / np.maximum(_length(move / reach * ~steps), 1e-300), 1.0)
        return np.where(steps, whole, move * shrink)

    def land(self, encoder, codes, x, x_adv, *, whole=False, factor=1.0):
        """Return the codes of attacked encoded rows, pulled back to what is allowed, without a network's rounding."""
        # x, x_adv (n_samples, width): encoded rows before and after the attack
        is_encoded = [column.kind != "constant" for column in encoder.columns_]
        numeric = np.flatnonzero(self.movable & is_encoded)
        at = [encoder.columns_[j].encoded.start for j in numeric]
        move = np.zeros(codes.shape)
        move[:, numeric] = (x_adv[:, at].astype(float) - x[:, at]) * encoder.scaling[1][numeric]
        move = np.where(self.in_steps, np.round(move), move)  # whole steps but for the rounding of float32
        landed = self.place(codes, move, factor=factor, whole=whole)
        for block in self.blocks:
            start = [encoder.columns_[j].encoded.start for j in block.columns if is_encoded[j]]
            seen = np.flatnonzero([is_encoded[j] for j in block.columns])
            if len(block.columns) == 1:
                seen = np.arange(block.n_categories)
                start = start[0] + seen
            if len(seen) > 1:
                rise = x_adv[:, start] - x[:, start]  # (n_samples, n_categories), above 0 where one was switched on
                block.switch(landed, np.where((rise > 0).any(axis=1), seen[rise.argmax(axis=1)], -1))
        return landed


def whole_steps(reach, in_steps):
    """Return `reach` with whole numbers in the columns or cells that move in steps."""
    return np.where(in_steps, np.floor(reach + STEP_TOLERANCE), reach)


def _towards_zero(move):
    return np.trunc(move + STEP_TOLERANCE * np.sign(move))


def _in_ball(move, reach, limits):
    """Return moves pulled back into the ball with the axes `reach`, to the nearest point within `limits`."""
    # That point is the move shortened, then clipped. A column stopped by its bound leaves the others more of the ball,
    # so each round shortens them less, and never leaves the ball.
    move = move * (reach > 0)  # a column without a budget takes no part of the ball
    shares = move / np.where(reach > 0, reach, 1.0)
    shorter = move * np.minimum(1 / np.maximum(_length(shares), 1e-300), 1.0)
    for _ in range(ROUNDS):
        clipped = np.clip(shorter, -limits[0], limits[1])
        stopped = clipped != shorter
        if not stopped.any():
            break
        taken = clipped / np.where(reach > 0, reach, 1.0) * stopped
        left_over = np.sqrt(np.maximum(1 - _length(taken) ** 2, 0.0))
        longer = move * np.minimum(left_over / np.maximum(_length(shares * ~stopped), 1e-300), 1.0)
        shorter = np.where(left_over > 0, longer, shorter)
    return np.clip(shorter, -limits[0], limits[1])


def _length(shares):
    """Return the length of each row, shape (n_samples, 1)."""
    return np.linalg.norm(shares, axis=1, keepdims=True)
