"""What a training run of either tower keeps: averaged weights, checkpoint, log, and how far it is by the clock."""
import contextlib
import os
import pathlib
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch

from common import CACHE, LOGS, save_torch

LONGEST_STEP = 30  # seconds: a step during which the process was stopped does not use the budget up


class Workers:
    """Threads that each take pieces of the batch, forward and backward, one core each: on a shared machine several
    independent threads lose far less to waiting than one product split over all of them, and a piece fits the cache."""

    def __init__(self, count, parameters):
        torch.set_num_threads(1)
        self.parameters = list(parameters)
        self.pool, self.count = ThreadPoolExecutor(count, initializer=torch.set_num_threads, initargs=(1,)), count

    def step(self, pieces, compute):
        """pieces: arguments of compute(piece) -> (loss, other parts); sets the mean gradient, returns the mean parts."""
        queue, lock = list(pieces), threading.Lock()

        def work():
            total, parts = None, []
            while True:
                with lock:
                    if not queue:
                        return total, parts
                    piece = queue.pop()
                losses_now = compute(piece)
                gradients = torch.autograd.grad(losses_now[0], self.parameters)
                parts.append([x.item() for x in losses_now])
                if total is None:
                    total = list(gradients)
                else:
                    torch._foreach_add_(total, list(gradients))

        done = [f.result() for f in [self.pool.submit(work) for _ in range(self.count)]]
        totals = [total for total, _ in done if total is not None]
        for other in totals[1:]:
            torch._foreach_add_(totals[0], other)
        torch._foreach_div_(totals[0], len(pieces))
        for parameter, gradient in zip(self.parameters, totals[0]):
            parameter.grad = gradient
        return np.mean([p for _, parts in done for p in parts], axis=0)


def shown_arguments(args):
    """As the log has them: a file by its name, without the folders of a machine."""
    return {k: pathlib.Path(v).name if k == "start_from" and v else v for k, v in vars(args).items()}


class Run:
    """args: name, minutes, lr, threads, clock. shipped: {name: parameter} whose average is the result.

    A tower's run adds pieces(), compute(piece), report(means) and the constants below. The time budget, not the step
    count, drives the learning rate; it resumes by the same command.
    """

    WARM_UP, DECAY = 100, 0.6  # steps; part of the time over which the rate falls to 0
    REPORT, SAVE = 200, 120    # steps, seconds
    AVERAGED = 0.998           # how much of the average a step keeps

    def __init__(self, args, model, parameters, shipped, optimizers):
        self.args, self.model, self.parameters, self.shipped, self.optimizers = args, model, list(parameters), shipped, optimizers
        self.average = {n: p.detach().clone() for n, p in shipped.items()}
        self.step, self.seen, self.seconds, self.path = 0, 0, 0.0, CACHE / f"{args.name}.pt"
        if self.path.exists():
            state = torch.load(self.path)
            self.model.load_state_dict(state["model"])
            for optimizer, kept in zip(self.optimizers, state["optimizers"]):
                optimizer.load_state_dict(kept)
            self.average, self.step, self.seen, self.seconds = state["average"], state["step"], state["seen"], state["seconds"]
        LOGS.mkdir(exist_ok=True)
        self.log = open(LOGS / f"{args.name}.tsv", "a" if self.step else "w", encoding="utf-8")

    @staticmethod
    def arguments(parser):
        parser.add_argument("--threads", type=int, default=os.cpu_count() or 2)
        parser.add_argument("--clock", choices=("wall", "cpu"), default="wall", help="what --minutes counts; cpu: this process's own time, "
                            "for comparisons on a shared machine (with one thread)")
        return parser

    def now(self):
        return time.process_time() if self.args.clock == "cpu" else time.monotonic()

    def say(self, text):
        self.log.write(text + "\n")
        self.log.flush()
        print(text, flush=True)

    def save(self):
        save_torch(self.path, {"model": self.model.state_dict(), "optimizers": [o.state_dict() for o in self.optimizers], "average": self.average,
                               "step": self.step, "seen": self.seen, "seconds": self.seconds, "args": vars(self.args)})

    @property
    def progress(self):
        return min(1.0, self.seconds / (60 * self.args.minutes))

    def learning_rate(self):
        return self.args.lr * min(1.0, (self.step + 1) / self.WARM_UP) * min(1.0, (1 - self.progress) / self.DECAY)

    def update(self):
        torch.nn.utils.clip_grad_norm_(self.parameters, 1.0)
        for optimizer in self.optimizers:
            for group in optimizer.param_groups:
                group["lr"] = self.learning_rate()
            optimizer.step()
        rate = 1 - min(self.AVERAGED, self.step / (self.step + 10))
        torch._foreach_lerp_(list(self.average.values()), [p.detach() for p in self.shipped.values()], rate)
        self.step += 1

    @contextlib.contextmanager
    def averaged(self):
        """The averaged weights in the model's place."""
        raw = [p.detach().clone() for p in self.shipped.values()]
        for p, value in zip(self.shipped.values(), self.average.values()):
            p.data.copy_(value)
        yield
        for p, value in zip(self.shipped.values(), raw):
            p.data.copy_(value)

    def train(self):
        workers, recent, saved = Workers(self.args.threads, self.parameters), [], time.monotonic()
        while self.progress < 1:
            started = self.now()
            pieces = self.pieces()
            recent.append(workers.step(pieces, self.compute))
            self.update()
            self.seen += self.args.batch
            self.seconds += min(self.now() - started, LONGEST_STEP)
            done = self.progress >= 1
            if self.step % self.REPORT == 0 or done:
                with self.averaged():
                    self.report(np.mean(recent, axis=0))
                recent = []
            if time.monotonic() - saved > self.SAVE or done:
                self.save()
                saved = time.monotonic()
