"""DistGAN, the second stage of SMOGAN: candidates are moved onto the distribution of the real rare rows."""

from dataclasses import dataclass

import torch

from skgan_resample._nn.losses import gradient_penalty, mmd, self_similarity
from skgan_resample._nn.training import descend


@dataclass
class Rows:
    """Rows of one kind on one device.

    Parameters
    ----------
    vectors : tensor of shape (n, width)
    bump : tensor of int, shape (n,)
        Which run of rare target values each row belongs to; rows of different bumps are not compared.
    parents : tensor of int, shape (n, n_parents)
        The real rows that each row was made from, itself if it is real; -1 where there is none.
    """

    vectors: torch.Tensor
    bump: torch.Tensor
    parents: torch.Tensor

    def __len__(self):
        return len(self.vectors)

    def __getitem__(self, rows):
        return Rows(self.vectors[rows], self.bump[rows], self.parents[rows])

    def drawn(self, n):
        """Return `n` rows drawn at random with replacement."""
        return self[torch.randint(len(self), (n,), device=self.vectors.device)]

    def pairs(self, others):
        """Return which rows of two sets are of the same bump, bool of shape (n, n_others)."""
        return self.bump[:, None] == others.bump

    def unrelated_pairs(self, others):
        """Return which rows of two sets are of the same bump and have no parent in common."""
        unrelated = self.pairs(others)
        for mine in self.parents.T:
            for theirs in others.parents.T:
                unrelated = unrelated & ((mine[:, None] != theirs) | (mine[:, None] < 0))
        return unrelated


def distgan_step(
    generator,
    critic,
    *,
    optimizers,
    real,
    candidates,
    batch_size,
    noise_dim,
    n_critic,
    adversarial_weight,
    mmd_weight,
    anchor_weight,
    penalty_weight,
    bandwidths,
    scale,
    leave_parents_out,
):
    """Return the function that updates the critic, then the generator, on a batch of candidates.

    Parameters
    ----------
    generator : ResidualGenerator
    critic : callable, (n, width) -> (n, 1)
    optimizers : dict
        Those of "generator" and "critic".
    real, candidates : Rows
    batch_size, noise_dim, n_critic : int
        `n_critic` updates of the critic for each of the generator.
    adversarial_weight, mmd_weight, anchor_weight, penalty_weight : float
        Of the critic's opinion, the MMD and the squared length of the moves in the loss of the generator, and of the
        gradient penalty in the loss of the critic. With an adversarial weight of 0 the critic is not trained.
    bandwidths : sequence of float
    scale : float
    leave_parents_out : bool
        Compare no candidate with the real rows that it was made from.
    """

    def moved(drafts):
        return generator(drafts.vectors, torch.randn(len(drafts), noise_dim, device=drafts.vectors.device))

    def update_critic(drafts):
        with torch.no_grad():
            fakes = moved(drafts)
        batch = real.drawn(len(drafts)).vectors
        loss = critic(fakes).mean() - critic(batch).mean()
        loss = loss + penalty_weight * gradient_penalty(critic, batch, fakes)
        descend(optimizers["critic"], loss)
        return loss

    def step(indices, progress):
        drafts = candidates[indices]
        losses = {}
        if adversarial_weight:
            for _ in range(n_critic):
                losses["critic_loss"] = update_critic(drafts)
        batch = real if len(real) <= batch_size else real.drawn(batch_size)
        fakes = moved(drafts)
        compared = drafts.unrelated_pairs(batch) if leave_parents_out else drafts.pairs(batch)
        distance = mmd(fakes, batch.vectors, scale, bandwidths, drafts.pairs(drafts), compared)
        loss = mmd_weight * distance + anchor_weight * (fakes - drafts.vectors).square().sum(dim=1).mean()
        if adversarial_weight:
            loss = loss - adversarial_weight * critic(fakes).mean()
        descend(optimizers["generator"], loss)
        return {**losses, "generator_loss": loss, "mmd": distance}

    return step


def held_out_mmd(generator, candidates, held_out, noise_dim, scale, bandwidths, n_rows):
    """Return the function that measures the squared MMD between moved candidates and held-out real rows.

    At most `n_rows` candidates are compared, always the same ones, moved with the same noise. With several bumps it is
    the mean of their MMDs, weighted by their shares of the candidates.
    """
    device = candidates.vectors.device
    chosen = candidates[torch.randperm(len(candidates), device=device)[:n_rows]]
    noise = torch.randn(len(chosen), noise_dim, device=device)
    pairs, cross_pairs = chosen.pairs(chosen), chosen.pairs(held_out)
    constant = sum(
        (chosen.bump == bump).float().mean()
        * self_similarity(held_out.vectors[held_out.bump == bump], scale, bandwidths)
        for bump in held_out.bump.unique()
    )

    def evaluate():
        with torch.no_grad():
            moved = generator(chosen.vectors, noise)
            return {"score": constant + mmd(moved, held_out.vectors, scale, bandwidths, pairs, cross_pairs)}

    return evaluate
