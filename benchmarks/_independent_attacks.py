"""Independent attacks on a network of this library: pyautoattack and the Adversarial Robustness Toolbox (ART).

Both take one budget for all columns, and pyautoattack takes a box from 0 to 1 for every value. They therefore attack
the network behind an affine map of that box, in which every column has the same budget, far from the sides of the box.
"""

import contextlib
import io

import numpy as np
import torch

ROOM = 50.0  # budgets between the outermost value of the table and the edge of the box


class InBox(torch.nn.Module):
    """A network of columns in their own units as a function of values from 0 to 1.

    Inside in float64, since budgets are small beside the box; `eps` is the budget in the box.
    """

    def __init__(self, logits, X, eps):
        super().__init__()
        scale = np.where(eps > 0, eps, 1.0)  # a column without a budget is constant, and the network ignores it
        center = X.mean(axis=0)
        width = 2 * (np.abs((X - center) / scale).max() + ROOM)
        self.logits, self.eps = logits, 1.0 / width
        self.center, self.scale = torch.as_tensor(center), torch.as_tensor(scale * width)

    def forward(self, v):
        return self.logits(((v.double() - 0.5) * self.scale + self.center).float()).to(v.dtype)

    def to_box(self, X):
        return (X - self.center.numpy()) / self.scale.numpy() + 0.5

    def from_box(self, v):
        return (np.asarray(v, dtype=np.float64) - 0.5) * self.scale.numpy() + self.center.numpy()


def robust_rows(logits, X, y, eps, *, n_restarts=2, seed=0, only=None):
    """Return which rows no independent attack turns into another class, and the outcome of each attack.

    Parameters
    ----------
    logits : torch.nn.Module
        From columns in their own units, float32 of shape (n, n_features), to (n, n_classes).
    X : ndarray of shape (n, n_features)
    y : ndarray of int, shape (n,)
    eps : ndarray of shape (n_features,)
        L_inf budget of each column.
    n_restarts : int, default=2
        Of ART's PGD.
    seed : int, default=0
    only : sequence of str, default=None
        Names of the attacks to try; None is all of them.

    Returns
    -------
    robust : ndarray of bool, shape (n,)
        Worst case over the attacks.
    outcomes : dict of ndarray of bool
        Which rows each attack leaves correct.
    """
    box = InBox(logits, X, eps)

    def correct(rows):
        rows = np.clip(rows, X - eps, X + eps)
        with torch.no_grad():
            return logits(torch.as_tensor(rows, dtype=torch.float32)).argmax(dim=1).numpy() == y

    n_classes = logits(torch.as_tensor(X[:1], dtype=torch.float32)).shape[1]
    names = ("apgd-ce", *(["apgd-dlr"] if n_classes == 3 else ["apgd-t"] if n_classes > 3 else []), "fab")
    attacks = {
        f"pyautoattack {name}": lambda name=name: _autoattack(box, name, X, y, n_classes, seed) for name in names
    }
    attacks["ART PGD-50"] = lambda: _art(box, X, y, n_classes, n_restarts)
    attacks["random corners"] = lambda: _random_corners(logits, X, y, eps, seed)
    outcomes = {"none": correct(X)}
    for name in attacks if only is None else only:
        outcomes[name] = correct(attacks[name]())
    return np.all(list(outcomes.values()), axis=0), outcomes


def _random_corners(logits, X, y, eps, seed, n_tried=200):
    """Return the worst of many random corners of the budget: no gradient, so none that could be hidden."""
    rng = np.random.RandomState(seed)
    worst, margin = X.copy(), np.full(len(X), -np.inf)
    rows = np.arange(len(X))
    for _ in range(n_tried):
        tried = X + eps * rng.choice([-1.0, 1.0], size=X.shape)
        with torch.no_grad():
            values = logits(torch.as_tensor(tried, dtype=torch.float32)).numpy().copy()
        own = values[rows, y]
        values[rows, y] = -np.inf
        found = values.max(axis=1) - own
        worst[found > margin], margin = tried[found > margin], np.maximum(found, margin)
    return worst


def _autoattack(box, name, X, y, n_classes, seed):
    from pyautoattack import AutoAttack

    with contextlib.redirect_stdout(io.StringIO()):
        attack = AutoAttack(box, eps=box.eps, version="custom", attacks=[name], seed=seed)
        attack.apgd_targeted.n_target_classes = attack.fab.n_target_classes = min(9, n_classes - 1)
        v = torch.as_tensor(box.to_box(X), dtype=torch.float32)  # it knows no other
        moved, _ = attack.run_standard_evaluation(v, torch.as_tensor(y), batch_size=len(v))
    return box.from_box(moved.numpy())


def _art(box, X, y, n_classes, n_restarts):
    from art.attacks.evasion import ProjectedGradientDescentPyTorch
    from art.estimators.classification import PyTorchClassifier

    classifier = PyTorchClassifier(
        box, torch.nn.CrossEntropyLoss(), (X.shape[1],), n_classes, clip_values=(0.0, 1.0), device_type="cpu"
    )
    attack = ProjectedGradientDescentPyTorch(
        classifier, eps=box.eps, eps_step=box.eps / 10, max_iter=50, num_random_init=n_restarts, batch_size=4096,
        verbose=False,
    )  # fmt: skip
    return box.from_box(attack.generate(box.to_box(X), y))
