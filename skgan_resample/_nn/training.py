"""What every training shares: the one loop of the library, optimizers, batches of row indices, seeds, the device."""

import copy
import itertools
import math
import random
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from operator import itemgetter

import numpy as np
import torch
from torch import nn

from skgan_resample.exceptions import NonFiniteLossError


@dataclass(frozen=True)
class TrainResult:
    """What `train` found."""

    # One record per evaluation, from step 0 on: `step` (updates done), `seconds` (since the start), `score` and other
    # numbers of `evaluate`, and each loss by its name, averaged over the steps since the previous record.
    history: list
    best_step: int  # of the lowest score, the first of equals; the last step when there is no `evaluate`
    # Copies of `state_dict()` of all modules, by name, for `restore`. They share tensors if the best step is the last.
    best_state: dict
    last_state: dict
    stop_reason: str  # "max_steps", "patience", "max_time" or "callback"


def train(
    step,
    batches,
    *,
    max_steps,
    evaluate=None,
    evaluate_every=100,
    patience=None,
    tol=0.0,
    max_time=None,
    callbacks=(),
    modules=None,
    resume=None,
):
    """Call `step` on batch after batch, evaluate now and then, and stop in time.

    Several phases (warm-up, then the GAN) are several calls, inside ``with seeded(rng, device):``. Networks are left in
    the last state; ``restore(modules, result.best_state)`` picks the best. A loss, score or weight that is NaN or
    infinite raises NonFiniteLossError, a full GPU MemoryError.

    - `step(indices, progress)` updates the weights on a batch and returns its losses, scalar tensors by name, still on
      the device: ``.item()``, ``.cpu()`` or ``print`` would make the GPU wait. A loss may be missing from some steps.
      `progress` is the share of `max_steps` done: 0 at the first step, just under 1 at the last.
    - `batches` yields the `indices`. An iterator is consumed from where it stands, so phases can share one.
    - `evaluate()` returns the score, **lower is better**, or a dict of numbers with the key ``"score"``. It is called
      before the first step, every `evaluate_every` steps and after the last one, with `modules` in eval mode. Draw
      noise for it once, beforehand, or the training depends on how often it is evaluated.
    - `patience` evaluations in a row that did not lower the best score by more than `tol` end the training, and so do
      `max_time` seconds and a callback that returns True for a record.
    - `modules` holds by name all with ``state_dict`` that `step` changes: networks and, for `resume`, optimizers.
    - `resume`, a TrainResult, goes on: `max_steps` includes its steps. The result is that of an uninterrupted run if
      `batches` and torch's random state stand where that run left them (``itertools.islice(batches, n_done, None)``).
    """
    if patience is not None and evaluate is None:
        raise ValueError("patience needs evaluate: without a score nothing can fail to improve.")
    modules = modules or {}
    batches = iter(batches)
    history, best_step, best_state = [], 0, {}
    if resume is not None:
        restore(modules, resume.last_state)
        history, best_step, best_state = list(resume.history), resume.best_step, resume.best_state
    n_done = history[-1]["step"] if history else 0
    earlier = history[-1]["seconds"] if history else 0.0
    start = time.perf_counter()
    window = []  # losses since the last record, one dict per step, on the device until they are averaged

    with one_thread(), memory_advice():  # more threads make such small networks several times slower
        while True:
            out_of_time = max_time is not None and time.perf_counter() - start >= max_time
            due = n_done % evaluate_every == 0 or n_done >= max_steps or out_of_time
            if due and not (history and history[-1]["step"] == n_done):
                losses, window = _averages(window, n_done), []
                scores = _scores(evaluate, modules, n_done)
                record = _record({"step": n_done, "seconds": earlier + time.perf_counter() - start}, scores, losses)
                history.append(record)
                if evaluate is not None and min(history, key=itemgetter("score")) is record:  # the first of equals
                    best_step, best_state = n_done, copied_state(modules)
                stops = [callback(dict(record)) for callback in callbacks]
                if any(stops):
                    stop_reason = "callback"
                    break
                if patience is not None and _n_without_improvement(history, tol) >= patience:
                    stop_reason = "patience"
                    break
            if n_done >= max_steps:
                stop_reason = "max_steps"
                break
            if out_of_time:
                stop_reason = "max_time"
                break
            try:
                indices = next(batches)
            except StopIteration:
                raise ValueError(
                    f"batches ended after {n_done} of {max_steps} steps; pass an endless iterable."
                ) from None
            window.append({name: loss.detach() for name, loss in step(indices, n_done / max_steps).items()})
            n_done += 1

        _refuse_non_finite_weights(modules, n_done)
        last_state = best_state if evaluate is not None and best_step == n_done else copied_state(modules)
        if evaluate is None:
            best_step, best_state = n_done, last_state
    return TrainResult(history, best_step, best_state, last_state, stop_reason)


def descend(optimizer, loss):
    """Take one step of `optimizer` down the gradient of `loss`."""
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    optimizer.step()


class _Optimizer:
    """What Adam and SGD share: parameters, a learning rate, and a state that a resumed run needs."""

    _state: tuple = ()  # attributes

    def __init__(self, parameters, learning_rate):
        self.parameters = list(parameters)
        self.learning_rate = learning_rate

    def zero_grad(self, set_to_none=True):
        """Forget the gradients."""
        for parameter in self.parameters:
            parameter.grad = None

    def state_dict(self):
        """Return what a resumed run needs."""
        return {name: getattr(self, name) for name in self._state}

    def load_state_dict(self, state):
        """Continue from a `state_dict`."""
        for name in self._state:
            setattr(self, name, state[name])


class Adam(_Optimizer):
    """The optimizer of Kingma and Ba (arXiv:1412.6980), the same steps as `torch.optim.Adam` without its options.

    It stands here because the first ``torch.optim.Adam(...)`` of a process imports torch's compiler: 823 modules in 2.6
    to 3.9 s (torch 2.13, two busy cores), as long as importing torch itself, and again in every worker of a search.
    """

    EPSILON = 1e-8
    _state = ("n_steps", "means", "squares")

    def __init__(self, parameters, learning_rate, betas=(0.9, 0.999)):
        super().__init__(parameters, learning_rate)
        self.betas = betas  # decays of the mean and of the mean square of the gradient
        self.n_steps = [0] * len(self.parameters)
        self.means = [torch.zeros_like(parameter) for parameter in self.parameters]
        self.squares = [torch.zeros_like(parameter) for parameter in self.parameters]

    @torch.no_grad()
    def step(self):
        """Update every parameter that has a gradient."""
        for number, (parameter, mean, square) in enumerate(zip(self.parameters, self.means, self.squares)):
            if parameter.grad is None:
                continue
            self.n_steps[number] += 1
            mean_share, square_share = (1 - beta ** self.n_steps[number] for beta in self.betas)  # bias corrections
            mean.lerp_(parameter.grad, 1 - self.betas[0])
            square.mul_(self.betas[1]).addcmul_(parameter.grad, parameter.grad, value=1 - self.betas[1])
            root = square.div(square_share).sqrt_().add_(self.EPSILON)
            parameter.addcdiv_(mean, root, value=-self.learning_rate / mean_share)


class SGD(_Optimizer):
    """Gradient descent with momentum, the same steps as `torch.optim.SGD`; see `Adam` for why it stands here."""

    _state = ("velocities",)

    def __init__(self, parameters, learning_rate, momentum=0.9):
        super().__init__(parameters, learning_rate)
        self.momentum = momentum
        self.velocities = [torch.zeros_like(parameter) for parameter in self.parameters]

    @torch.no_grad()
    def step(self):
        """Update every parameter that has a gradient."""
        for parameter, velocity in zip(self.parameters, self.velocities):
            if parameter.grad is not None:
                velocity.mul_(self.momentum).add_(parameter.grad)
                parameter.sub_(velocity, alpha=self.learning_rate)


def copied_state(modules):
    """Return copies of the state dicts of `modules` (a dict of networks, optimizers, ...), on their device."""
    return {name: copy.deepcopy(module.state_dict()) for name, module in modules.items()}


def restore(modules, state):
    """Load `state`, as from `copied_state` or a `TrainResult`, into `modules`; it may hold more than these."""
    for name, module in modules.items():
        # A copy, because an optimizer keeps the tensors that it is given and changes them in place.
        module.load_state_dict(copy.deepcopy(state[name]))


@contextmanager
def eval_mode(networks):
    """Put `networks` into eval mode, and each part of them back into its mode afterwards."""
    networks = [network for network in networks if isinstance(network, nn.Module)]
    modes = [(part, part.training) for network in networks for part in network.modules()]
    for network in networks:
        network.eval()
    try:
        yield
    finally:
        for part, training in modes:
            part.training = training


def _scores(evaluate, modules, n_done):
    """Return what `evaluate` returns as a dict of floats, empty without it."""
    if evaluate is None:
        return {}
    with eval_mode(modules.values()):
        found = evaluate()
    found = found if isinstance(found, dict) else {"score": found}
    scores = {name: float(value) for name, value in found.items()}
    if not math.isfinite(scores["score"]):
        raise NonFiniteLossError(f"The score is {scores['score']} after step {n_done}. {_ADVICE}")
    return scores


def _averages(window, n_done):
    """Return the mean of each loss over the steps that report it; refuse NaN and infinity."""
    first = n_done - len(window) + 1
    averages, broken = {}, []
    for name in dict.fromkeys(name for losses in window for name in losses):
        steps = [number for number, losses in enumerate(window, first) if name in losses]
        values = torch.stack([losses[name] for losses in window if name in losses]).cpu().double()
        averages[name] = values.mean().item()
        broken += [(number, name, value) for number, value in zip(steps, values.tolist()) if not math.isfinite(value)]
    if broken:
        number, name, value = min(broken, key=lambda found: found[0])
        raise NonFiniteLossError(f"The loss {name!r} is {value} at step {number}. {_ADVICE}")
    return averages


def _record(*parts):
    """Return one dict with the entries of all `parts`; refuse a name that two of them use."""
    names = [name for part in parts for name in part]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise ValueError(f"The history would hold {sorted(twice)} twice: rename these losses or scores.")
    return {name: value for part in parts for name, value in part.items()}


def _refuse_non_finite_weights(modules, n_done):
    """Refuse a last update that broke the weights, which no loss has seen."""
    for name, module in modules.items():
        if isinstance(module, nn.Module) and not all(weight.isfinite().all() for weight in module.parameters()):
            raise NonFiniteLossError(f"{name!r} has a weight that is not finite after step {n_done}. {_ADVICE}")


_ADVICE = "Use a smaller learning_rate, and look for missing, infinite or very large values in the data."


def _n_without_improvement(history, tol):
    """Return how many of the last evaluations did not lower the best score before them by more than `tol`."""
    best, count = math.inf, 0
    for record in history:
        count = 0 if record["score"] < best - tol else count + 1
        best = min(best, record["score"])
    return count


# Batches -------------------------------------------------------------------------------------------------------------
# All are endless and yield int64 tensors on `device`. They take one number from the RandomState `rng` when they are
# made, so that what is drawn from `rng` later does not depend on how long the training took.


def plain_batches(n_rows, batch_size, rng, *, device="cpu"):
    """Yield every row once per shuffled epoch, in batches that are equally large up to one row."""
    rng = _own_stream(rng)
    n_batches = math.ceil(n_rows / batch_size)
    epochs = (np.array_split(rng.permutation(n_rows), n_batches) for _ in itertools.count())
    return _sent_ahead(itertools.chain.from_iterable(epochs), device)


def class_balanced_batches(labels, n_classes, n_per_class, rng, *, device="cpu"):
    """Yield batches of `n_per_class` rows from each of `n_classes` classes (None: all), class after class.

    Classes and the rows within a class take turns in shuffled epochs, so each is used equally often. A row comes twice
    in a batch only if its class has fewer than `n_per_class` rows.
    """
    rng = _own_stream(rng)
    classes, codes = np.unique(np.asarray(labels), return_inverse=True)
    n_classes = len(classes) if n_classes is None else min(n_classes, len(classes))
    rows = [_chunks(np.flatnonzero(codes == code), n_per_class, rng) for code in range(len(classes))]
    chosen = _chunks(np.arange(len(classes)), n_classes, rng)
    return _sent_ahead((np.concatenate([next(rows[code]) for code in codes]) for codes in chosen), device)


def paired_batches(n_a, n_b, batch_size, rng, *, device="cpu"):
    """Yield pairs of equally long index tensors into two tables of `n_a` and `n_b` rows.

    Within each table every row is used equally often, so each row of the smaller table comes more often. The length is
    `batch_size`, or the number of rows of the larger table if that is less.
    """
    rng = _own_stream(rng)
    size = min(batch_size, max(n_a, n_b))
    a, b = (_sent_ahead(_chunks(np.arange(n_rows), size, rng), device) for n_rows in (n_a, n_b))
    return zip(a, b)


def _own_stream(rng):
    return np.random.RandomState(rng.randint(np.iinfo(np.int32).max))


def _chunks(rows, size, rng):
    """Yield `size` of `rows` at a time from shuffled epochs, none twice in a chunk if there are `size` rows."""
    waiting = rows[:0]
    while True:
        while len(waiting) < size:
            epoch = rng.permutation(rows)
            still_waiting = np.isin(epoch, waiting)  # these go last, or one of them might come twice in the next chunk
            waiting = np.concatenate([waiting, epoch[~still_waiting], epoch[still_waiting]])
        yield waiting[:size]
        waiting = waiting[size:]


def _sent_ahead(batches, device):
    """Move up to 64 batches to the device at a time, because the GPU waits for each copy."""
    for first in batches:
        block = [first, *itertools.islice(batches, min(63, 2**18 // len(first)))]
        rows = torch.from_numpy(np.concatenate(block).astype(np.int64, copy=False)).to(device)
        yield from rows.split([len(batch) for batch in block])


# State of the process, changed for a block and restored ---------------------------------------------------------------

_seed_lock = threading.RLock()


@contextmanager
def seeded(rng, device="cpu"):
    """Seed torch, NumPy and Python from `rng` for the length of a block, then give all random states back.

    One number is drawn from the RandomState `rng`. CUDA is touched only if `device` (resolved, not "auto") is a CUDA
    device. The states belong to the whole process, so a second thread waits until the block ends: threads started
    inside the block must not enter one themselves.
    """
    seed = int(rng.randint(np.iinfo(np.int32).max))
    device = torch.device(device)
    with _seed_lock:
        cuda = []
        if device.type == "cuda":
            cuda = [torch.cuda.current_device() if device.index is None else device.index]
        numpy_state, python_state = np.random.get_state(), random.getstate()  # noqa: NPY002 (it is the global state)
        with torch.random.fork_rng(devices=cuda, device_type="cuda"):
            try:
                torch.default_generator.manual_seed(seed)  # torch.manual_seed would reseed every device
                for index in cuda:
                    with torch.cuda.device(index):
                        torch.cuda.manual_seed(seed)
                # Not only restored: if `rng` is NumPy's global state, numbers drawn from it in here would come again.
                np.random.seed(seed)  # noqa: NPY002
                random.seed(seed)
                yield
            finally:
                np.random.set_state(numpy_state)  # noqa: NPY002
                random.setstate(python_state)


_pin_lock = threading.Lock()
_pin = threading.local()  # .held: this thread is inside one_thread
_pinned = {"threads": 0, "count": 1}  # how many threads are inside, and the count that the first of them found


@contextmanager
def one_thread():
    """Let torch use one CPU thread for the length of a block, then give the caller's number back.

    torch gives the number that was set last to threads that are new to it. A thread that first uses torch while another
    one is in here finds our 1, so it gives back what the first thread inside had found.
    """
    if getattr(_pin, "held", False):
        yield
        return
    with _pin_lock:
        count = torch.get_num_threads()
        if _pinned["threads"] == 0:
            _pinned["count"] = count
        elif count == 1:
            count = _pinned["count"]
        _pinned["threads"] += 1
        torch.set_num_threads(1)
    _pin.held = True
    try:
        yield
    finally:
        _pin.held = False
        with _pin_lock:
            _pinned["threads"] -= 1
            torch.set_num_threads(count)


def resolve_device(device):
    """Return the torch.device for "auto" (CUDA where there is one), "cpu", "cuda", "cuda:1" or a torch.device."""
    if isinstance(device, str) and device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        resolved = torch.device(device)
    except (RuntimeError, TypeError):
        resolved = None
    if resolved is None or resolved.type not in ("cpu", "cuda"):
        raise ValueError(f'device={device!r} is not one of "auto", "cpu", "cuda", "cuda:0", "cuda:1", ...')
    if resolved.type == "cuda" and not torch.cuda.is_available():
        raise ValueError(f'device={str(device)!r}, but torch finds no CUDA device here; use "auto" or "cpu".')
    if resolved.type == "cuda" and (resolved.index or 0) >= torch.cuda.device_count():
        raise ValueError(f"device={str(device)!r}, but there are only {torch.cuda.device_count()} CUDA devices.")
    return resolved


@contextmanager
def memory_advice():
    """Turn "CUDA out of memory" into a MemoryError with advice."""
    try:
        yield
    except torch.cuda.OutOfMemoryError as error:
        raise MemoryError(
            'The GPU is out of memory: use a smaller batch_size, smaller networks or device="cpu". Check whether other '
            f"processes or parallel jobs (n_jobs) share the GPU. From torch: {error}"
        ) from error
