"""The one loop, its batches, and what it borrows from the process (seeds, threads, the device)."""

import random
import threading
import time
import weakref
from itertools import count, cycle, islice, pairwise

import numpy as np
import pytest
import torch
from _shared import needs_cuda, run_python
from torch import nn
from torch.nn import functional as F

from skgan_resample._nn import training
from skgan_resample._nn.training import (
    Adam,
    class_balanced_batches,
    descend,
    memory_advice,
    one_thread,
    paired_batches,
    plain_batches,
    resolve_device,
    restore,
    seeded,
    train,
)
from skgan_resample.exceptions import NonFiniteLossError


@pytest.fixture
def rng():
    return np.random.RandomState(0)


def mlp(*sizes):
    layers = [layer for pair in pairwise(sizes) for layer in (nn.Linear(*pair), nn.LeakyReLU(0.2))]
    return nn.Sequential(*layers[:-1])


def scripted(losses):
    """Return a step whose only loss takes the values `losses`, whatever the rows."""
    values = iter(losses)
    return lambda indices, progress: {"loss": torch.tensor(float(next(values)))}


def same(a, b):
    """Tell whether two nested dicts of tensors and numbers agree bit for bit."""
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    if isinstance(a, list):
        return len(a) == len(b) and all(map(same, a, b))
    return torch.equal(a, b) if isinstance(a, torch.Tensor) else a == b


def without_seconds(history):
    return [{name: value for name, value in record.items() if name != "seconds"} for record in history]


# Four kinds of training on the same loop ------------------------------------------------------------------------------


@pytest.mark.slow
def test_gan_moves_a_gaussian_onto_its_target(rng, device):
    with seeded(rng, device):
        real = 3 + 0.5 * torch.randn(400, 1, device=device)
        noise = torch.randn(400, 1, device=device)
        generator, critic = mlp(1, 16, 1).to(device), mlp(1, 16, 1).to(device)
        generator_optimizer = torch.optim.Adam(generator.parameters(), 5e-3, betas=(0.0, 0.9))
        critic_optimizer = torch.optim.Adam(critic.parameters(), 1e-2, betas=(0.0, 0.9))

        def step(indices, progress):
            batch, fakes = real[indices], generator(noise[torch.randint(400, (len(indices),), device=device)])
            fixed = fakes.detach()
            for _ in range(3):
                between = torch.lerp(batch, fixed, torch.rand_like(fixed)).requires_grad_()
                slope = torch.autograd.grad(critic(between).sum(), between, create_graph=True)[0]
                penalty = (slope.norm(dim=1) - 1).square().mean()
                critic_loss = critic(fixed).mean() - critic(batch).mean() + penalty
                descend(critic_optimizer, critic_loss)
            generator_loss = -critic(fakes).mean()
            descend(generator_optimizer, generator_loss)
            return {"critic_loss": critic_loss, "generator_loss": generator_loss}

        @torch.no_grad()
        def evaluate():
            fakes = generator(noise)
            return {"score": (fakes.sort(0).values - real.sort(0).values).abs().mean(), "mean": fakes.mean()}

        result = train(
            step,
            plain_batches(400, 64, rng, device=device),
            max_steps=300,
            evaluate=evaluate,
            evaluate_every=50,
            modules={"generator": generator, "critic": critic},
        )
        restore({"generator": generator}, result.best_state)
    before, best = result.history[0], result.history[result.best_step // 50]
    target = real.mean().item()
    assert before["mean"] < target - 1
    assert abs(generator(noise).mean().item() - target) < 0.5 * (target - before["mean"])
    assert best["score"] < 0.5 * before["score"]  # the Wasserstein distance between the two samples


def test_triplet_net_ranks_held_out_rows_on_class_balanced_batches(rng, device):
    labels = np.repeat([0, 1, 2], [150, 60, 9])
    clean = np.random.RandomState(1)
    angle = 2 * np.pi * labels / 3

    def rows():  # the class is in two weak columns beside six noisy ones
        signal = np.c_[np.cos(angle), np.sin(angle)] + 0.3 * clean.randn(len(labels), 2)
        return torch.tensor(np.c_[signal, 2 * clean.randn(len(labels), 6)], dtype=torch.float32, device=device)

    x, x_test = rows(), rows()
    margin = 0.2

    def satisfied(z):
        """Return the share of all triplets of `z` that keep the margin."""
        distance = torch.cdist(z, z).cpu().numpy()
        hits = [
            (distance[i, labels == labels[i]][:, None] + margin < distance[i, labels != labels[i]]).mean()
            for i in range(len(labels))
        ]
        return np.mean([np.mean(np.array(hits)[labels == code]) for code in range(3)])

    with seeded(rng, device):
        encoder = mlp(8, 16, 2).to(device)
        optimizer = torch.optim.Adam(encoder.parameters(), 5e-3)

        def step(indices, progress):
            z = F.normalize(encoder(x[indices])).reshape(3, 6, -1)  # class after class
            anchor, positive = z[:, :3], z[:, 3:]
            negative = torch.stack([z[[1, 2, 0], :3], z[[2, 0, 1], :3]])
            near = (anchor - positive).square().sum(-1)
            far = (anchor - negative).square().sum(-1)
            loss = F.relu(near - far + 0.5).mean()
            descend(optimizer, loss)
            return {"triplet_loss": loss}

        batches = class_balanced_batches(labels, 3, 6, rng, device=device)
        untrained = satisfied(F.normalize(encoder(x_test)).detach())
        result = train(step, batches, max_steps=400, modules={"encoder": encoder})
    trained = satisfied(F.normalize(encoder(x_test)).detach())
    raw = satisfied(x_test)
    assert trained > max(untrained, raw) + 0.15
    assert trained > 0.75
    assert result.best_step == 400  # no evaluate: the last state is the best


def test_two_domain_autoencoder_beats_the_mean_with_unequal_row_counts(rng, device):
    source = np.random.RandomState(2)
    plane = source.randn(2, 6)
    synthetic, real = (
        torch.tensor(source.randn(n, 2) @ plane + shift, dtype=torch.float32, device=device)
        for n, shift in ((333, 1), (41, 0))
    )
    seen = torch.zeros(41, device=device)
    with seeded(rng, device):
        encoder, decoder_a, decoder_b = (net.to(device) for net in (mlp(6, 16, 2), mlp(2, 16, 6), mlp(2, 16, 6)))
        modules = {"encoder": encoder, "decoder_a": decoder_a, "decoder_b": decoder_b}
        optimizer = torch.optim.Adam([weight for net in modules.values() for weight in net.parameters()], 1e-2)

        def step(indices, progress):
            a, b = indices
            seen.index_add_(0, b, torch.ones_like(seen[b]))
            loss_a = F.mse_loss(decoder_a(encoder(synthetic[a])), synthetic[a])
            loss_b = F.mse_loss(decoder_b(encoder(real[b])), real[b])
            descend(optimizer, loss_a + loss_b)
            return {"loss_a": loss_a, "loss_b": loss_b}

        @torch.no_grad()
        def evaluate():
            errors = {
                "error_a": F.mse_loss(decoder_a(encoder(synthetic)), synthetic),
                "error_b": F.mse_loss(decoder_b(encoder(real)), real),
            }
            return {"score": sum(errors.values()), **errors}

        batches = paired_batches(333, 41, 64, rng, device=device)
        result = train(step, batches, max_steps=300, evaluate=evaluate, modules=modules)
    last = result.history[-1]
    assert last["error_a"] < 0.3 * synthetic.var(0, correction=0).mean().item()  # the error of predicting the mean
    assert last["error_b"] < 0.3 * real.var(0, correction=0).mean().item()
    assert seen.min() > 300 * 64 // 41 - 1
    assert seen.max() - seen.min() <= 1


def test_pgd_training_with_stored_perturbations_is_more_robust_than_plain_training(rng, device):
    source = np.random.RandomState(3)
    n_rows, eps = 240, 0.5
    y = torch.tensor(source.randint(2, size=n_rows), device=device)
    # One column is right but narrow (an attack flips it), ten are weak but wide.
    sign = 2 * y.cpu().numpy()[:, None] - 1
    columns = np.c_[0.4 * sign + 0.02 * source.randn(n_rows, 1), 1.0 * sign + 1.5 * source.randn(n_rows, 10)]
    x = torch.tensor(columns, dtype=torch.float32, device=device)

    def attacked(net, rows, labels, delta, n_steps):
        for _ in range(n_steps):
            delta = delta.detach().requires_grad_()
            gradient = torch.autograd.grad(F.cross_entropy(net(rows + delta), labels), delta)[0]
            delta = (delta + 0.2 * gradient.sign()).clamp(-eps, eps)
        return delta.detach()

    def robust_loss(net):
        delta = attacked(net, x, y, torch.zeros_like(x), n_steps=20)
        with torch.no_grad():
            return F.cross_entropy(net(x + delta), y).item()

    def fitted(adversarial):
        generator = np.random.RandomState(0)
        with seeded(generator, device):
            net = mlp(11, 8, 2).to(device)
            optimizer = torch.optim.Adam(net.parameters(), 1e-2)
            stored = torch.zeros_like(x)  # one perturbation per row, kept between epochs

            def step(indices, progress):
                rows, labels = x[indices], y[indices]
                if adversarial:
                    stored[indices] = attacked(net, rows, labels, stored[indices], n_steps=1)
                    rows = rows + stored[indices]
                loss = F.cross_entropy(net(rows), labels)
                descend(optimizer, loss)
                return {"loss": loss}

            train(step, plain_batches(n_rows, 60, generator, device=device), max_steps=200, modules={"net": net})
        return net, stored

    plain, untouched = fitted(adversarial=False)
    robust, stored = fitted(adversarial=True)
    assert robust_loss(robust) < 0.7 * robust_loss(plain)
    assert (untouched == 0).all()
    # One attack step moves a coordinate by 0.2 at most: reaching eps takes steps from several epochs, in every row.
    assert (stored.abs().amax(1) == eps).all()


# The loop ------------------------------------------------------------------------------------------------------------


def test_least_squares_reaches_the_closed_form(rng, device):
    X = torch.tensor(rng.randn(50, 3), device=device)
    y = X @ torch.tensor([1.0, -2.0, 0.5], dtype=torch.float64, device=device) + torch.tensor(
        rng.randn(50), device=device
    )
    weights = torch.zeros(3, dtype=torch.float64, device=device, requires_grad=True)
    optimizer = torch.optim.SGD([weights], 0.1)

    def step(indices, progress):
        loss = (X[indices] @ weights - y[indices]).square().mean()
        descend(optimizer, loss)
        return {"loss": loss}

    train(step, plain_batches(50, 50, rng, device=device), max_steps=300)
    torch.testing.assert_close(weights.detach(), torch.linalg.lstsq(X, y).solution, rtol=1e-9, atol=1e-9)


def test_history_holds_hand_computed_averages_and_progress(rng):
    scores, seen = iter([9.0, 8.0, 7.0, 6.0]), []

    def step(indices, progress):
        seen.append(progress)
        losses = {"critic": torch.tensor(float(len(seen)), requires_grad=True)}
        return losses if len(seen) % 2 else {**losses, "generator": torch.tensor(10.0 * len(seen))}  # every 2nd step

    result = train(
        step,
        plain_batches(5, 2, rng),
        max_steps=7,
        evaluate=lambda: {"score": next(scores), "gap": torch.tensor(0.5)},
        evaluate_every=3,
    )
    assert without_seconds(result.history) == [
        {"step": 0, "score": 9.0, "gap": 0.5},
        {"step": 3, "score": 8.0, "gap": 0.5, "critic": 2.0, "generator": 20.0},
        {"step": 6, "score": 7.0, "gap": 0.5, "critic": 5.0, "generator": 50.0},  # (40 + 60) / 2
        {"step": 7, "score": 6.0, "gap": 0.5, "critic": 7.0},
    ]
    assert seen == [done / 7 for done in range(7)]
    assert result.stop_reason == "max_steps"
    seconds = [record["seconds"] for record in result.history]
    assert seconds == sorted(seconds)


def test_evaluate_runs_before_the_first_step_and_in_eval_mode():
    net = nn.Sequential(nn.Linear(1, 1), nn.Dropout(), nn.BatchNorm1d(1).eval())  # one part is frozen on purpose
    modes, n_steps = [], count()

    def step(indices, progress):
        next(n_steps)
        modes.append([part.training for part in net])
        return {}

    def evaluate():
        modes.append([part.training for part in net])
        return 1.0

    result = train(step, cycle([0]), max_steps=1, evaluate=evaluate, modules={"net": net})
    off, mixed = [False, False, False], [True, True, False]
    assert modes == [off, mixed, off]
    assert [part.training for part in net] == mixed
    assert (result.best_step, len(result.history)) == (0, 2)


def test_no_steps_only_evaluate():
    result = train(scripted([]), cycle([0]), max_steps=0, evaluate=lambda: 1.0)
    assert (without_seconds(result.history), result.stop_reason) == ([{"step": 0, "score": 1.0}], "max_steps")


@pytest.mark.parametrize(
    ("scores", "tol", "stop", "best"),
    [
        ([5, 4, 3, 3, 3, 2, 2, 1], 0.0, 8, 4),  # two evaluations (steps 6 and 8) without improvement after step 4
        ([5, 4, 3.9, 3.85, 1], 0.5, 6, 6),  # improvements below tol do not count against patience, but for the best
        ([5, 6, 4, 5, 3, 4, 2, 3, 1], 0.0, 16, 16),  # never two in a row: runs to the end
        ([5, 5, 5, 0], 0.0, 4, 0),  # never better than the start
        ([5, 1, 3, 2, 0], 0.0, 6, 2),  # better than the evaluation before is not better than the best
    ],
)
def test_patience_stops_at_a_known_step(scores, tol, stop, best):
    values = iter(scores)
    result = train(
        scripted(count()),
        cycle([0]),
        max_steps=2 * (len(scores) - 1),
        evaluate=lambda: next(values),
        evaluate_every=2,
        patience=2,
        tol=tol,
    )
    assert (result.history[-1]["step"], result.best_step) == (stop, best)
    assert result.stop_reason == ("max_steps" if stop == 16 else "patience")


def test_patience_without_evaluate_is_refused():
    with pytest.raises(ValueError, match="patience needs evaluate"):
        train(scripted([1]), cycle([0]), max_steps=1, patience=1)


def test_best_and_last_state_are_copies_at_their_steps():
    net = nn.Linear(1, 1, bias=False)
    nn.init.zeros_(net.weight)

    def step(indices, progress):
        with torch.no_grad():
            net.weight += 1  # the weight counts the steps, in place
        return {}

    result = train(
        step,
        cycle([0]),
        max_steps=9,
        evaluate_every=1,
        evaluate=lambda: abs(net.weight.item() - 4),
        modules={"net": net},
    )
    assert result.best_step == 4
    assert result.best_state["net"]["weight"].item() == 4
    assert result.last_state["net"]["weight"].item() == net.weight.item() == 9
    restore({"net": net}, result.best_state)
    step(None, 0)
    assert (net.weight.item(), result.best_state["net"]["weight"].item()) == (5, 4)


def test_graphs_are_freed_after_each_step():
    weight, losses = torch.ones(3, requires_grad=True), []

    def step(indices, progress):
        assert not any(loss() is not None for loss in losses)  # a kept loss keeps the memory of its whole graph
        loss = weight.square().sum()
        losses.append(weakref.ref(loss))
        return {"loss": loss}

    train(step, cycle([0]), max_steps=5)
    assert len(losses) == 5


def test_callbacks_see_every_record_and_can_stop():
    records = []

    def first(record):
        record["score"] = "spoilt"  # a copy: the history does not change
        return record["step"] == 2

    result = train(
        scripted(count()),
        cycle([0]),
        max_steps=9,
        evaluate=lambda: 0.0,
        evaluate_every=1,
        callbacks=[first, records.append],
    )
    assert [record["step"] for record in records] == [0, 1, 2]  # the second one hears of the last record too
    assert [record["score"] for record in result.history] == [0.0, 0.0, 0.0]
    assert result.stop_reason == "callback"


def test_max_time_stops_after_a_step_and_evaluates_once_more():
    def step(indices, progress):
        time.sleep(0.02)
        return {"loss": torch.tensor(1.0)}

    result = train(step, cycle([0]), max_steps=10**6, max_time=0.1, evaluate=lambda: 0.0, evaluate_every=10**5)
    assert result.stop_reason == "max_time"
    assert [record["step"] for record in result.history] == [0, result.history[-1]["step"]]
    assert 1 <= result.history[-1]["step"] <= 5
    assert result.history[-1]["loss"] == 1


def test_batches_that_end_are_refused():
    with pytest.raises(ValueError, match="ended after 3 of 4 steps"):
        train(scripted(count()), [0, 1, 2], max_steps=4)


def test_a_name_used_twice_is_refused():
    with pytest.raises(ValueError, match=r"\['loss'\] twice"):
        train(scripted(count()), cycle([0]), max_steps=4, evaluate=lambda: {"score": 1, "loss": 2})
    with pytest.raises(ValueError, match=r"\['step'\] twice"):
        train(lambda indices, progress: {"step": torch.tensor(1.0)}, cycle([0]), max_steps=4)


# Non-finite values and what must be given back -----------------------------------------------------------------------


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf")])
@pytest.mark.usefixtures("give_back")
def test_non_finite_loss_names_its_first_step(rng, bad):
    n_evaluations = count()

    def step(indices, progress):
        assert torch.get_num_threads() == 1
        torch.randn(1), np.random.rand(), random.random()  # noqa: NPY002
        n_done = round(progress * 20)
        return {"late": torch.tensor(bad if n_done >= 8 else 0), "early": torch.tensor(bad if n_done == 6 else 0.0)}

    with seeded(rng), pytest.raises(NonFiniteLossError, match=f"'early' is {bad} at step 7") as caught:
        train(step, plain_batches(9, 3, rng), max_steps=20, evaluate_every=5, evaluate=lambda: next(n_evaluations))
    assert isinstance(caught.value, FloatingPointError)
    assert next(n_evaluations) == 2  # steps 0 and 5: broken networks are not evaluated


def test_non_finite_score_and_weight_are_refused():
    with pytest.raises(NonFiniteLossError, match="score is nan after step 0"):
        train(scripted([1]), cycle([0]), max_steps=1, evaluate=lambda: float("nan"))
    net = nn.Linear(1, 1)

    def step(indices, progress):
        net.weight.data /= 0.0 if progress == 0.5 else 1.0  # the last update breaks what no loss sees any more
        return {"loss": torch.tensor(1.0)}

    with pytest.raises(NonFiniteLossError, match="'net' has a weight that is not finite after step 2"):
        train(step, cycle([0]), max_steps=2, modules={"net": net})


@pytest.mark.usefixtures("give_back")
@pytest.mark.parametrize("fail", [False, True])
def test_seeded_borrows_all_three_random_states(fail):
    def drawn(seed):
        values = []
        try:
            with seeded(np.random.RandomState(seed)):
                values += [torch.rand(1).item(), np.random.rand(), random.random()]  # noqa: NPY002
                if fail:
                    raise KeyError
        except KeyError:
            pass
        return values

    assert drawn(0) == drawn(0)
    assert not set(drawn(0)) & set(drawn(1))


def test_seeded_does_not_repeat_draws_of_the_global_generator():
    state = np.random.get_state()  # noqa: NPY002
    try:
        rng = np.random.mtrand._rand  # what check_random_state(None) gives
        with seeded(rng):
            inside = rng.rand(5)
        assert not set(inside) & set(rng.rand(10))
    finally:
        np.random.set_state(state)  # noqa: NPY002


def test_seeded_keeps_threads_apart():
    def draws(barrier=None):
        if barrier is not None:
            barrier.wait()
        with seeded(np.random.RandomState(0)):
            values = []
            for _ in range(20):
                values.append(torch.rand(1).item())
                time.sleep(0.001)
        return values

    expected, found, barrier = draws(), [], threading.Barrier(3)
    state = torch.get_rng_state()
    threads = [threading.Thread(target=lambda: found.append(draws(barrier))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert found == [expected] * 3
    assert torch.equal(torch.get_rng_state(), state)


def test_seeded_on_the_cpu_leaves_cuda_alone(monkeypatch):
    def refuse(*args, **kwargs):
        raise AssertionError("CUDA was touched")

    for name in ("_lazy_init", "_lazy_call", "manual_seed", "manual_seed_all", "get_rng_state", "set_rng_state"):
        monkeypatch.setattr(torch.cuda, name, refuse)
    with seeded(np.random.RandomState(0), "cpu"):
        torch.rand(1)


@needs_cuda
def test_seeded_on_cuda_borrows_that_device():
    before = torch.cuda.get_rng_state("cuda:0")
    draws = []
    for _ in range(2):
        with seeded(np.random.RandomState(0), "cuda:0"):
            draws.append(torch.rand(3, device="cuda:0"))
    assert torch.equal(*draws)
    assert torch.equal(torch.cuda.get_rng_state("cuda:0"), before)


@pytest.mark.usefixtures("give_back")
def test_one_thread_nests_and_survives_exceptions():
    def fail():
        with one_thread():
            with one_thread():
                assert torch.get_num_threads() == 1
            assert torch.get_num_threads() == 1  # the inner one gives nothing back yet
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert torch.get_num_threads() == 2


@pytest.mark.usefixtures("give_back")
def test_one_thread_in_overlapping_threads_gives_each_its_own_count_back():
    inside, leave = threading.Event(), threading.Event()
    counts = {}

    def outer():
        torch.set_num_threads(3)  # this thread's own
        with one_thread():
            inside.set()
            leave.wait(30)
            counts["outer, inside"] = torch.get_num_threads()
        counts["outer"] = torch.get_num_threads()

    def newcomer():  # meets torch while another thread is inside, finds 1, and leaves after it
        with one_thread():
            leave.set()
            first.join(30)
            counts["newcomer, inside"] = torch.get_num_threads()
        counts["newcomer"] = torch.get_num_threads()

    first, second = threading.Thread(target=outer), threading.Thread(target=newcomer)
    first.start()
    inside.wait(30)
    second.start()
    first.join(30)
    second.join(30)
    assert counts == {"outer, inside": 1, "outer": 3, "newcomer, inside": 1, "newcomer": 3}
    fresh = threading.Thread(target=lambda: counts.update(fresh=torch.get_num_threads()))
    fresh.start()
    fresh.join(30)
    assert counts["fresh"] == 3  # nobody inherits the 1
    assert training._pinned["threads"] == 0


# Same seed, same bytes; going on -------------------------------------------------------------------------------------


class Noisy:
    """A regression with everything that makes resuming hard: Adam, dropout, batch norm, noise, a curriculum."""

    def __init__(self, seed, device):
        self.rng = np.random.RandomState(seed)
        self.device = device

    def run(self, *, stop_at=None, scramble=False, restart_batches=False):
        device, data = self.device, np.random.RandomState(7)
        x = torch.tensor(data.randn(70, 3), dtype=torch.float32, device=device)
        y = x.sum(1, keepdim=True)
        with seeded(self.rng, device):
            net = nn.Sequential(nn.Linear(3, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.2), nn.Linear(8, 1)).to(
                device
            )
            optimizer = torch.optim.Adam(net.parameters(), 1e-2)
            modules = {"net": net, "optimizer": optimizer}

            def step(indices, progress):
                noise = progress * torch.randn(len(indices), 3, device=device)
                loss = F.mse_loss(net(x[indices] + 0.1 * noise), y[indices])
                descend(optimizer, loss)
                return {"loss": loss}

            @torch.no_grad()
            def evaluate():
                return F.mse_loss(net(x), y)

            before = self.rng.get_state()
            batches = plain_batches(70, 16, self.rng, device=device)
            options = {"max_steps": 60, "evaluate": evaluate, "evaluate_every": 7, "modules": modules}
            if stop_at is None:
                return train(step, batches, **options)
            cut = train(step, batches, **options, callbacks=[lambda record: record["step"] == stop_at])
            assert cut.stop_reason == "callback"
            if scramble:
                with seeded(np.random.RandomState(1), device):  # dropout in here must not move the outer state
                    descend(optimizer, net(100 * x).sum())
            if restart_batches:
                self.rng.set_state(before)
                batches = islice(plain_batches(70, 16, self.rng, device=device), stop_at, None)
            result = train(step, batches, **options, resume=cut)
            assert cut.history == result.history[: len(cut.history)]
            assert cut.history[-1]["step"] == stop_at
            return result


@pytest.mark.parametrize("how", [{}, {"scramble": True}, {"restart_batches": True}])
def test_a_resumed_run_takes_the_path_of_an_uninterrupted_one(how, device):
    whole, resumed = Noisy(0, device).run(), Noisy(0, device).run(stop_at=21, **how)
    assert without_seconds(whole.history) == without_seconds(resumed.history)
    assert (whole.best_step, whole.stop_reason) == (resumed.best_step, resumed.stop_reason)
    assert same(whole.last_state, resumed.last_state)
    assert same(whole.best_state, resumed.best_state)


def test_resuming_leaves_the_copied_state_alone():
    net = nn.Linear(1, 1)
    modules = {"net": net, "optimizer": torch.optim.Adam(net.parameters(), 0.1)}

    def step(indices, progress):
        loss = net(torch.ones(1, 1)).square().mean()
        descend(modules["optimizer"], loss)
        return {"loss": loss}

    cut = train(step, cycle([0]), max_steps=5, modules=modules)
    first, second = (train(step, cycle([0]), max_steps=9, modules=modules, resume=cut) for _ in range(2))
    assert same(first.last_state, second.last_state)
    assert not same(first.last_state, cut.last_state)


def test_patience_clock_and_best_state_continue_in_a_resumed_run():
    net = nn.Linear(1, 1, bias=False)
    nn.init.zeros_(net.weight)
    scores = iter([5, 1, 2, 2, 2, 2])

    def step(indices, progress):
        time.sleep(0.01)
        with torch.no_grad():
            net.weight += 1
        return {}

    options = {"evaluate": lambda: next(scores), "evaluate_every": 1, "patience": 3, "modules": {"net": net}}
    cut = train(step, cycle([0]), max_steps=2, **options)
    result = train(step, cycle([0]), max_steps=9, **options, resume=cut)
    assert (result.history[-1]["step"], result.best_step, result.stop_reason) == (4, 1, "patience")
    assert result.best_state["net"]["weight"].item() == 1
    seconds = [record["seconds"] for record in result.history]
    assert min(np.diff(seconds)) >= 0.009


def test_same_seed_same_bytes_and_another_seed_other_bytes(device):
    first, again, other = (Noisy(seed, device).run().last_state["net"] for seed in (0, 0, 1))
    assert same(first, again)
    assert not same(first, other)


# Batches -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("n_rows", "batch_size", "sizes"), [(10, 3, {2, 3}), (12, 4, {4}), (3, 8, {3}), (1, 1, {1})])
def test_plain_batches_hold_every_row_once_per_epoch(rng, n_rows, batch_size, sizes, device):
    n_batches = -(-n_rows // batch_size)
    batches = list(islice(plain_batches(n_rows, batch_size, rng, device=device), 100 * n_batches))
    assert {len(batch) for batch in batches} == sizes
    assert {(batch.dtype, batch.device.type) for batch in batches} == {(torch.int64, device)}
    epochs = [torch.cat(batches[start : start + n_batches]).tolist() for start in range(0, len(batches), n_batches)]
    assert all(sorted(epoch) == list(range(n_rows)) for epoch in epochs)
    if n_rows > 9:
        assert len({tuple(epoch) for epoch in epochs}) > 90


def test_class_balanced_batches_use_classes_and_their_rows_equally_often(rng):
    labels = np.array(["common"] * 11 + ["rare"] * 2 + ["some"] * 5)
    batches = torch.stack(list(islice(class_balanced_batches(labels, 2, 3, rng), 330))).numpy()
    assert batches.shape == (330, 6)
    groups = batches.reshape(-1, 3)
    assert (labels[groups] == labels[groups[:, :1]]).all()  # class after class
    assert (labels[batches[:, 0]] != labels[batches[:, 3]]).all()
    classes, counts = np.unique(labels[batches], return_counts=True)
    assert list(classes) == ["common", "rare", "some"]
    assert counts.tolist() == [660, 660, 660]
    uses = np.bincount(batches.ravel())
    for name in classes:
        assert np.ptp(uses[labels == name]) <= 1
    n_different = np.array([len(set(group)) for group in groups])
    assert (n_different == np.where(labels[groups[:, 0]] == "rare", 2, 3)).all()


def test_class_balanced_batches_take_all_classes_if_there_are_fewer(rng):
    for n_classes in (5, None):
        batch = next(class_balanced_batches([0, 0, 1, 1], n_classes, 2, rng))
        assert sorted(batch.tolist()) == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("n_a", "n_b", "batch_size", "size"), [(50, 7, 16, 16), (5, 9, 16, 9), (4, 4, 3, 3), (1, 6, 2, 2)]
)
def test_paired_batches_are_equally_long_and_fair_to_both_tables(rng, n_a, n_b, batch_size, size):
    pairs = list(islice(paired_batches(n_a, n_b, batch_size, rng), 200))
    for side, n_rows in enumerate((n_a, n_b)):
        batches = [pair[side].tolist() for pair in pairs]
        assert {len(batch) for batch in batches} == {size}
        assert np.ptp(np.bincount(np.concatenate(batches), minlength=n_rows)) <= 1
        assert {len(set(batch)) for batch in batches} <= {min(size, n_rows)}


def test_batches_draw_one_number_from_the_callers_generator():
    def later_draw(n_batches):
        rng = np.random.RandomState(0)
        batches = [plain_batches(9, 2, rng), class_balanced_batches([0, 1], 2, 1, rng), paired_batches(5, 3, 2, rng)]
        for stream in batches:
            list(islice(stream, n_batches))
        return rng.rand()

    assert later_draw(0) == later_draw(300)


# The device ----------------------------------------------------------------------------------------------------------


def test_resolve_device_names_what_is_there():
    assert resolve_device("cpu") == resolve_device(torch.device("cpu")) == torch.device("cpu")
    assert resolve_device("auto").type == ("cuda" if torch.cuda.is_available() else "cpu")


@pytest.mark.parametrize("wrong", ["gpu", "CPU", "cuda:x", "mps", "meta", None, 1.5])
def test_resolve_device_refuses_other_names(wrong):
    with pytest.raises(ValueError, match="is not one of"):
        resolve_device(wrong)


@pytest.mark.parametrize("wanted", ["cuda", "cuda:0", torch.device("cuda")])
def test_resolve_device_refuses_cuda_where_there_is_none(monkeypatch, wanted):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ValueError, match="no CUDA device here"):
        resolve_device(wanted)


def test_resolve_device_refuses_a_device_number_that_does_not_exist(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert resolve_device("auto") == torch.device("cuda")
    assert resolve_device("cuda:1") == torch.device("cuda:1")
    with pytest.raises(ValueError, match="only 2 CUDA devices"):
        resolve_device("cuda:2")


def test_a_full_gpu_is_a_memory_error_with_advice():
    def step(indices, progress):
        raise torch.cuda.OutOfMemoryError("tried to allocate 2 GiB")

    with pytest.raises(MemoryError, match=r"smaller batch_size.* device=\"cpu\".*2 GiB"):
        train(step, cycle([0]), max_steps=1)
    with pytest.raises(RuntimeError, match="something else"), memory_advice():
        raise RuntimeError("something else")


# ------------------------------------------------------------------------------------------------ the optimizer
@pytest.mark.parametrize("betas", [(0.9, 0.999), (0.5, 0.9)])
def test_adam_takes_the_steps_of_torch(betas, device):
    torch.manual_seed(0)
    networks = [nn.Sequential(nn.Linear(3, 5), nn.Tanh(), nn.Linear(5, 1)).to(device) for _ in range(2)]
    networks[1].load_state_dict(networks[0].state_dict())
    optimizers = [Adam(networks[0].parameters(), 0.01, betas), torch.optim.Adam(networks[1].parameters(), 0.01, betas)]
    x, y = torch.randn(20, 3, device=device), torch.randn(20, 1, device=device)
    for step in range(60):
        for network, optimizer in zip(networks, optimizers):
            network[2].bias.requires_grad_(step % 2 == 0)  # a parameter without a gradient now and then
            descend(optimizer, F.mse_loss(network(x), y))
    for ours, theirs in zip(*(network.parameters() for network in networks)):
        assert torch.allclose(ours, theirs, rtol=1e-4, atol=1e-6)


def test_adam_goes_on_from_its_state():
    def path(*, interrupted):
        weight = nn.Parameter(torch.tensor([3.0, -2.0]))
        optimizer = Adam([weight], 0.1)
        for step in range(10):
            if interrupted and step == 5:
                place, state = weight.detach().clone(), training.copied_state({"adam": optimizer})
                descend(optimizer, (weight**4).sum())  # this step is undone
                weight.data.copy_(place)
                optimizer = Adam([weight], 0.1)
                restore({"adam": optimizer}, state)
            descend(optimizer, (weight**2).sum())
        return weight.tolist()

    assert path(interrupted=True) == path(interrupted=False)


@pytest.mark.slow
def test_training_does_not_import_the_compiler_of_torch():
    code = """
import sys, numpy as np
from skgan_resample import SMOGANRegressorResampler
rng = np.random.RandomState(0)
X = rng.gamma(1.0, size=(200, 2))
sampler = SMOGANRegressorResampler(max_steps=5, random_state=0)
sampler.fit_resample(X, X.sum(axis=1))
print(len(sampler.history_), "torch" in sys.modules, "torch._dynamo" in sys.modules)
"""
    assert run_python(code).split() == ["2", "True", "False"]
