"""How fast is SMOGAN? In seconds, by its parts, against SMOGN alone, and against a bare torch loop of its arithmetic.

    OMP_NUM_THREADS=1 python benchmarks/smogan_speed.py    # all cases; takes four minutes

The tables are made, and the default relevance and threshold make exactly the high tail of the target rare. Warm means
that torch and its optimizer have been used in the process. Cold is the first fit of a process; the imports before it
are not in its seconds, and stand beside it. `cpu_seconds` is what the process itself used: on a busy machine it is
nearer than `seconds` to what an idle one takes. Both are the best of several runs, and calls that are put in a ratio
take turns. The parts of `fit_resample` are those of its fastest run.

The bare loop gets the tensors that `fit` trains on, and shares no code with the library. With the same weights and the
same draws its losses are those of `distgan_step`. `fit` reads the table, makes the candidates and trains; the
regressor that refines targets is fitted when rows are drawn, so it is in neither side of that ratio.
"""

import copy
import json
import os
import subprocess
import sys
import time
import warnings

import numpy as np
import pandas as pd
from _common import Results, best_time

REPEATS = 3
TABLES = {"1000 of 10000": (10_000, 1_000), "100 of 1000": (1_000, 100)}  # rows, rare rows
SECONDS = {"1000 of 10000": 5.0, "100 of 1000": 2.0}  # at most, warm
RATIO = 1.5  # of fit to the bare loop, at most


def made_table(n_rows, n_rare, *, mixed=False):
    """Return 20 columns and a target whose relevance reaches 0.5 in exactly `n_rare` rows, those of the high tail."""
    rng = np.random.RandomState(0)
    y = np.r_[rng.uniform(-1, 1, size=n_rows - n_rare), rng.uniform(2, 5, size=n_rare)]
    X = rng.normal(size=(n_rows, 20)) + y[:, None] * rng.uniform(size=20)
    if not mixed:
        return X, y
    frame = pd.DataFrame(X, columns=[f"x{j}" for j in range(20)])
    for j in range(5):
        frame[f"x{j}"] = np.array([f"level {i}" for i in range(8)])[(np.abs(X[:, j]) * 2).astype(int) % 8]
    for j in range(5, 10):
        frame[f"x{j}"] = np.round(X[:, j] * 3).astype(int)
    return frame, y


# The loop by hand ----------------------------------------------------------------------------------------------------
#
# Rows are triples of tensors: vectors (n, width), number of the bump (n,), parents (n, n_parents).


def bare_step(generator, critic, generator_optimizer, critic_optimizer, real, candidates, n_moved, scale):
    """Return the function that updates the critic three times, then the generator, on the candidates `indices`."""
    import torch

    def move(rows):
        shift = generator(torch.cat([rows, torch.randn(len(rows), 8)], dim=1))
        return torch.cat([rows[:, :n_moved] + shift, rows[:, n_moved:]], dim=1)

    def step(indices):
        drafts, draft_bump, draft_parents = (part[indices] for part in candidates)
        for _ in range(3):
            with torch.no_grad():
                fakes = move(drafts)
            batch = real[0][torch.randint(len(real[0]), (len(drafts),))]
            critic_loss = critic(fakes).mean() - critic(batch).mean()
            u = torch.rand(len(batch), 1)
            between = (u * batch + (1 - u) * fakes).requires_grad_(True)
            (gradient,) = torch.autograd.grad(critic(between).sum(), between, create_graph=True)
            critic_loss = critic_loss + 10.0 * ((gradient.norm(dim=1) - 1) ** 2).mean()
            critic_optimizer.zero_grad()
            critic_loss.backward()
            critic_optimizer.step()

        batch, batch_bump, batch_parents = real
        if len(batch) > 128:
            rows = torch.randint(len(batch), (128,))
            batch, batch_bump, batch_parents = batch[rows], batch_bump[rows], batch_parents[rows]
        fakes = move(drafts)
        compared = draft_bump[:, None] == batch_bump
        for parent in draft_parents.T:
            for row in batch_parents.T:
                compared = compared & ((parent[:, None] != row) | (parent[:, None] < 0))
        discrepancy = bare_mmd(fakes, batch, scale, draft_bump[:, None] == draft_bump, compared)
        loss = 200.0 * discrepancy + 20.0 * ((fakes - drafts) ** 2).sum(dim=1).mean() - critic(fakes).mean()
        generator_optimizer.zero_grad()
        loss.backward()
        generator_optimizer.step()
        return critic_loss.detach(), loss.detach(), discrepancy.detach()

    return step


def bare_mmd(fakes, real, scale, fake_pairs, cross_pairs):
    """Return the squared MMD over the pairs that count, but for the term of the real rows."""
    within = bare_kernel(fakes, fakes, scale)
    fake_pairs = fake_pairs.clone().fill_diagonal_(False)
    within = (within * fake_pairs).sum() / fake_pairs.sum()
    return within - 2 * (bare_kernel(fakes, real, scale) * cross_pairs).sum() / cross_pairs.sum()


def bare_kernel(a, b, scale):
    import torch

    squared = ((a**2).sum(dim=1)[:, None] + (b**2).sum(dim=1) - 2 * a @ b.T).clamp_min(0)
    return sum(torch.exp(squared / (-2 * width * scale)) for width in (0.25, 0.5, 1.0, 2.0, 4.0)) / 5


def bare_networks(width, n_moved):
    """Return generator and critic of the default sizes; the generator moves nothing at first."""
    from torch import nn

    def layers(n_inputs, n_outputs):
        return nn.Sequential(
            nn.Linear(n_inputs, 64), nn.LeakyReLU(0.2), nn.Linear(64, 64), nn.LeakyReLU(0.2), nn.Linear(64, n_outputs)
        )

    generator, critic = layers(width + 8, n_moved), layers(width, 1)
    nn.init.zeros_(generator[-1].weight)
    nn.init.zeros_(generator[-1].bias)
    return generator, critic


def bare_loop(real, candidates, held_out, n_moved):
    """Train with the defaults of SMOGAN, 200 steps and 21 evaluations; return the lowest held-out score."""
    import torch

    width = real[0].shape[1]
    generator, critic = bare_networks(width, n_moved)
    generator_optimizer = torch.optim.Adam(generator.parameters(), 2e-3, betas=(0.5, 0.9))
    critic_optimizer = torch.optim.Adam(critic.parameters(), 6e-3, betas=(0.5, 0.9))
    scale = (torch.pdist(real[0]) ** 2).median().item()
    step = bare_step(generator, critic, generator_optimizer, critic_optimizer, real, candidates, n_moved, scale)

    rows = torch.randperm(len(candidates[0]))[:512]
    chosen, chosen_bump, _ = (part[rows] for part in candidates)
    seen = torch.cat([chosen, torch.randn(len(chosen), 8)], dim=1)
    unseen, unseen_bump, _ = held_out
    fake_pairs, cross_pairs = chosen_bump[:, None] == chosen_bump, chosen_bump[:, None] == unseen_bump
    unseen_pairs = (unseen_bump[:, None] == unseen_bump).fill_diagonal_(False)
    constant = (bare_kernel(unseen, unseen, scale) * unseen_pairs).sum() / unseen_pairs.sum()

    n_batches = -(-len(candidates[0]) // 128)
    batches, scores, losses = [], [], []
    for number in range(201):
        if number % 10 == 0:
            with torch.no_grad():
                moved = torch.cat([chosen[:, :n_moved] + generator(seen), chosen[:, n_moved:]], dim=1)
                scores.append((constant + bare_mmd(moved, unseen, scale, fake_pairs, cross_pairs)).item())
            if min(scores) == scores[-1]:
                best = copy.deepcopy([generator.state_dict(), critic.state_dict()])
            if losses and not np.isfinite(torch.tensor(losses).mean(dim=0).tolist()).all():
                raise FloatingPointError(f"A loss is not finite at step {number}.")
            losses = []
        if number < 200:
            if not batches:
                batches = list(torch.randperm(len(candidates[0])).tensor_split(n_batches))
            losses.append(step(batches.pop()))
    generator.load_state_dict(best[0])
    critic.load_state_dict(best[1])
    return min(scores)


# What is measured ----------------------------------------------------------------------------------------------------


def sampler_in_parts():
    """Return a SMOGAN at its defaults that notes in `parts` the seconds of its parts, in `tensors` what it trains on.

    A class made here, so that the imports of the cold case come when it says so.
    """
    import torch

    from skgan_resample import SMOGANRegressorResampler

    class InParts(SMOGANRegressorResampler):
        def _fit_resample(self, X, y):
            self.parts = {}
            started = time.perf_counter()
            result = super()._fit_resample(X, y)
            self.parts["total"] = time.perf_counter() - started
            return result

        def _timed(self, name, method, *arguments):
            started = time.perf_counter()
            result = method(*arguments)
            self.parts[name] = time.perf_counter() - started
            return result

        def _training_candidates(self, *arguments):
            return self._timed("stage 1, to train on", super()._training_candidates, *arguments)

        def _train(self, X, y, train_rows, held_out, drafts, rng):
            def tensors(X, y, parents):
                bump = self.space_.bump_of(y)
                return [torch.from_numpy(part) for part in (self.space_.vectors(X, y, bump), bump, parents)]

            self._timed("training", super()._train, X, y, train_rows, held_out, drafts, rng)
            self.tensors = {
                "real": tensors(X[train_rows], y[train_rows], train_rows[:, None]),
                "candidates": tensors(drafts.X, drafts.y, drafts.parents),
                "held_out": tensors(X[held_out], y[held_out], held_out[:, None]),
                "n_moved": self.space_.n_moved,
            }

        def _moved(self, *arguments):
            return self._timed("generator", super()._moved, *arguments)

        def _with_refined_targets(self, *arguments):
            return self._timed("target refinement", super()._with_refined_targets, *arguments)

    return InParts(random_state=0, device="cpu")


def measured(*calls):
    """Return the seconds and the CPU seconds of each call, the best of several; the calls take turns."""
    seconds = np.empty((REPEATS, len(calls)))
    cpu_seconds = np.empty((REPEATS, len(calls)))
    for turn in range(REPEATS):
        for number, call in enumerate(calls):
            started = time.process_time()
            seconds[turn, number] = best_time(call, repeats=1)
            cpu_seconds[turn, number] = time.process_time() - started
    return list(zip(seconds.min(axis=0).tolist(), cpu_seconds.min(axis=0).tolist()))


def cold(key):
    """Print, as JSON, the seconds of the imports, of the first `fit_resample` of this process and of the second."""
    started = time.perf_counter()
    import torch  # noqa: F401

    imported = time.perf_counter()
    from skgan_resample import SMOGANRegressorResampler

    found = {"import torch": imported - started, "import skgan_resample": time.perf_counter() - imported}
    X, y = made_table(*TABLES[key])
    for name in ("first", "second"):
        cpu_started, started = time.process_time(), time.perf_counter()
        SMOGANRegressorResampler(random_state=0, device="cpu").fit_resample(X, y)
        found[name], found[f"{name} cpu"] = time.perf_counter() - started, time.process_time() - cpu_started
    print(json.dumps(found))


def first_step():
    """Print the seconds that the first step of an optimizer takes in a process that has imported torch."""
    import torch

    weight = torch.ones(1, requires_grad=True)
    started = time.perf_counter()
    optimizer = torch.optim.Adam([weight])
    weight.sum().backward()
    optimizer.step()
    print(time.perf_counter() - started)


def in_new_processes(*arguments):
    """Return what this script prints with these arguments, a JSON value for each of several processes."""
    command = [sys.executable, __file__, *arguments]
    return [
        json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout) for _ in range(REPEATS)
    ]


def add(results, table, case, seconds, cpu_seconds="", *, against="", other=("", ""), ratio="", target=""):
    """Write a row, and say so where a target is missed: the one for the ratio to the bare loop, else for the seconds.

    `other` are the seconds and the CPU seconds of what the case is put in a ratio to.
    """
    cpu_ratio = ""
    if against and not ratio:
        ratio, cpu_ratio = seconds / other[0], cpu_seconds / other[1]
    value = ratio if against == "bare loop" else seconds
    missed = target != "" and value > target
    results.add(
        table=table, case=case, seconds=seconds, cpu_seconds=cpu_seconds, against=against, ratio=ratio,
        cpu_ratio=cpu_ratio, target=target, missed="yes" if missed else "", load=os.getloadavg()[0],
    )  # fmt: skip
    if missed:
        print(f"MISSED: {case}, {table} rows: {value:.3g}, the target is {target:g}")


def time_cold(results, table):
    runs = in_new_processes("cold", table)
    for name in ("import torch", "import skgan_resample"):
        add(results, table, name, min(run[name] for run in runs))
    first, second = ([min(run[name + clock] for run in runs) for clock in ("", " cpu")] for name in ("first", "second"))
    add(results, table, "fit_resample, cold", *first, against="second fit", other=second, target=SECONDS[table])


def time_warm(results, table, X, y, *, target=""):
    """Time `fit_resample`, its parts, SMOGN alone, and `fit` against the bare loop."""
    import torch

    from skgan_resample import SMOGN, SMOGANRegressorResampler

    sampler, runs = sampler_in_parts(), []
    sampler.fit_resample(X, y)  # first calls are not counted
    tensors = sampler.tensors
    sizes = {name: tuple(part[0].shape) for name, part in tensors.items() if name != "n_moved"}
    print(f"{table}: {sizes}, n_moved={tensors['n_moved']}, {sampler.refinement_}")
    if sampler.sampling_strategy_.keys() != {"high"} or sampler.refinement_["status"] == "not refined":
        raise SystemExit(f"Unexpected work: {sampler.sampling_strategy_}, {sampler.refinement_}")

    def smogan(method):
        getattr(SMOGANRegressorResampler(random_state=0, device="cpu"), method)(X, y)

    def parts():
        sampler.fit_resample(X, y)
        runs.append(sampler.parts)

    def smogn():
        SMOGN(sampling_strategy="balance", threshold=0.5, random_state=0).fit_resample(X, y)

    torch.manual_seed(0)
    whole, _, fit, loop, base = measured(
        lambda: smogan("fit_resample"), parts, lambda: smogan("fit"), lambda: bare_loop(**tensors), smogn
    )
    add(results, table, "fit_resample, warm", *whole, against="SMOGN alone", other=base, target=target)
    add(results, table, "fit", *fit, against="bare loop", other=loop, target=RATIO)
    add(results, table, "bare loop", *loop)
    add(results, table, "SMOGN alone", *base)
    fastest = min(runs, key=lambda run: run["total"])
    fastest["the rest"] = 2 * fastest["total"] - sum(fastest.values())
    for name, seconds in fastest.items():
        if name != "total":
            add(results, table, f"part: {name}", seconds, against="all parts", ratio=seconds / fastest["total"])


def main():
    results = Results(
        "smogan_speed", threads=1, repeats=REPEATS, columns=20, seconds_at_most=SECONDS, ratio_at_most=RATIO
    )
    results.path.unlink(missing_ok=True)
    results.rows = []
    for key, size in TABLES.items():
        time_warm(results, key, *made_table(*size), target=SECONDS[key])
        time_warm(results, f"{key}, mixed", *made_table(*size, mixed=True))
    for key in TABLES:
        time_cold(results, key)
    add(results, "", "first step of an optimizer, cold", min(in_new_processes("first_step")))


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    command = sys.argv[1] if len(sys.argv) > 1 else "main"
    {"main": main, "cold": lambda: cold(sys.argv[2]), "first_step": first_step}[command]()
