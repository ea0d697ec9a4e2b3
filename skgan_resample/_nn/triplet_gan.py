"""The conditional GAN that draws hard positives and negatives in an embedding; torch only."""

import math

import torch
from torch import cat, nn
from torch.nn import functional
from torch.nn.utils.parametrizations import spectral_norm

from skgan_resample._nn.networks import mlp
from skgan_resample._nn.training import descend
from skgan_resample._nn.triplets import (
    MEMORY,
    TINY,
    distances,
    drawn_places,
    lengths,
    margin_loss,
    nearest_other,
    partners,
    reverse_triplet_loss,
    triplet_loss,
)


class Discriminator(nn.Module):
    """Score rows given their class: real ones high, made ones low. Spectral norm, and a projection of the class.

    Source: T. Miyato, M. Koyama, "cGANs with projection discriminator", ICLR 2018.
    """

    def __init__(self, n_inputs, hidden_layer_sizes, n_classes):
        super().__init__()
        *hidden, last = hidden_layer_sizes or (n_inputs,)
        self.body = mlp(n_inputs, hidden, last)
        for place, layer in enumerate(self.body):
            if isinstance(layer, nn.Linear):
                self.body[place] = spectral_norm(layer)
        self.score = spectral_norm(nn.Linear(last, 1))
        self.of_class = spectral_norm(nn.Linear(n_classes, last, bias=False))

    def forward(self, rows, membership):
        """Return scores of shape (n,) for rows of shape (n, n_inputs) and one-hot classes of shape (n, n_classes)."""
        inside = functional.leaky_relu(self.body(rows), 0.2)
        return self.score(inside)[:, 0] + (inside * self.of_class(membership)).sum(dim=1)


def gan_step(
    networks, optimizers, rows, labels, *, curriculum, margin, mining, makes, share_variation, warm_up, weights
):
    """Return a step that trains all networks: the conditional GAN makes positives and negatives for the encoder.

    The first half of the warm-up trains encoder and classifier on real rows; its second half teaches the generator of
    positives to give back rows from their embeddings. Then every step trains the classifier, the discriminator, the
    two generators and the encoder, in this order. `share_variation` is not used.
    """
    encoder, classifier, discriminator = networks.encoder, networks.classifier, networks.discriminator
    n_classes = int(labels.max()) + 1
    reach = _interquartile_ranges(rows, labels, n_classes)
    memory = {}  # generator loss at the end of the warm-up, and of late

    def step(indices, progress):
        x, y = rows[indices], labels[indices]
        member = functional.one_hot(y, n_classes).to(x.dtype)
        same, itself = y[:, None] == y, indices[:, None] == indices
        report = {}
        if progress >= warm_up or progress < warm_up / 2 or not makes:
            report["classifier_loss"] = functional.cross_entropy(classifier(x), y)
            descend(optimizers["classifier"], report["classifier_loss"])
        elif progress < warm_up:
            with torch.no_grad():
                z = encoder(x)
            report["reconstruction_loss"] = (networks.positives(cat([z, member], dim=1)) - x).square().mean()
            descend(optimizers["positives"], report["reconstruction_loss"])
            return report
        z = encoder(x)
        real = triplet_loss(distances(z, z), y, margin, mining, itself)
        report["triplet_loss"] = real
        if not makes or progress < warm_up:
            descend(optimizers["encoder"], real)
            return report
        if curriculum.threshold is None:
            curriculum.begin(distances(z.detach(), z.detach()), y)
        made, generator_report = _train_generators(x, y, member, z.detach(), same, (progress - warm_up) / (1 - warm_up))
        report |= generator_report
        share = _share_of_real(generator_report["generator_loss"], memory, weights["synthetic"])
        anchor, positive, negative = (encoder(part) for part in made)
        synthetic = margin_loss(lengths(anchor - positive), lengths(anchor - negative), margin)
        descend(optimizers["encoder"], share * real + (1 - share) * synthetic)
        report |= {"synthetic_loss": synthetic, "threshold": torch.tensor(curriculum.threshold.value)}
        return report

    def _train_generators(x, y, member, z, same, progress):
        ends = partners(y)  # (n,), positions in the batch
        others = drawn_places(y, 0, 1)[1][:, 0]  # (n,), of rows of another class
        with torch.no_grad():
            pair = lengths(z[ends] - z)
            curriculum.follow(progress, pair)
            clearance = nearest_other(z, z, same)
            share = curriculum.shares(pair, torch.stack([clearance, clearance[ends]], dim=1))
            way = z[ends] - z
            wanted = [z - share[:, :1] * way, z[ends] + share[:, 1:] * way]
        # (3 n, n_components + n_classes) -> (3 n, width)
        back = networks.positives(cat([cat([z, *wanted]), member.repeat(3, 1)], dim=1))
        given, near, far = back.chunk(3)
        anchor, positive = x + near - given, x[ends] + far - given[ends]
        pair_places = encoder(cat([anchor, positive]))
        place_a, place_p = pair_places.chunk(2)
        inputs = cat([place_a.detach(), place_p.detach(), z[others], member[others]], dim=1)
        negative = x[others] + reach[y[others]] * torch.tanh(networks.negatives(inputs))
        fakes, fake_member = cat([anchor, positive, negative]), cat([member, member, member[others]])
        discriminator_loss = _hinge_loss(discriminator(x, member), discriminator(fakes.detach(), fake_member))
        descend(optimizers["discriminator"], discriminator_loss)

        to_positive, to_negative = lengths(place_p - place_a), lengths(encoder(negative) - place_a)
        guesses = classifier(fakes)
        reverse = reverse_triplet_loss(to_negative, to_positive.detach(), curriculum.threshold.value)
        losses = {
            "reconstruction": (given - x).square().mean(),
            "consistency": (pair_places - cat(wanted)).square().sum(dim=1).mean(),
            "classification": functional.cross_entropy(guesses, cat([y, y, y[others]])),
            "reverse": reverse / pair.mean().clamp_min(TINY),
            "keep": (negative - x[others]).square().mean(),
            "adversarial": -discriminator(fakes, fake_member).mean(),
        }
        loss = sum(weights[name] * value for name, value in losses.items())
        for name in ("positives", "negatives"):
            optimizers[name].zero_grad()
        descend(optimizers["positives"], loss)
        optimizers["negatives"].step()
        met = (to_negative - to_positive + curriculum.threshold.value <= 0).float().mean()
        kept = (guesses[2 * len(y) :].argmax(dim=1) == y[others]).float().mean()
        curriculum.judge(met, kept)
        made = anchor.detach(), positive.detach(), negative.detach()
        names = {f"{name}_loss": value for name, value in losses.items()}
        return made, {**names, "generator_loss": loss, "discriminator_loss": discriminator_loss}

    return step


def _hinge_loss(of_real, of_made):
    """Return the loss of a discriminator's scores: real rows should be above 1, made ones below -1."""
    return functional.relu(1 - of_real).mean() + functional.relu(1 + of_made).mean()


def _share_of_real(generator_loss, memory, most):
    """Return the weight of real triplets, exp(-beta / generator loss); that of made ones is at most `most`."""
    # beta is chosen so that the weight is a half while the loss is what it was at first.
    now = generator_loss.detach().clamp_min(TINY)
    first = memory.setdefault("first", now)
    memory["now"] = torch.lerp(now, memory.get("now", now), MEMORY)
    return torch.exp(-math.log(2) * first / memory["now"]).clamp_min(1 - most)


def _interquartile_ranges(rows, labels, n_classes):
    """Return the interquartile range of each column within each class, shape (n_classes, width)."""
    ranges = torch.zeros(n_classes, rows.shape[1], device=rows.device)
    quartiles = torch.tensor([0.25, 0.75], device=rows.device)
    for label in range(n_classes):
        if (labels == label).any():
            low, high = rows[labels == label].quantile(quartiles, dim=0)
            ranges[label] = high - low
    return ranges
