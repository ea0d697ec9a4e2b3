"""What an attack does to the rows and scores of a fitted RobustATWrapper."""

from math import inf

import numpy as np
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_consistent_length, check_is_fitted

from skgan_resample._budget import NumpyBudget
from skgan_resample._docstrings import shared_descriptions
from skgan_resample._robust_at._training import FINAL_STEPS
from skgan_resample._sklearn_networks import task_of
from skgan_resample._tables._containers import reader_of
from skgan_resample._tables._encoder import TableEncoder
from skgan_resample.threat import resolved_like

MAX_FACTOR = 16.0  # of the budget, in `min_budget`; a guess

described = shared_descriptions("""
    X : table of shape (n_samples, n_features)
        As for `predict`.
    y : array-like of shape (n_samples,)
        The truth.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the rows in the mean; None counts each once.
    threat_model : ThreatModel, default=None
        Fitted, or with units of the training rows. None is the one of the training, `threat_model_`.
    n_steps : int, default=30
        Of each of several searches along the gradient: margin, cross-entropy, the nearest wrong classes one by one.
    """)


def is_classification(wrapper):
    """Whether a RobustATWrapper, fitted or not, is a classifier."""
    if hasattr(wrapper, "task_"):
        return wrapper.task_ == "classification"
    return task_of(wrapper.estimator, wrapper.task) == "classification"


class UnderAttackMixin:
    """The methods of RobustATWrapper that attack rows."""

    @described
    def robust_score(self, X, y, *, threat_model=None, n_steps=FINAL_STEPS, sample_weight=None, return_report=False):
        """Return the accuracy, or R2, when each row is moved to where it hurts most within the threat model.

        Parameters
        ----------
        {X, y, threat_model, n_steps, sample_weight}
        return_report : bool, default=False
            Return a dict with ``robust``, ``clean``, ``threat_model`` in words, ``attack`` and ``n_rows``.

        Returns
        -------
        score : float or dict
            An upper limit, as with every attack: in our benchmarks other attacks together took up to 0.011 more.
        """
        codes, y = self._read(X, y)
        threat = self._resolved(threat_model)
        landed = self._attacked(codes, y, threat, n_steps=n_steps)
        clean, attacked = self._predict_codes(codes), self._predict_codes(landed)
        # A row that is wrong already is not put right by an attack.
        is_worse = clean == y if self._target.classes is not None else (clean - y) ** 2 <= (attacked - y) ** 2
        attacked, score = np.where(is_worse, attacked, clean), self._target.score
        robust = float(score(y, attacked, sample_weight=sample_weight))
        if not return_report:
            return robust
        return {
            "robust": robust,
            "clean": float(score(y, clean, sample_weight=sample_weight)),
            "threat_model": threat.explain(),
            "attack": f"white-box, margin and cross-entropy, {n_steps} steps a search",
            "n_rows": len(y),
        }

    @described
    def perturb(self, X, y=None, *, threat_model=None, n_steps=FINAL_STEPS):
        """Return the rows moved to where they hurt most within the threat model.

        Parameters
        ----------
        {X}
        y : array-like of shape (n_samples,), default=None
            The truth; None is what the network predicts.
        {threat_model, n_steps}

        Returns
        -------
        X_adv : same container and data types as `X`
            Rows that are wrong already, or cannot be moved, may come back unchanged. Columns of integers keep to whole
            numbers, whatever the threat model says.
        """
        check_is_fitted(self, "network_")
        codes, y = self._read(X, self.predict(X) if y is None else y)
        has_only_numbers = not self.encoder_.nominal_.any() and not self.encoder_.datetimes
        if has_only_numbers:  # any container of numbers can be given back
            out = TableEncoder(categorical_features=None, scale=None).fit(X)
        else:
            out = self.encoder_
            if f"{type(X).__module__}.{type(X).__qualname__}" != self._container:
                raise TypeError(f"fit was given a {self._container}: give perturb the same, got {type(X).__name__}.")
            self._refuse_unseen_categories(X, codes)
        return out.from_codes(
            self._attacked(codes, y, self._resolved(threat_model), n_steps=n_steps, whole=out.holds_integers)
        )

    def _refuse_unseen_categories(self, X, codes):
        """Raise if a category was not seen in fit: it has no code, and could not be given back."""
        here = TableEncoder(categorical_features=self.threat_model_.categorical_features, scale=None).fit_to_codes(X)
        unseen = np.isnan(codes) & ~np.isnan(here)
        if unseen.any():
            i, j = np.argwhere(unseen)[0]
            raise ValueError(
                f"Row {i} has {reader_of(X).values(j)[i]!r} in column {self.encoder_.columns_[j].name!r}, which fit "
                "has not seen: perturb cannot give it back. Leave such rows out."
            )

    @available_if(is_classification)
    @described
    def min_budget(self, X, y, *, threat_model=None, n_steps=FINAL_STEPS, tol=0.01):
        """Return what share of the budget is enough to change the prediction of each row.

        Parameters
        ----------
        {X, y, threat_model, n_steps}
        tol : float, default=0.01
            Relative width at which the bisection stops.

        Returns
        -------
        budget : ndarray of shape (n_samples,)
            0 for rows that are wrong already, 2 for twice the budget of the threat model, infinity where 16 times the
            budget is not enough. Categories may be switched at any budget.
        """
        codes, y = self._read(X, y)
        threat = self._resolved(threat_model)
        low, high = np.zeros(len(y)), np.full(len(y), MAX_FACTOR)
        is_wrong = self._predict_codes(codes) != y
        high[is_wrong] = 0.0

        def flips(rows, factor):
            landed = self._attacked(codes[rows], y[rows], threat, n_steps=n_steps, factor=factor[:, None])
            return self._predict_codes(landed) != y[rows]

        rows = np.flatnonzero(~is_wrong)
        never = rows[~flips(rows, high[rows])]
        while len(rows):
            rows = np.flatnonzero(~is_wrong & (high - low > tol * np.maximum(high, tol)))
            rows = np.setdiff1d(rows, never)
            if not len(rows):
                break
            middle = (low[rows] + high[rows]) / 2
            flipped = flips(rows, middle)
            high[rows[flipped]], low[rows[~flipped]] = middle[flipped], middle[~flipped]
        high[never] = inf
        return high

    # ------------------------------------------------------------------------------------------ the search
    def _read(self, X, y):
        """Return rows as codes and their target."""
        codes = self._to_codes(X)
        y = self._target.read(y)
        check_consistent_length(codes, y)
        return codes, y

    def _resolved(self, threat_model):
        return self.threat_model_ if threat_model is None else resolved_like(threat_model, self.threat_model_)

    def _attacked(self, codes, y, threat, *, n_steps, whole=False, factor=1.0):
        """Return the worst allowed codes that the attack finds for each row."""
        import torch

        from skgan_resample._nn.attacks import Budget, strongest
        from skgan_resample._nn.training import memory_advice, one_thread, seeded

        device, is_classifier = self.device_, self._target.classes is not None
        encoded = self.encoder_.encode_codes(codes).astype(np.float32)
        budget = NumpyBudget.of(threat, self.encoder_)

        def tensor(array, dtype=torch.float32):
            return torch.as_tensor(np.asarray(array), dtype=dtype, device=device)

        targets = tensor(self._target.encode(y), torch.long if is_classifier else torch.float32)
        factors = tensor(self._target.factor(threat, y)) * tensor(factor)
        encoded_budget = Budget.encoded(budget, self.encoder_).to(device)
        same_every_time = seeded(np.random.RandomState(0), device)
        with one_thread(), memory_advice(), self._on_device(device, "network_") as (network,), same_every_time:
            worst, _ = strongest(
                network, tensor(encoded), targets, encoded_budget, is_classifier=is_classifier, n_steps=n_steps,
                factor=factors,
            )  # fmt: skip
        return budget.land(self.encoder_, codes, encoded, worst.cpu().numpy(), whole=whole, factor=factor)
