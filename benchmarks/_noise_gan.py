"""New rare rows from noise: a small conditional WGAN-GP, the stand-in for CTGAN in `smogan_quality.py`.

It is trained on the same rows as SMOGAN, but it begins with noise where SMOGAN begins with a candidate.
"""

import copy

import numpy as np
import torch
from torch.nn import functional
from torch.optim import Adam

from skgan_resample._nn.losses import gradient_penalty
from skgan_resample._nn.networks import mlp
from skgan_resample._nn.training import descend, one_thread, plain_batches, seeded, train
from skgan_resample.over_sampling import BaseRegressionSampler, Draft

NOISE_DIM = 16
HIDDEN_LAYER_SIZES = (64, 64)
MAX_STEPS = 300
BATCH_SIZE = 128
LEARNING_RATE = 2e-3
N_CRITIC = 3
PENALTY = 10.0
TEMPERATURE = 0.2  # of the Gumbel softmax that draws categories, as in CTGAN
JITTER = 0.05  # of a drawn target, in standard deviations of the targets of its bump


class NoiseGANSampler(BaseRegressionSampler):
    """Over-sample rare target values by a GAN that turns noise and a target value into a row.

    Parameters and attributes are those of `RandomOverSampler`; the GAN is trained on the rare rows alone. The target of
    a new row is that of a rare row, jittered within the bump.
    """

    def _fit(self, X, y, rng):
        """Train generator and critic on the rare rows."""
        self._rare = [bump for bump in self.bumps_ if bump.is_rare]
        rows = np.concatenate([bump.indices for bump in self._rare])
        self._space = copy.deepcopy(self.encoder_).rescale(X[rows])
        self._center, self._scale = y[rows].mean(), y[rows].std() or 1.0
        values = torch.tensor(self._space.encode_codes(X[rows]), dtype=torch.float32)
        bumps = np.repeat(np.arange(len(self._rare)), [len(bump.indices) for bump in self._rare])
        conditions = self._conditions(y[rows], bumps)
        with seeded(rng):
            n_conditions, width = conditions.shape[1], values.shape[1]
            self.generator_ = mlp(NOISE_DIM + n_conditions, HIDDEN_LAYER_SIZES, width)
            critic = mlp(width + n_conditions, HIDDEN_LAYER_SIZES, 1)
            train(
                self._step(critic, torch.cat([values, conditions], dim=1), conditions),
                plain_batches(len(rows), BATCH_SIZE, rng),
                max_steps=MAX_STEPS,
                modules={"generator": self.generator_, "critic": critic},
            )

    def _step(self, critic, real, conditions):
        """Return the function that updates the critic a few times, then the generator."""
        critic_optimizer = Adam(critic.parameters(), LEARNING_RATE, betas=(0.5, 0.9))
        generator_optimizer = Adam(self.generator_.parameters(), LEARNING_RATE, betas=(0.5, 0.9))

        def step(indices, progress):
            for _ in range(N_CRITIC):
                batch = torch.randint(len(real), (len(indices),))
                fakes = self._generate(conditions[batch]).detach()
                critic_loss = critic(fakes).mean() - critic(real[batch]).mean()
                critic_loss = critic_loss + PENALTY * gradient_penalty(critic, real[batch], fakes)
                descend(critic_optimizer, critic_loss)
            generator_loss = -critic(self._generate(conditions[indices])).mean()
            descend(generator_optimizer, generator_loss)
            return {"critic_loss": critic_loss, "generator_loss": generator_loss}

        return step

    def _generate(self, conditions):
        """Return rows made of noise, with their conditions behind them."""
        noise = torch.randn(len(conditions), NOISE_DIM)
        raw = self.generator_(torch.cat([noise, conditions], dim=1))
        parts = []
        for column in self._space.columns_:
            part = raw[:, column.encoded]
            if column.is_nominal:
                part = functional.gumbel_softmax(part, tau=TEMPERATURE)
            elif part.shape[1] == 2:  # a number and whether it is missing
                part = torch.cat([part[:, :1], torch.sigmoid(part[:, 1:])], dim=1)
            parts.append(part)
        return torch.cat([*parts, conditions], dim=1)

    def _conditions(self, y, bumps):
        """Return the scaled target and the bump of each row as one tensor."""
        columns = np.column_stack([(y - self._center) / self._scale, np.eye(len(self._rare))[bumps]])
        return torch.tensor(columns, dtype=torch.float32)

    def _draw(self, X, y, rng):
        """Draw targets, then rows that go with them; what is out of range is clipped by the base class."""
        targets, bumps = [], []
        for bump, rows, n_new in self._growing_bumps():
            drawn = y[rows][self._choose_seeds(y[rows], n_new, rng)]
            drawn = drawn + rng.normal(scale=JITTER * y[rows].std(), size=n_new)
            targets.append(np.clip(drawn, bump.low, bump.high))
            bumps.append(np.full(n_new, [rare.name for rare in self._rare].index(bump.name)))
        targets, bumps = np.concatenate(targets), np.concatenate(bumps)
        with seeded(rng), one_thread(), torch.no_grad():
            encoded = self._generate(self._conditions(targets, bumps))[:, : self._space.width_].numpy()
        return Draft(self._space.decode_codes(encoded), targets, np.full((len(targets), 2), -1))
