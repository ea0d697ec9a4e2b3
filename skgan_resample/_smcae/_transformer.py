"""SMCAETransformer: which rows are synthetic, which map is taken, and what comes out."""

from numbers import Integral

import numpy as np
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin, _fit_context
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from sklearn.utils.validation import check_consistent_length, check_is_fitted, validate_data

from skgan_resample._estimators import (
    RUN_CONSTRAINTS,
    CallbackSupportMixin,
    OptionsMixin,
    TorchStateMixin,
    all_or_nothing,
    fit_callbacks,
)
from skgan_resample._smcae._fitting import Fitting, Origin
from skgan_resample._smcae._space import Space
from skgan_resample._smcae._targets import fit_target_model, read_without_target, target_role
from skgan_resample._smcae._training import AutoencoderOptions, resolved_settings
from skgan_resample._tables._containers import replace_rows, table_reader, take_rows, with_columns_of
from skgan_resample._tables._encoder import admit_tables
from skgan_resample._tables._targets import open_target
from skgan_resample.exceptions import warn


class SMCAETransformer(
    OptionsMixin, CallbackSupportMixin, TorchStateMixin, OneToOneFeatureMixin, TransformerMixin, BaseEstimator
):
    """Move synthetic rows into the distribution of real ones: the stacked multichannel autoencoder (SMCAE) [1]_.

    Synthetic rows of a simulator, a generator or an over-sampler differ from real ones. SMCAE is a method of domain
    adaptation that closes this gap with an autoencoder of two channels that share their encoder: the left one makes
    real rows of synthetic ones, the right one makes real rows of real ones. The network begins from simple maps and
    competes with them: held-out real rows choose among all, doing nothing included. Real rows are never changed. Read
    more in the guide :doc:`/guides/smcae`.

    Which rows are synthetic is given by `sample_domain` in `fit` and `transform` (one table), by `X_synthetic` in `fit`
    and `refine` (two tables), or by `skgan_resample.compose.SyntheticRefiner`, for rows that a sampler or a simulator
    makes inside a pipeline. Without any of them the estimator warns and changes nothing.

    Parameters
    ----------
    variant : {"guarded", "paper"}, default="guarded"
        "guarded", our choice because tables rarely come with pairs of rows: class by class, a base map and a network
        behind it. "paper": a network of sigmoid units, trained layer by layer and then as a whole, between tables
        scaled to [0, 1]. It needs pairs of rows; without them it moves rows to the mean.
    select : {"cv", "gap", "identity", "location_scale", "coral", "linear_ot"} or None, default="cv"
        Which map is taken. "cv": that with which models predict held-out real rows best. "gap": that whose rows are
        nearest to held-out real ones, in energy distance; also what "cv" means without a target. None: SMCAE. A name:
        this map. By complexity: "identity" only snaps; "location_scale" matches mean and standard deviation of each
        column, "coral" mean and covariance; "linear_ot" is optimal transport between normal distributions, by class.
    base : {"auto", "identity", "location_scale", "coral", "linear_ot"}, default="auto"
        Where the guarded network begins. "auto": the best of the others in the selection, else "linear_ot" for classes
        and "location_scale" without.
    cv : int >= 2, default=5
        Folds of the selection over real rows, stratified by class.
    scoring : {"auto", "accuracy", "balanced_accuracy", "r2"}, default="auto"
        What the selection maximises; set it to what you report. "auto" is the accuracy, or R^2 for a continuous target;
        inside a `SyntheticRefiner` a real row is then weighted by the number of rows of its class, or with a target
        near its own, after resampling.
    estimator : estimator, default=None
        The model in the selection; it gets encoded rows. None: the mean over logistic or ridge regression, 5 nearest
        neighbours and 30 randomized trees.
    target_type : {"auto", "classification", "regression"} or None, default="auto"
        What `y` is for; "auto" takes numbers with fractions, or more than 20 different ones, for a regression. None:
        `y` is not used.
    pairing : {"auto", "ot", "nearest", "given"}, default="auto"
        Which real row a synthetic one is to become in the loss of the left channel. "ot" (optimal transport): the
        assignment within the class of least total squared distance, 1,000 rows at a time. "nearest": the nearest real
        row of the class. "given": row i of both tables. "auto": "given" for the paper's variant, else "ot".
    categorical_features : "auto", None, or array-like of names, positions or a mask of bool, default="auto"
        Nominal columns. "auto": strings, booleans, categories. Numeric columns can be named as well.
    keep : array-like of names, positions or a mask, default=None
        Columns that are neither used nor changed, such as a key or a date.
    snap : bool, default=True
        Whether values go to the grid of the real column: range, decimals, few values. Categories and integer data types
        are respected in any case.
    autoencoder : AutoencoderOptions, default=None
        Settings of the network; None is ``AutoencoderOptions()``.
    max_steps : int, default=300
        Updates; in the paper's variant for each of its stages, each on all rows.
    max_time : float, default=None
        Seconds after which each training stops. Results then depend on the machine.
    device : str, default="auto"
        "cpu", "cuda", "cuda:1", ...; "auto" is CUDA where there is one.
    verbose : int, default=0
        Whether to print every record of the final training.
    random_state : int, RandomState instance or None, default=None
        Same seed, same rows; on one device, and unless `max_time` is set.

    Attributes
    ----------
    selected_ : str
        The map taken; "identity" where nothing was learned.
    cv_results_ : dict
        The selection, as in GridSearchCV, by ``candidate``; also ``error_of_difference`` (standard error of the
        difference to the best) and ``gap`` (energy distance to held-out real rows). Empty without a selection.
    gap_before_, gap_after_ : float
        The gap of "identity" in `cv_results_`, and that of the map taken. NaN without a selection.
    best_step_ : int or None
        The step at which training ended, an earlier one than the last if held-out rows preferred it by two standard
        errors; None without a network.
    network_share_ : float
        Share of the synthetic rows that the network moved from where the base put them; 0 without a network.
    network_ : torch.nn.Module or None
        The autoencoder, on the CPU; None if another map was taken or training failed.
    history_ : list of dict
        One record per 50 steps of the final training: ``step``, ``seconds``, ``left_loss``, ``right_loss``; guarded
        also ``energy``, paper also ``stage``.
    device_ : str or None
        Where networks are trained.
    pairing_ : str or None
        The pairing, "auto" resolved; None without synthetic rows.
    n_features_in_, feature_names_in_
        As in scikit-learn.

    See Also
    --------
    skgan_resample.compose.SyntheticRefiner : The same around any sampler or simulator, in a pipeline.
    skgan_resample.metrics.synthetic_gap : How far synthetic rows are from real ones.

    Notes
    -----
    From the paper, as far as the code of its first author shows: two channels, a shared encoder, both errors and their
    squared difference, pairs of rows, layers trained one by one, then together. The rest is our choice, since tables
    rarely come with pairs: how partners are found, the base map, the residual network that gets the class as an input,
    the energy distance, the stretching of moved rows to the spread of the real ones (by up to two), held-out rows that
    end the training early, snapping, and the selection. A value that holds a fifth of a numeric real column attracts as
    many cells of the moved rows, so that zeros of a rainfall stay zeros.

    Give `y_synthetic` and, to `refine`, the target of new rows: most of the gain comes from matching class by class. A
    model predicts what is not given. A continuous target moves along with its row in `refine`; `fit_transform`, which
    cannot return it, moves features alone, with a warning.

    A missing cell, or a category that no real row has, is missing afterwards if the real column has missing cells, and
    the median or most frequent category otherwise, with a ResamplingWarning in new rows. No other cell becomes missing.
    Nominal columns of more than 50 categories, such as names, are never changed. With fewer than 20 real rows the
    selection tries no more than location and scale. Doing nothing is kept unless another map is better by one standard
    error of the difference, a simpler map unless by a quarter of it.

    Rows that were made of the real ones, as by SMOTE, contain information on the rows that the selection holds out:
    judge them with `SyntheticRefiner`, which makes them anew in each fold. ``fit_transform(X)`` differs from
    ``fit(X).transform(X)`` on purpose: without `sample_domain`, `transform` takes all rows for real.

    References
    ----------
    .. [1] X. Zhang, Y. Fu, S. Jiang, L. Sigal, G. Agam, "Learning from synthetic data using a stacked multichannel
       autoencoder", arXiv:1509.05463, 2015.
    .. [2] B. Sun, J. Feng, K. Saenko, "Return of frustratingly easy domain adaptation", arXiv:1511.05547, 2016 (CORAL).

    Examples
    --------
    Digits as a simulator might see them: dimmer, and shifted by one pixel.

    >>> import numpy as np
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.neighbors import KNeighborsClassifier
    >>> from skgan_resample import SMCAETransformer
    >>> X, y = load_digits(return_X_y=True)
    >>> X_synthetic, y_synthetic = np.roll(X[:600], 1, axis=1) // 2, y[:600]
    >>> X_real, y_real, X_test, y_test = X[600:800], y[600:800], X[800:], y[800:]
    >>> refiner = SMCAETransformer(select=None, max_steps=100, random_state=0)
    >>> refiner = refiner.fit(X_real, y_real, X_synthetic=X_synthetic, y_synthetic=y_synthetic)
    >>> X_moved, _ = refiner.refine(X_synthetic, y_synthetic)
    >>> model = KNeighborsClassifier()
    >>> before, after = (model.fit(rows, y_synthetic).score(X_test, y_test) for rows in (X_synthetic, X_moved))
    >>> bool(after > before + 0.2)
    True
    """

    # Where metadata routing is on, nothing has to be requested.
    __metadata_request__fit = {"sample_domain": True}
    __metadata_request__transform = {"sample_domain": True}

    _network_names = ("network_",)
    _options = {"autoencoder": AutoencoderOptions}

    _parameter_constraints: dict = {
        **{name: rule for name, rule in RUN_CONSTRAINTS.items() if name != "patience"},
        "variant": [StrOptions({"guarded", "paper"})],
        "select": [StrOptions({"cv", "gap", "identity", "location_scale", "coral", "linear_ot"}), None],
        "base": [StrOptions({"auto", "identity", "location_scale", "coral", "linear_ot"})],
        "cv": [Interval(Integral, 2, None, closed="left")],
        "scoring": [StrOptions({"auto", "accuracy", "balanced_accuracy", "r2"})],
        "estimator": [HasMethods(["fit", "predict"]), None],
        "target_type": [StrOptions({"auto", "classification", "regression"}), None],
        "pairing": [StrOptions({"auto", "ot", "nearest", "given"})],
        "categorical_features": ["array-like", StrOptions({"auto"}), None],
        "keep": ["array-like", None],
        "snap": ["boolean"],
        "autoencoder": [AutoencoderOptions, None],
    }

    def __init__(
        self,
        *,
        variant="guarded",
        select="cv",
        base="auto",
        cv=5,
        scoring="auto",
        estimator=None,
        target_type="auto",
        pairing="auto",
        categorical_features="auto",
        keep=None,
        snap=True,
        autoencoder=None,
        max_steps=300,
        max_time=None,
        device="auto",
        verbose=0,
        random_state=None,
    ):
        self.variant = variant
        self.select = select
        self.base = base
        self.cv = cv
        self.scoring = scoring
        self.estimator = estimator
        self.target_type = target_type
        self.pairing = pairing
        self.categorical_features = categorical_features
        self.keep = keep
        self.snap = snap
        self.autoencoder = autoencoder
        self.max_steps = max_steps
        self.max_time = max_time
        self.device = device
        self.verbose = verbose
        self.random_state = random_state

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y=None, *, sample_domain=None, X_synthetic=None, y_synthetic=None):
        """Learn how synthetic rows are moved.

        Parameters
        ----------
        X : array-like or pandas, polars or pyarrow table of shape (n_samples, n_features)
            Real rows, and synthetic ones if `sample_domain` says so. Cells of any type; some may be missing.
        y : array-like of shape (n_samples,), default=None
            Their target, classes or numbers. Without it rows are matched regardless of it, and less well.
        sample_domain : array-like of int, shape (n_samples,), or int, default=None
            >= 0 for a synthetic row (skada's source), < 0 for a real one (target).
        X_synthetic : table of shape (n_synthetic, n_features), default=None
            Synthetic rows; all of `X` is real then.
        y_synthetic : array-like of shape (n_synthetic,), default=None
            Their target.

        Returns
        -------
        self : SMCAETransformer
            The fitted estimator.

        Raises
        ------
        ValueError
            If the input cannot be used; the message says what to do.
        """
        with all_or_nothing(self):
            self._fit(X, y, sample_domain, X_synthetic, y_synthetic)
        return self

    @_fit_context(prefer_skip_nested_validation=False)
    def fit_transform(self, X, y=None, *, sample_domain=None, X_synthetic=None, y_synthetic=None):
        """Learn how synthetic rows are moved, and move those of `X`.

        Parameters
        ----------
        X : table of shape (n_samples, n_features)
            As in `fit`.
        y : array-like of shape (n_samples,), default=None
            As in `fit`.
        sample_domain : array-like of int, shape (n_samples,), or int, default=None
            As in `fit`.
        X_synthetic, y_synthetic : table and array-like of n_synthetic rows, default=None
            As in `fit`.

        Returns
        -------
        X_out : same container as `X`, an array for a list
            Rows in the same order; real ones are unchanged.
        """
        with all_or_nothing(self):
            reader, mask = self._fit(X, y, sample_domain, X_synthetic, y_synthetic, can_move_target=False)
        return self._replaced(X, reader, mask, y)

    def transform(self, X, *, sample_domain=None):
        """Return real rows as they are, and synthetic ones moved.

        Parameters
        ----------
        X : table of shape (n_samples, n_features)
            With the columns of `fit`. Infinity is refused in the rows that are moved; see Notes for missing cells.
        sample_domain : array-like of int, shape (n_samples,), or int, default=None
            >= 0 for a synthetic row, < 0 for a real one. None: all are real, as in prediction.

        Returns
        -------
        X_out : same container as `X`, an array for a list
            A copy. The target of synthetic rows is predicted; to give it, use `refine`.
        """
        check_is_fitted(self)
        reader = self._opened(X)
        return self._replaced(X, reader, _synthetic_mask(sample_domain, reader.n_rows))

    def refine(self, X_synthetic, y_synthetic=None):
        """Move rows that are known to be synthetic.

        Parameters
        ----------
        X_synthetic : table of shape (n_samples, n_features)
            As the rows that `transform` moves.
        y_synthetic : array-like of shape (n_samples,), default=None
            Their target. Without it a model of the synthetic rows of `fit` predicts it, which is less good.

        Returns
        -------
        X_moved : table of shape (n_samples, n_features)
            In the container and data types of the real rows of `fit`.
        y_moved : array of shape (n_samples,)
            Only if `y_synthetic` is given: the same, unless a continuous target moves along.
        """
        check_is_fitted(self)
        reader = self._opened(X_synthetic)
        if self.space_ is None:
            X_moved, y_moved = replace_rows(X_synthetic, np.empty(0, dtype=np.intp), None), y_synthetic
        else:
            X_moved, y_moved = self._refined(X_synthetic, reader, y_synthetic)
        return X_moved if y_synthetic is None else (X_moved, y_moved)

    def encode(self, X, y=None, *, sample_domain=None):
        """Return the learned code of rows, the features that the author of the paper uses.

        Parameters
        ----------
        X : table of shape (n_samples, n_features)
            With the columns of `fit`.
        y : array-like of shape (n_samples,), default=None
            The target. Needed only where it moves along in `fit`; else that of synthetic rows is predicted.
        sample_domain : array-like of int, shape (n_samples,), or int, default=None
            As in `transform`.

        Returns
        -------
        code : ndarray of float, shape (n_samples, sum of hidden_layer_sizes + encoded columns)
            The activations of all layers of the encoder, and what the decoder of the row's channel makes of them.

        Raises
        ------
        ValueError
            If no network was trained, or the selection took another map.
        """
        reader = self._opened_for_network(X)
        mask = _synthetic_mask(sample_domain, reader.n_rows)
        sample = self._read_with_target(reader, y, mask)
        codes = np.empty((len(sample), sum(self.row_map_.architecture[2]) + self.space_.width_))
        for rows, encode in ((mask, self.row_map_.synthetic_codes), (~mask, self.row_map_.real_codes)):
            if rows.any():
                codes[rows] = encode(sample[rows], self.network_)
        return codes

    def reconstruct(self, X, y=None):
        """Return real rows as the right channel makes them of their code.

        Parameters
        ----------
        X : table of shape (n_samples, n_features)
            Real rows, with the columns of `fit`.
        y : array-like of shape (n_samples,), default=None
            Needed only where the target moves along in `fit`.

        Returns
        -------
        X_rebuilt : table of shape (n_samples, n_features)
            Valid rows, in the container and data types of the real rows of `fit`.

        Raises
        ------
        ValueError
            As in `encode`.
        """
        reader = self._opened_for_network(X)
        sample = self._read_with_target(reader, y, _synthetic_mask(None, reader.n_rows))
        codes, _ = self.space_.valid_codes(sample, self.row_map_.rebuilt(sample, self.network_))
        return self.space_.encoder_.from_codes(codes)

    # ------------------------------------------------------------------------------------------ moving rows
    def _opened(self, X):
        """Return the reader of a table that has the columns of `fit`."""
        reader = table_reader(X)
        validate_data(self, X, reset=False, skip_check_array=True)
        return reader

    def _opened_for_network(self, X):
        """Return what `_opened` does; refuse an estimator without a network."""
        check_is_fitted(self)
        reader = self._opened(X)
        if self.network_ is None:
            raise ValueError(
                f"There is no learned code, since {self.selected_!r} was taken; select=None always trains the network."
            )
        return reader

    def _replaced(self, X, reader, mask, y=None):
        """Return a copy of a table in which the synthetic rows are moved."""
        rows = np.flatnonzero(mask)
        if isinstance(X, list | tuple):  # as everywhere in scikit-learn, an array for a list
            numbers = np.asarray(X)
            X = numbers if numbers.dtype.kind in "fiub" else np.array(X, dtype=object)
        if not len(rows) or self.space_ is None:
            return replace_rows(X, rows[:0], None)
        if self.space_.role == "moves":
            warn("Rows are moved with a predicted target, yours is not moved: use refine(X, y) instead of transform.")
        y_rows = None if y is None else take_rows(y, rows)
        moved, _ = self._refined(take_rows(X, rows), reader.take(rows), y_rows)
        return replace_rows(X, rows, moved)

    def _refined(self, X, reader, y):
        """Return synthetic rows moved, and their target, which is another one only where it moves along."""
        if y is not None:
            open_target(y)
            check_consistent_length(X, y)
        return self._moved(X, self._read(reader, y), y)

    def _moved(self, X, sample, y):
        """Return what `_refined` does, of rows that were read already."""
        space = self.space_
        codes, target = space.valid_codes(sample, self.row_map_(sample, self.network_), self.point_masses_)
        if space.role == "moves" and y is not None:
            y = space.target_encoder_.from_codes(target[:, None])
        return with_columns_of(space.encoder_.from_codes(codes), X, space.kept_), y

    def _read(self, reader, y):
        """Return synthetic rows as a `Sample`; what is unknown of their target is predicted."""
        if y is not None or self.space_.role in (None, "stays"):
            return self.space_.read(reader, y)
        return read_without_target(self.space_, reader, self.target_model_)

    def _read_with_target(self, reader, y, mask):
        """Return rows as a `Sample`; the target of real ones is needed only where it is a column of the vectors."""
        if self.space_.role == "moves" and y is None:
            raise ValueError("The target moved along in fit, so it is a part of each row here: give y, too.")
        if self.space_.role == "moves":
            return self.space_.read(reader, y)
        if mask.any() or self.space_.role is None:
            return self._read(reader, y)
        return self.space_.read(reader, membership=np.zeros((reader.n_rows, self.space_.n_classes_)))

    # ------------------------------------------------------------------------------------------ fit
    def _fit(self, X, y, sample_domain, X_synthetic, y_synthetic, *, can_move_target=True):
        """Learn the map; return the reader of `X` and which of its rows are synthetic."""
        reader = table_reader(X)
        validate_data(self, X, skip_check_array=True)
        given = X, y
        mask = _synthetic_mask(sample_domain, reader.n_rows)
        if y is not None:
            open_target(y)
            check_consistent_length(X, y)
        if sample_domain is not None and X_synthetic is not None:
            raise ValueError("Give sample_domain or X_synthetic, not both: either says which rows are synthetic.")
        if mask.all():
            raise ValueError("sample_domain says that all rows are synthetic: there is nothing real to learn from.")
        if mask.any():
            sides = np.flatnonzero(~mask), np.flatnonzero(mask)
            real, synthetic = (reader.take(rows) for rows in sides)
            y, y_synthetic = (None, None) if y is None else (take_rows(y, rows) for rows in sides)
        elif X_synthetic is not None:
            real, synthetic = reader, self._opened(X_synthetic)
        else:
            names_none = "sample_domain names no row as synthetic"
            reason = "nothing says which rows are" if sample_domain is None else names_none
            warn(f"{type(self).__name__} moves nothing, since {reason}: give sample_domain or X_synthetic to fit.")
            self._set_fitted(selected_="identity")
            return reader, mask
        self._learn(given, real, y, synthetic, y_synthetic, can_move_target=can_move_target)
        return reader, mask

    @_fit_context(prefer_skip_nested_validation=False)
    def _fit_made(self, X, reader, y, X_synthetic, y_synthetic, *, target_type, origin):
        """Fit for `SyntheticRefiner`, which made the synthetic rows; return these moved, None twice to drop them."""
        validate_data(self, X, skip_check_array=True)
        made = self._opened(X_synthetic)
        synthetic = self._learn((X, y), reader, y, made, y_synthetic, target_type=target_type, origin=origin)
        return (None, None) if self.selected_ == "none" else self._moved(X_synthetic, synthetic, y_synthetic)

    def _learn(self, given, real, y, synthetic, y_synthetic, *, target_type=None, origin=None, can_move_target=True):
        """Learn the map from readers and targets of both kinds of rows; return the synthetic ones as a `Sample`."""
        from skgan_resample._nn.training import resolve_device

        settings = resolved_settings(self)
        rng = check_random_state(self.random_state)
        device = str(resolve_device(self.device))
        role = target_role(
            y, y_synthetic, synthetic.n_rows,
            target_type=target_type or self.target_type, scoring=self.scoring, can_move_target=can_move_target,
        )  # fmt: skip
        space = Space(categorical_features=self.categorical_features, keep=self.keep, snap=self.snap, role=role)
        real, synthetic = space.fit(real, y, synthetic, y_synthetic)
        if settings.pairing == "given" and len(real) != len(synthetic):
            raise ValueError(
                f'pairing="given" needs as many synthetic rows ({len(synthetic)}) as real ones ({len(real)}), row i of '
                'one being the partner of row i of the other; use pairing="ot" where there are no partners.'
            )
        origin = Origin() if origin is None else origin
        with fit_callbacks(self, *given) as callbacks:  # callbacks get the arguments of `fit`
            fitting = Fitting(settings, space, real, synthetic, origin, rng, callbacks).run()
        by_class = fitting.network_ is not None or len(fitting.row_map_.base.offsets) > 1
        model, found = fit_target_model(space, synthetic, rng, by_class=by_class), fitting.attributes()
        self._set_fitted(space_=space, device_=device, pairing_=settings.pairing, target_model_=model, **found)
        return synthetic

    def _set_fitted(self, **found):
        """Set the fitted attributes at once; those that are not given are of an estimator that moves nothing."""
        nothing = dict.fromkeys(
            ("space_", "row_map_", "network_", "target_model_", "device_", "best_step_", "pairing_")
        )
        nothing |= {"point_masses_": [], "history_": [], "cv_results_": {}, "network_share_": 0.0}
        vars(self).update(nothing | {"gap_before_": np.nan, "gap_after_": np.nan} | found)

    def _build_network(self, name):
        return self.row_map_.build_network()

    def __sklearn_tags__(self):
        tags = admit_tables(super().__sklearn_tags__())
        tags.target_tags.required = False
        return tags


def _synthetic_mask(sample_domain, n_rows):
    """Return which rows are synthetic by skada's numbers: >= 0 for synthetic (source), < 0 for real (target) rows."""
    if sample_domain is None:
        return np.zeros(n_rows, dtype=bool)
    domain = np.asarray(sample_domain)
    if domain.dtype.kind not in "iu":
        raise ValueError(
            f"sample_domain must hold integers, >= 0 for a synthetic row and < 0 for a real one; got {domain.dtype}. "
            "For a mask of synthetic rows, write np.where(mask, 1, -1)."
        )
    if domain.ndim == 0:
        return np.full(n_rows, domain >= 0)
    if domain.shape != (n_rows,):
        raise ValueError(
            f"sample_domain has shape {domain.shape} for {n_rows} rows. Behind a sampler in a pipeline it describes "
            "the rows before sampling: use SyntheticRefiner(sampler) there, which knows which rows were made."
        )
    return domain >= 0
