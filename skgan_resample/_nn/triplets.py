"""Hard positives and hard negatives in an embedding, in the spirit of Zhu et al. (arXiv:2112.02259); torch only.

We could not obtain the text of the paper, so the formulas are our choice: the piecewise-linear stretch of a pair, the
adaptive threshold of the reverse triplet loss, the losses of the generators. Distances are Euclidean, not squared.
"""

from dataclasses import dataclass
from numbers import Real

import torch
from torch import nn
from torch.nn import functional

from skgan_resample._nn.networks import mlp
from skgan_resample._nn.training import descend

MINED_POSITIVES, MINED_NEGATIVES = 8, 32  # at most, of each anchor and step


EASE, STEER = 0.8, 0.9  # shares of triplets from which the threshold moves; see ThresholdController


TINY = 1e-12  # under square roots, whose slope at 0 is infinite


# ------------------------------------------------------------------------------------------------ networks
class Encoder(nn.Module):
    """A linear map plus a multilayer perceptron; untrained, it is the linear map alone."""

    def __init__(self, n_inputs, hidden_layer_sizes, n_components):
        super().__init__()
        self.linear = nn.Linear(n_inputs, n_components, bias=False)
        self.bend = mlp(n_inputs, hidden_layer_sizes, n_components)
        nn.init.zeros_(self.bend[-1].weight)
        nn.init.zeros_(self.bend[-1].bias)

    def begin_at(self, directions):
        """Make the linear map the projection on `directions`; components without a direction begin at 0."""
        # directions (n_directions, n_inputs)
        with torch.no_grad():
            self.linear.weight.zero_()
            self.linear.weight[: len(directions)] = directions

    def forward(self, rows):
        """Return the embedding, shape (n, n_components), of rows of shape (n, n_inputs)."""
        return self.linear(rows) + self.bend(rows)


# ------------------------------------------------------------------------------------------------ stage 1: positives
def stretched_distance(distance, low, high, strength):
    """Return what distance a pair of one class is to have: a piecewise-linear function of the one it has.

    Near pairs move apart by the share `strength`, far ones stay, and between `low` and `high` the gain falls linearly.
    If `high` is below (1 + strength) * low it counts as that, so that the function never falls.
    """
    low, high, strength = (torch.as_tensor(value, dtype=distance.dtype) for value in (low, high, strength))
    high = torch.maximum(high, (1 + strength) * low)
    share_left = ((high - distance) / (high - low).clamp_min(TINY)).clamp(0, 1)
    return distance + strength * torch.minimum(distance, low * share_left)


def stretch_shares(distance, low, high, strength, clearance=None):
    """Return by what share of its length a pair is to grow at either end.

    `clearance` is the distance from either end to the nearest row of another class. An end moves at most half-way
    there, so that it stays on its own side of the middle.
    """
    # distance (n,), clearance (n, 2) -> (n,), or (n, 2) with clearance
    gain = stretched_distance(distance, low, high, strength) - distance
    share = gain / distance.clamp_min(TINY) / 2
    if clearance is None:
        return share
    return torch.minimum(share[:, None], clearance / 2 / distance.clamp_min(TINY)[:, None])


# ------------------------------------------------------------------------------------------------ stage 2: negatives
def reverse_triplet_loss(to_negative, to_positive, threshold):
    """Return the mean of [d(a, n) - d(a, p) + threshold]+: at 0 a made negative may be as far as the positive."""
    return functional.relu(to_negative - to_positive + threshold).mean()


def pulled_share(to_negative, to_positive, threshold):
    """Return what share of its way to the anchor a negative must go to meet the reverse constraint, half at most."""
    return (1 - (to_positive - threshold) / to_negative.clamp_min(TINY)).clamp(0, 0.5)


class ThresholdController:
    """Move the threshold of the reverse triplet loss from the easy `start` towards `end` as the generator keeps up.

    It moves on by a twentieth when more than 80 % of the triplets meet the constraint and more than 90 % of the
    negatives are still taken for their class, and back when fewer than 80 % of these are.
    """

    def __init__(self, start, end=0.0):
        self.start, self.end, self.value = start, end, start

    def update(self, met, kept):
        """Take the share of constraints met and of negatives that keep their class."""
        pace = 0.05 * (self.end - self.start)
        if met > EASE and kept > STEER:
            self.value += pace
        elif kept < EASE:
            self.value -= pace
        self.value = min(max(self.value, self.start), self.end)


# ------------------------------------------------------------------------------------------------ triplets of a batch
def distances(rows, others):
    """Return Euclidean distances, shape (n, m), with a finite slope at 0."""
    squared = rows.square().sum(dim=1)[:, None] + others.square().sum(dim=1) - 2 * rows @ others.T
    return squared.clamp_min(TINY).sqrt()


def lengths(vectors):
    """Return the Euclidean norm of each row, not quite 0, since its slope there is infinite."""
    return vectors.square().sum(dim=1).clamp_min(TINY).sqrt()


def margin_loss(to_positive, to_negative, margin):
    """Return the mean of [to_positive - to_negative + margin]+ over the triplets in which it is not 0."""
    violation = functional.relu(to_positive - to_negative + margin)
    return violation.sum() / (violation > 0).sum().clamp_min(1)


def triplet_loss(distance, labels, margin, mining="all", itself=None):
    """Return the mean of [d(a, p) - d(a, n) + margin]+ over the triplets in which it is not 0.

    Triplets are 8 positives times 32 negatives of each anchor, drawn at random ("all"); those of them whose negative is
    farther than the positive, but by less than the margin ("semihard"); or the farthest positive with the nearest
    negative ("hard"). `itself` marks candidates that are the anchor, and so no positives.
    """
    # distance (n, n), labels (n,), itself (n, n)
    if mining == "hard":
        same = labels[:, None] == labels
        positive = same if itself is None else same & ~itself
        infinity = torch.tensor(torch.inf, device=distance.device)
        farthest = torch.where(positive, distance, -infinity).amax(dim=1)
        nearest = torch.where(same, infinity, distance).amin(dim=1)
        usable = farthest.isfinite() & nearest.isfinite()
        return margin_loss(farthest[usable], nearest[usable], margin)
    positive, negative = drawn_places(labels, MINED_POSITIVES, MINED_NEGATIVES)
    violation = distance.gather(1, positive)[:, :, None] - distance.gather(1, negative)[:, None, :] + margin
    counts = violation > 0
    if itself is not None:
        counts &= ~itself.gather(1, positive)[:, :, None]
    if mining == "semihard":
        counts &= violation < margin
    return (violation * counts).sum() / counts.sum().clamp_min(1)


def drawn_places(labels, n_positive, n_negative):
    """Return random positions of rows of the same and of other classes."""
    # labels (n,) -> (n, n_positive), (n, n_negative)
    first, size = _runs(labels)
    positive = first + (torch.rand(len(labels), n_positive, device=labels.device) * size).long()
    negative = (torch.rand(len(labels), n_negative, device=labels.device) * (len(labels) - size)).long()
    return positive, negative + size * (negative >= first)


def partners(labels):
    """Return for each row of a batch the position of a random other row of its class; its own if there is none."""
    # labels (n,), class after class -> (n,)
    first, size = _runs(labels)
    within = torch.arange(len(labels), device=labels.device)[:, None] - first
    steps = 1 + (torch.rand(len(labels), 1, device=labels.device) * (size - 1)).long()
    return (first + (within + steps) % size)[:, 0]


def _runs(labels):
    """Return where the class of each row begins and how many rows it has, two tensors of shape (n, 1)."""
    begins = torch.ones_like(labels, dtype=torch.bool)
    begins[1:] = labels[1:] != labels[:-1]
    run = begins.cumsum(0) - 1
    sizes = torch.bincount(run)
    return (sizes.cumsum(0) - sizes)[run][:, None], sizes[run][:, None]


# ------------------------------------------------------------------------------------------------ the steps of training
WEIGHTS = {
    "reconstruction": 1.0,  # G1 gives back rows from their embeddings
    "consistency": 1.0,  # stretched rows are embedded where the stretched embedding is
    "classification": 1.0,  # made rows are taken for their class
    "reverse": 1.0,  # made negatives are near the stretched pair
    "keep": 0.1,  # made negatives are near the rows that they come from
    "adversarial": 0.1,  # made rows are taken for real ones of their class
    "synthetic": 0.5,  # share of made triplets in the loss of the encoder
}


BREAKPOINTS = 0.5, 0.9  # of the stretch, as quantiles of same-class distances
MEMORY = 0.9  # of running means


class Curriculum:
    """How hard made triplets are: strength of the stretch, its breakpoints, threshold of the reverse triplet loss."""

    def __init__(self, stretch, hardness):
        # stretch is the largest share by which a pair grows; hardness "adaptive" rises from none after the warm-up to
        # full at the end, a number stays
        self.stretch, self.hardness = stretch, hardness
        self.low = self.high = self.threshold = None
        self.ramp = 0.0
        self._met, self._kept = [], []

    @property
    def strength(self):
        """Share by which near pairs grow now."""
        return self.stretch * self.ramp

    def begin(self, distance, labels):
        """Set the start of the threshold from the distances within a batch of real rows."""
        same = labels[:, None] == labels
        off = ~torch.eye(len(labels), dtype=torch.bool, device=labels.device)
        within = distance[same & off].mean().item() if (same & off).any() else 0.0
        across = distance[~same].mean().item() if (~same).any() else within
        start = min(within - across, 0.0)
        self.threshold = ThresholdController(start)
        if self.hardness != "adaptive":
            self.threshold.value = start * (1 - self.hardness)

    def follow(self, progress, pair_distance):
        """Take the progress since the warm-up, in [0, 1], and the distances of some pairs."""
        self.ramp = progress if self.hardness == "adaptive" else self.hardness
        low, high = pair_distance.detach().quantile(torch.tensor(BREAKPOINTS, device=pair_distance.device))
        self.low = low if self.low is None else torch.lerp(low, self.low, MEMORY)
        self.high = high if self.high is None else torch.lerp(high, self.high, MEMORY)

    def judge(self, met, kept):
        """Collect the shares of a step, tensors; every tenth step they move the threshold."""
        self._met.append(met)
        self._kept.append(kept)
        if len(self._met) == 10:
            means = (torch.stack(values).float().mean().item() for values in (self._met, self._kept))
            self._met, self._kept = [], []
            if self.hardness == "adaptive":
                self.threshold.update(*means)

    def shares(self, distance, clearance):
        """Return by what share of its length each pair is to grow at either end now, shape (n, 2)."""
        return stretch_shares(distance, self.low, self.high, self.strength, clearance)

    def summary(self):
        """Return where it stands as numbers; None where it never began."""
        if self.threshold is None:
            return None
        return {"strength": float(self.strength), "threshold": float(self.threshold.value)}


@dataclass
class Networks:
    """The networks and their optimizers; generators and discriminator are None without a GAN."""

    encoder: nn.Module
    classifier: nn.Module
    positives: nn.Module | None = None
    negatives: nn.Module | None = None
    discriminator: nn.Module | None = None


def loss_weights(changed=None):
    """Return the weights of the losses, `WEIGHTS` with some of them changed."""
    unknown = set(changed or {}) - set(WEIGHTS)
    if unknown:
        raise ValueError(f"loss_weights names {sorted(unknown)}; there are {sorted(WEIGHTS)}.")
    weights = {**WEIGHTS, **(changed or {})}
    for name, value in weights.items():
        if not isinstance(value, Real) or not value >= 0 or (name == "synthetic" and value > 1):
            raise ValueError(f"loss_weights[{name!r}] must be at least 0, and a share for 'synthetic'; got {value!r}.")
    return weights


def triplet_step(
    networks, optimizers, rows, labels, *, curriculum, margin, mining, makes, share_variation, warm_up, weights
):
    """Return a step that trains the classifier on real rows, and the encoder on real and, after the warm-up, made ones.

    No network makes the rows: positives lie on the stretched straight line through two rows of a class or, with
    `share_variation`, through a row and its shift by the difference of two rows of any class; negatives are embeddings
    pulled towards the stretched pair.
    """
    # rows (n, width), labels (n,)
    encoder, classifier = networks.encoder, networks.classifier

    def step(indices, progress):
        x, y = rows[indices], labels[indices]
        classifier_loss = functional.cross_entropy(classifier(x), y)
        descend(optimizers["classifier"], classifier_loss)
        z = encoder(x)
        same, itself = y[:, None] == y, indices[:, None] == indices
        loss = triplet_loss(distances(z, z), y, margin, mining, itself)
        report = {"classifier_loss": classifier_loss, "triplet_loss": loss}
        if makes and progress >= warm_up:
            if curriculum.threshold is None:
                curriculum.begin(distances(z.detach(), z.detach()), y)
            made = _made_loss(x, y, z, same, (progress - warm_up) / (1 - warm_up))
            weight = weights["synthetic"]
            loss = (1 - weight) * loss + weight * made
            report |= {"synthetic_loss": made, "threshold": torch.tensor(curriculum.threshold.value)}
        descend(optimizers["encoder"], loss)
        return report

    def _made_loss(x, y, z, same, progress):
        ends = partners(y)
        shift = x[ends] - x
        borrowed = torch.rand(len(x), device=x.device) < share_variation
        shift = torch.where(borrowed[:, None], shift[torch.randperm(len(x), device=x.device)], shift)
        far = encoder(x + shift)
        with torch.no_grad():
            pair = lengths(far - z)
            curriculum.follow(progress, pair)
            clearance = torch.stack([nearest_other(z, z, same), nearest_other(far, z, same)], dim=1)
            share = curriculum.shares(pair, clearance)
        losses = []
        if "positives" in makes:
            u = torch.rand(2, len(x), 1, device=x.device) * (1 + share.sum(dim=1, keepdim=True)) - share[:, :1]
            made, more = encoder(x + u * shift)
            losses.append(triplet_loss(distances(z, made), y, margin, mining))
            losses.append(triplet_loss(distances(made, more), y, margin, mining))
        if "negatives" in makes:
            near, far = z - share[:, :1] * (far - z), far + share[:, 1:] * (far - z)
            losses.append(_pulled_loss(near, far, z, y))
        return sum(losses) / len(losses)

    def _pulled_loss(near, far, z, y):
        to_positive = lengths(far - near)[:, None]
        to_negative = distances(near, z).gather(1, drawn_places(y, 1, MINED_NEGATIVES)[1])
        share = pulled_share(to_negative, to_positive, curriculum.threshold.value).detach()
        pulled = (1 - share) * to_negative  # the way to the anchor is straight
        met = (pulled <= to_positive - curriculum.threshold.value).float().mean()
        loss = margin_loss(to_positive, pulled, margin)
        curriculum.judge(met, torch.ones_like(met))  # embeddings have no class to lose
        return loss

    return step


def held_out_error(encoder, rows, labels, test_rows, test_labels, n_triplets=2000):
    """Return a function for `train`: the share of triplets with a held-out anchor that are ordered wrongly."""
    # The triplets are drawn once; their positives and negatives are among `rows`, (n, width).
    anchors = torch.randint(len(test_rows), (n_triplets,), device=rows.device)
    order = labels.argsort()
    sizes = torch.bincount(labels, minlength=int(test_labels.max()) + 1)
    own = test_labels[anchors]
    first, size = (sizes.cumsum(0) - sizes)[own], sizes[own]
    draws = torch.rand(2, n_triplets, device=rows.device)
    positives = order[first + (draws[0] * size).long()]
    beyond = (draws[1] * (len(rows) - size)).long()
    negatives = order[beyond + size * (beyond >= first)]

    @torch.no_grad()
    def error():
        a = encoder(test_rows)[anchors]
        z = encoder(rows)
        to_positive, to_negative = ((a - z[others]).square().sum(dim=1) for others in (positives, negatives))
        return (to_positive >= to_negative).float().mean()

    return error


def nearest_other(points, z, same):
    """Return the distance of each point to the nearest embedding of another class in the batch."""
    infinity = torch.tensor(torch.inf, device=z.device)
    return torch.where(same, infinity, distances(points, z)).amin(dim=1)


def principal_directions(rows, n_components):
    """Return up to `n_components` principal directions, scaled so that projections have a mean square norm of 1."""
    centered = rows - rows.mean(dim=0)
    directions = torch.linalg.svd(centered, full_matrices=False).Vh[:n_components]
    return directions / (centered @ directions.T).square().sum(dim=1).mean().sqrt().clamp_min(TINY)
