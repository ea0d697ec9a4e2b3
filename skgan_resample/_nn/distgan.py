"""DistGAN, the second stage of SMOGAN: candidates are moved onto the distribution of the real rare rows."""

from dataclasses import dataclass

import torch

from skgan_resample._nn.losses import gradient_penalty, mmd, self_similarity
from skgan_resample._nn.training import descend


@dataclass
class RareRows:
    """Rows in rare bumps, on one device."""

    vectors: torch.Tensor  # (n, width)
    # (n,): which run of rare target values each row belongs to; rows of different bumps are not compared
    bump: torch.Tensor
    # (n, n_parents): the real rows that each row was made from, itself if it is real; -1 where there is none
    parents: torch.Tensor

    def __len__(self):
        return len(self.vectors)

    def __getitem__(self, rows):
        return RareRows(self.vectors[rows], self.bump[rows], self.parents[rows])

    def drawn(self, n):
        """Return `n` rows drawn at random with replacement."""
        return self[torch.randint(len(self), (n,), device=self.vectors.device)]

    def pairs(self, others):
        """Return which rows of two sets are of the same bump, bool of shape (n, n_others)."""
        return self.bump[:, None] == others.bump

    def unrelated_pairs(self, others):
        """Return which rows of two sets are of the same bump and have no parent in common, (n, n_others)."""
        unrelated = self.pairs(others)
        for mine in self.parents.T:  # (n,): the first parent of every row, then the second
            for theirs in others.parents.T:
                unrelated = unrelated & ((mine[:, None] != theirs) | (mine[:, None] < 0))
        return unrelated


def distgan_step(generator, critic, *, optimizers, real, candidates, scale, options):
    """Return the function that updates the critic, then the generator, on a batch of candidates."""

    def moved(drafts):
        return generator(drafts.vectors, torch.randn(len(drafts), options.noise_dim, device=drafts.vectors.device))

    def update_critic(drafts):
        """Take one step of the Wasserstein loss with gradient penalty."""
        with torch.no_grad():
            fakes = moved(drafts)
        batch = real.drawn(len(drafts)).vectors
        loss = critic(fakes).mean() - critic(batch).mean()  # the Wasserstein distance, negated
        loss = loss + options.penalty_weight * gradient_penalty(critic, batch, fakes)
        descend(optimizers["critic"], loss)
        return loss

    def step(indices, progress):
        drafts = candidates[indices]
        losses = {}
        if options.adversarial_weight:
            for _ in range(options.n_critic):
                losses["critic_loss"] = update_critic(drafts)
        batch = real if len(real) <= options.batch_size else real.drawn(options.batch_size)  # few rare rows: all
        fakes = moved(drafts)
        # (n, n_real): rows of one bump, without parents if so set
        compared = drafts.unrelated_pairs(batch) if options.leave_parents_out else drafts.pairs(batch)
        distance = mmd(fakes, batch.vectors, scale, options.mmd_bandwidths, drafts.pairs(drafts), compared)
        # Squared length of the moves; columns are in standard deviations of the rare rows.
        anchor = (fakes - drafts.vectors).square().sum(dim=1).mean()
        loss = options.mmd_weight * distance + options.anchor_weight * anchor
        if options.adversarial_weight:
            loss = loss - options.adversarial_weight * critic(fakes).mean()
        descend(optimizers["generator"], loss)
        return {**losses, "generator_loss": loss, "mmd": distance}

    return step


def held_out_mmd(generator, candidates, held_out, scale, options, n_rows):
    """Return the function that measures the squared MMD between moved candidates and held-out real rows.

    At most `n_rows` candidates are compared, always the same ones with the same noise. Bumps count by their shares.
    """
    device, bandwidths = candidates.vectors.device, options.mmd_bandwidths
    chosen = candidates[torch.randperm(len(candidates), device=device)[:n_rows]]
    noise = torch.randn(len(chosen), options.noise_dim, device=device)
    pairs, cross_pairs = chosen.pairs(chosen), chosen.pairs(held_out)
    constant = sum(  # the part of the MMD that the generator cannot change
        (chosen.bump == bump).float().mean()
        * self_similarity(held_out.vectors[held_out.bump == bump], scale, bandwidths)
        for bump in held_out.bump.unique()
    )

    def evaluate():
        with torch.no_grad():
            moved = generator(chosen.vectors, noise)
            return {"score": constant + mmd(moved, held_out.vectors, scale, bandwidths, pairs, cross_pairs)}

    return evaluate
