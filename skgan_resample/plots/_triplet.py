"""What an embedding does to classes."""

import numpy as np
from sklearn.utils import check_array, check_random_state
from sklearn.utils.validation import check_consistent_length, check_is_fitted

from skgan_resample._sampling import evenly_spaced
from skgan_resample._tables._targets import read_classes
from skgan_resample.plots._base import TwoPanelDisplay, described
from skgan_resample.plots._frame import finish, shortened, text_size
from skgan_resample.plots._palette import BLACK, BLUE, GREY, SERIES, SLATE

CLASS_COLORS = (*SERIES, BLACK)
CLASS_MARKERS = "oDPX*hpd"  # none that is a kind of new row
OTHERS_MARKER = "."
KINDS = {"hard positive": "^", "hard negative": "v", "fallback": "s"}  # of new rows, hollow


@described
class TripletDisplay(TwoPanelDisplay):
    """What an embedding does to classes: its rows, some triplets of them, and how hard such triplets are.

    Left: the first two principal components of the real rows. Colour and shape of a filled mark are the class. An open
    mark of that colour is a new row; its shape tells how the row was made. Black lines lead from the anchor of a
    triplet to its positive and to its negative. Right: the distance from anchor to positive minus that from anchor to
    negative, in the whole embedding. Above 0 the negative is nearer (hard); between -1 and 0 it is farther, but by less
    than the margin (semihard).

    Parameters
    ----------
    points : ndarray of shape (n_samples, 2)
        Rows on two components.
    y : ndarray of shape (n_samples,)
        Classes.
    kind : ndarray of str, shape (n_samples,)
        "original" for real rows, "hard positive", "hard negative" or "fallback" for new ones.
    triplets : ndarray of int, shape (n_drawn, 3)
        Positions of anchor, positive and negative of the triplets to draw.
    hardness : dict of ndarray
        By the name of a set of triplets their hardness, in units of the margin.
    variance_shares : tuple of two floats
        What share of the variance of the real rows each component has.
    title : str, default=""
        Title of the left axes.

    {Attributes, axes_, figure_}

    Examples
    --------
    >>> from sklearn.datasets import make_classification
    >>> from skgan_resample import HardTripletSampler
    >>> from skgan_resample.plots import TripletDisplay
    >>> X, y = make_classification(100, weights=[0.8], random_state=0)
    >>> sampler = HardTripletSampler(max_steps=20, random_state=0)
    >>> display = TripletDisplay.from_sampler(sampler, *sampler.fit_resample(X, y), random_state=0)
    >>> list(display.hardness)
    ['real rows', 'with a new row']
    >>> list(TripletDisplay.from_embedding(X, y, title="raw features", random_state=0).shares()["random triplets"])
    ['hard', 'semihard', 'easy']
    """

    MAX_CLASSES = 8  # with a colour and a shape of their own; of more classes, all but the largest are grey
    MAX_ROWS = 500  # of a class and kind that are drawn
    _size = 9.2, 4.6

    def __init__(self, *, points, y, kind, triplets, hardness, variance_shares, title=""):
        self.points = points
        self.y = y
        self.kind = kind
        self.triplets = triplets
        self.hardness = hardness
        self.variance_shares = variance_shares
        self.title = title

    @classmethod
    def from_sampler(
        cls, sampler, X_resampled, y_resampled, *, n_triplets=2000, n_drawn=5, random_state=None, axes=None
    ):
        """Draw what a fitted sampler made, in its own embedding.

        Random triplets of real rows are compared with random triplets that have a new row.

        Parameters
        ----------
        sampler : HardTripletSampler
            After `fit_resample`.
        X_resampled, y_resampled : table of shape (n_samples, n_features) and array-like of shape (n_samples,)
            What `fit_resample` returned.
        n_triplets : int, default=2000
            Of either kind in the histogram.
        n_drawn : int, default=5
            How many of them are drawn as lines; those with a new row, if there are any.
        random_state : int, RandomState instance or None, default=None
            Of the triplets.
        {axes}

        {Returns, display}

        Raises
        ------
        ValueError
            If these are not the rows of `fit_resample`, or training diverged, so that there is no embedding.
        """
        from imblearn.utils import check_target_type

        from skgan_resample._hard_triplet import TripletNetworkOptions  # imports torch

        check_is_fitted(sampler, "sample_info_", msg="Call fit_resample first: the display shows what it made.")
        rng = check_random_state(random_state)
        embedding, kind = sampler.embed(X_resampled), sampler.sample_info_["kind"]
        y = np.ravel(check_target_type(np.asarray(y_resampled)))
        if not len(embedding) == len(y) == len(kind):
            raise ValueError(
                f"fit_resample returned {len(kind)} rows, but here are {len(embedding)} rows and {len(y)} classes."
            )
        is_real = kind == "original"
        wanted = {}
        if np.unique(y[is_real], return_counts=True)[1].max() > 1:
            wanted["real rows"] = False
        if not is_real.all():
            wanted["with a new row"] = True
        triplets = {
            name: sampler.sample_triplets(n_triplets, X_resampled, y_resampled, synthetic=synthetic, random_state=rng)
            for name, synthetic in wanted.items()
        }
        title = f"{type(sampler).__name__}: {np.sum(~is_real):,} new rows"
        margin = TripletNetworkOptions.of(sampler.network).margin
        display = cls._of_embedding(embedding, y, kind, triplets, margin, n_drawn, title)
        return display.plot(axes=axes)

    @classmethod
    def from_embedding(
        cls,
        embedding,
        y,
        triplets=None,
        *,
        margin=None,
        n_triplets=2000,
        n_drawn=5,
        title="embedding",
        random_state=None,
        axes=None,
    ):
        """Draw any embedding, such as what `HardTripletEmbedder` returns, or raw features.

        Parameters
        ----------
        embedding : array-like of shape (n_samples, n_components)
            Where the rows are.
        y : array-like of shape (n_samples,)
            Classes.
        triplets : array-like of int, shape (n, 3), default=None
            Positions of anchors, positives and negatives, shown beside random triplets. None: random ones alone, whose
            anchors are drawn evenly over the classes.
        margin : float, default=None
            The unit of hardness. None: a fifth of the root mean square distance of rows from their mean, with which
            `HardTripletEmbedder` starts by default. It makes embeddings of any scale comparable.
        n_triplets : int, default=2000
            How many random ones.
        n_drawn : int, default=5
            How many triplets are drawn as lines: the first ones, of those given if any were.
        title : str, default="embedding"
            Title of the left axes.
        random_state : int, RandomState instance or None, default=None
            Of the random triplets.
        {axes}

        {Returns, display}

        Raises
        ------
        ValueError
            If there is no triplet: one class, or classes of one row alone.
        """
        from skgan_resample._hard_triplet._mining import pick_triplets  # imports torch

        embedding = check_array(embedding, dtype=np.float64, input_name="embedding")
        y = read_classes(y)
        check_consistent_length(embedding, y)
        if margin is None:
            margin = 0.2 * np.sqrt(((embedding - embedding.mean(axis=0)) ** 2).sum(axis=1).mean()) or 1.0
        labels = np.unique(y, return_inverse=True)[1]
        everything = -np.inf, np.inf
        drawn, _ = pick_triplets(embedding, labels, n_triplets, *everything, check_random_state(random_state))
        sets = {"random triplets": drawn}
        if triplets is not None:
            triplets = np.asarray(triplets)
            if triplets.ndim != 2 or triplets.shape[1] != 3 or triplets.dtype.kind not in "iu" or not len(triplets):
                raise ValueError(f"triplets must be positions of shape (n, 3), got {triplets.dtype} {triplets.shape}.")
            if triplets.min() < 0 or triplets.max() >= len(embedding):
                raise ValueError(f"triplets must be positions from 0 to {len(embedding) - 1}.")
            sets["triplets given"] = triplets
        kind = np.full(len(y), "original")
        return cls._of_embedding(embedding, y, kind, sets, margin, n_drawn, title).plot(axes=axes)

    @classmethod
    def _of_embedding(cls, embedding, y, kind, triplets, margin, n_drawn, title):
        points, shares = _principal_components(embedding, embedding[kind == "original"])
        return cls(
            points=points,
            y=y,
            kind=kind,
            triplets=list(triplets.values())[-1][:n_drawn],
            hardness={name: _hardness(embedding, rows) / margin for name, rows in triplets.items()},
            variance_shares=shares,
            title=title,
        )

    def shares(self):
        """Return how many of the triplets are hard, semihard and easy.

        Returns
        -------
        shares : dict of dict of float
            By set of triplets and by hardness.
        """
        return {
            name: {
                "hard": float((hardness > 0).mean()),
                "semihard": float(((hardness > -1) & (hardness <= 0)).mean()),
                "easy": float((hardness <= -1).mean()),
            }
            for name, hardness in self.hardness.items()
        }

    def _draw(self, left, right):
        self._draw_rows(left)
        self._draw_hardness(right)

    def _draw_rows(self, ax):
        classes, labels, colors, markers = self._class_styles()
        is_real = self.kind == "original"
        for label in reversed(range(len(classes))):  # the grey of the other classes lies below
            style = {"c": colors[label], "marker": markers[label], "s": 15, "alpha": 0.8, "linewidths": 0}
            self._scatter(ax, is_real & (labels == label), **style)
        for kind, marker in KINDS.items():
            for label, color in enumerate(colors):
                style = {"facecolors": "none", "edgecolors": color, "marker": marker, "s": 22, "linewidths": 0.8}
                self._scatter(ax, (self.kind == kind) & (labels == label), zorder=3, **style)
        for anchor, positive, negative in self.triplets:
            for end, line in ((positive, "-"), (negative, ":")):
                ax.plot(*self.points[[anchor, end]].T, color=BLACK, linewidth=1.2, linestyle=line, zorder=4)
        if len(self.triplets):
            anchors = self.points[self.triplets[:, 0]]  # (n_drawn, 2)
            ax.scatter(*anchors.T, s=42, facecolors="none", edgecolors=BLACK, linewidths=1.2, zorder=5)
        ax.set_aspect("equal", adjustable="datalim")  # what is compared are distances
        ax.margins(0.04)
        counts = np.bincount(labels[is_real], minlength=len(classes))
        handles = self._legend_marks(classes, colors, markers, counts)
        first, second = (f"component {i + 1}, {share:.0%}" for i, share in enumerate(self.variance_shares))
        finish(ax, handles, title=self.title, xlabel=f"{first} of variance", ylabel=second)

    def _legend_marks(self, classes, colors, markers, counts):
        """Return what stands in the legend for classes, kinds of new rows, and the lines of triplets."""
        from matplotlib.lines import Line2D

        handles = []
        for name, color, marker, count in zip(classes, colors, markers, counts):
            words = f"{shortened(name)}: {count:,} row{'s' if count != 1 else ''}"
            handles.append(Line2D([], [], color=color, marker=marker, linewidth=0, markersize=4.5, label=words))
        hollow = {"markerfacecolor": "none", "markersize": 5.5, "markeredgewidth": 0.9, "linewidth": 0}
        for kind, marker in KINDS.items():
            n_new = np.sum(self.kind == kind)
            if n_new:
                handles.append(Line2D([], [], color=SLATE, marker=marker, label=f"{kind}: {n_new:,} new", **hollow))
        if len(self.triplets):
            ring = {"marker": "o", "markerfacecolor": "none", "markevery": [0]}  # around the anchor
            for name, style in (("positive", {"linestyle": "-", **ring}), ("negative", {"linestyle": ":"})):
                handles.append(Line2D([], [], color=BLACK, linewidth=1.2, label=f"anchor to {name}", **style))
        return handles

    def _scatter(self, ax, mask, **style):
        """Draw some rows, at most `MAX_ROWS` of them."""
        rows = np.flatnonzero(mask)
        if len(rows):
            shown = rows[evenly_spaced(len(rows), min(len(rows), self.MAX_ROWS))]
            ax.scatter(*self.points[shown].T, rasterized=True, **style)

    def _draw_hardness(self, ax):
        everything = np.concatenate([*self.hardness.values(), [-1.5, 0.5]])  # both edges are seen in any case
        bins = np.linspace(everything.min(), everything.max(), 41)
        styles = {"color": GREY, "alpha": 0.7}, {"color": BLACK, "histtype": "step", "linewidth": 1.4}
        handles = []
        for (name, hardness), style in zip(self.hardness.items(), styles):
            shares = self.shares()[name]
            words = f"{name}: {shares['hard']:.0%} hard, {shares['semihard']:.0%} semihard"
            weights = np.full(len(hardness), 1 / len(hardness))  # bars are shares
            handles.append(ax.hist(hardness, bins, weights=weights, label=words, **style)[2][0])
        for edge in (-1, 0):
            ax.axvline(edge, color=BLUE, linewidth=1, linestyle="--")
        size = text_size(ax, 0.85)
        for name, x, offset, side in (  # on two lines, since the names would meet where the margin is narrow
            ("easy", -1, (-3, 2), "right"),
            ("hard", 0, (3, 2), "left"),
            ("semihard", -0.5, (0, 1.5 * size), "center"),
        ):
            ax.annotate(
                name, (x, 1), xycoords=("data", "axes fraction"), xytext=offset, textcoords="offset points",
                ha=side, va="bottom", color=BLUE, fontsize=size,
            )  # fmt: skip
        ax.set_xlim(bins[0], bins[-1])
        ax.set_title("", pad=3.2 * size)  # above these two lines
        finish(
            ax,
            handles,
            title="hardness of triplets",
            xlabel="distance to positive \u2212 to negative, in margins",
            ylabel="share of triplets",
        )

    def _class_styles(self):
        """Return names of classes, the position of each row's class there, colours and markers.

        Where there are too many classes, the last one stands for all but the largest.
        """
        classes, labels, counts = np.unique(self.y, return_inverse=True, return_counts=True)
        names = [str(name) for name in classes.tolist()]
        if len(names) <= self.MAX_CLASSES:
            return names, labels, CLASS_COLORS[: len(names)], CLASS_MARKERS
        large = np.sort(np.argsort(-counts, kind="stable")[: self.MAX_CLASSES])
        position = np.full(len(names), len(large))  # of each class; those that are not large come last, as one
        position[large] = np.arange(len(large))
        n_others = len(names) - len(large)
        names = [*(names[i] for i in large), f"{n_others} other{'s' if n_others > 1 else ''}"]
        return names, position[labels], (*CLASS_COLORS, GREY), CLASS_MARKERS + OTHERS_MARKER


def _principal_components(embedding, real):
    """Return all rows on the first two principal components of the real ones, and the components' variance shares."""
    mean = real.mean(axis=0)
    _, lengths, directions = np.linalg.svd(real - mean, full_matrices=False)  # directions: (n_directions, n_components)
    # The sign of a direction is arbitrary; its largest entry is made positive, so that the picture is always the same.
    largest = np.abs(directions).argmax(axis=1)[:, None]
    directions = directions * np.where(np.take_along_axis(directions, largest, axis=1) < 0, -1.0, 1.0)
    points = (embedding - mean) @ directions[:2].T  # (n_samples, 2), or (n_samples, 1) of an embedding of one column
    shares = lengths[:2] ** 2 / max((lengths**2).sum(), np.finfo(float).tiny)
    n_missing = 2 - points.shape[1]
    return np.pad(points, [(0, 0), (0, n_missing)]), tuple(np.pad(shares, (0, n_missing)).tolist())


def _hardness(embedding, triplets):
    """Return the distance to the positive minus that to the negative, for each triplet."""
    anchor, positive, negative = (embedding[rows] for rows in triplets.T)  # (n_triplets, n_components) each
    return np.linalg.norm(anchor - positive, axis=1) - np.linalg.norm(anchor - negative, axis=1)
