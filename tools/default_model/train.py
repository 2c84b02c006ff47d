"""Step 8: the picture tower, taught by the teacher heads' vectors and by the captions' MiniLM vectors.

    python train.py --minutes 60

Loss = cross entropy over all training concepts (the bank; half towards the picture's own concept where it has one, the
rest towards the teacher's distribution) + 5 (1 - cos to the teacher's vector of the same view) + 2 (1 - cos to its
features) + 0.5 cross entropy over the class words (classes.py) where a picture has some. The time budget, not the step count, drives the learning rate (constant, then linear to 0) and, at the end,
lets all patches in; it checkpoints every two minutes and resumes by the same command. `views.py augmented` runs
beside it and draws new views; the newest --pool chunks of them are trained on.
"""
import argparse
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
import torch.nn.functional as F

import split
from classes import CLASSES, classes_of
from common import CACHE, IMAGE_SIDE, LOGS, SEED, more_pictures, read_jsonl
from model import parameter_count
from student import Student, cut_patches, embed, shifted
from teachers import MiniLm, fold_of, load_heads


OTHERS = 0.35  # of the views without a caption an epoch takes this part


class Data:
    """Views in memory (uint8) with the teacher's vectors and features; what each picture's concept is."""

    def __init__(self, pool):
        base = split.load()
        self.rows = base + more_pictures()[1]
        phrases = torch.from_numpy(np.load(CACHE / "phrases.npy"))
        phrase_ids = read_jsonl(CACHE / "phrase_ids.jsonl")
        named = [r["id"] for r in self.rows if r["part"] == "train" and r.get("named", True)]
        concepts = {c: k for k, c in enumerate(sorted({self.rows[i]["concept"] for i in named}))}
        self.concept, first = np.full(len(self.rows) + 1, -1), {}
        for i in named:
            self.concept[i] = concepts[self.rows[i]["concept"]]
            first.setdefault(self.concept[i], phrase_ids[i][0])
        self.bank = phrases[[first[k] for k in range(len(concepts))]]  # [concepts, 384]
        self.class_bank = torch.from_numpy(MiniLm()(CLASSES))  # [classes, 384]
        self.classes = torch.zeros(len(self.rows) + 1, len(CLASSES))
        for i in named:
            self.classes[i, classes_of(self.rows[i])] = 1
        rarity = (self.classes.sum(0).mean() / self.classes.sum(0).clamp(min=1)) ** 0.5
        self.classes = self.classes * rarity / self.classes.sum(1, keepdim=True).clamp(min=1)  # rare classes weigh more
        self.fold = np.array([fold_of(r["concept"]) if r.get("named", True) else -1 for r in self.rows] + [-1])
        self.mirror = np.array(["flag" not in r["caption"] and "letter" not in r["caption"] for r in self.rows] + [False])
        self.heads, self.most, self.chunks, self.taken = load_heads(), pool, [], set()
        clean = [np.concatenate([np.load(CACHE / f"{p}{what}0.npy") for p in ("", "more_")]) for what in ("view", "features")]
        ids = np.array([r["id"] for r in self.rows if r["part"] == "train"])
        self.pictures = len(ids)
        self.mean_feature = torch.from_numpy(clean[1][ids].astype(np.float32)).mean(0)
        self.add(clean[0][ids], clean[1][ids], ids)
        val = split.retrieval_set(base, "val")
        at = [r["id"] for r in val]
        self.val_views, self.val_texts = clean[0][at], phrases[[phrase_ids[i][0] for i in at]]
        with torch.no_grad():
            self.val_taught = self.heads(torch.from_numpy(clean[1][at].astype(np.float32)))

    @torch.no_grad()
    def add(self, pixels, features, ids):
        features = torch.from_numpy(features.astype(np.float32))
        taught = self.heads(features, torch.from_numpy(self.fold[ids]))
        self.chunks.append((pixels, features.bfloat16(), taught, ids))

    def refresh(self):
        """Takes in the chunks that were drawn since; the clean views always stay."""
        for path in sorted((CACHE / "views").glob("*.npz")):
            if path.name not in self.taken:
                self.taken.add(path.name)
                chunk = np.load(path)
                self.add(chunk["pixels"], chunk["features"], chunk["ids"])
        del self.chunks[1 : max(1, len(self.chunks) - self.most)]
        self.sizes = np.cumsum([0] + [len(c[3]) for c in self.chunks])

    def epoch(self, size, rng):
        """Every stored view of a named picture once and a part of the others, in batches of view numbers."""
        named = self.concept[np.concatenate([c[3] for c in self.chunks])] >= 0
        order = rng.permutation(np.flatnonzero(named | (rng.random(len(named)) < OTHERS)))
        return [order[i : i + size] for i in range(0, len(order) - size + 1, size)]

    def batch(self, at, patch, keep, rng):
        chunk = np.searchsorted(self.sizes, at, side="right") - 1
        pick = list(zip(chunk, at - self.sizes[chunk]))
        pixels = np.stack([self.chunks[c][0][i] for c, i in pick])
        features = torch.stack([self.chunks[c][1][i] for c, i in pick])
        taught = torch.stack([self.chunks[c][2][i] for c, i in pick])
        ids = np.array([self.chunks[c][3][i] for c, i in pick])
        gain = torch.from_numpy(rng.uniform(0.85, 1.15, (len(at), 3))).float()
        offset = torch.from_numpy(rng.uniform(-0.06, 0.06, (len(at), 3))).float()
        patches, place = cut_patches(shifted(pixels, self.mirror[ids], rng), patch, keep, rng, gain, offset)
        return patches, place, taught, features.float() - self.mean_feature, torch.from_numpy(self.concept[ids]), self.classes[ids]


def losses(model, data, batch):
    patches, place, taught, features, own, classes = batch
    bank = data.bank
    pooled, raw = model(patches, place)
    y = F.normalize(raw, dim=-1)
    scale = model.logit_scale.exp().clamp(max=60)
    logits = scale * y @ bank.T
    with torch.no_grad():
        target = F.softmax(25 * taught @ bank.T, dim=-1)
        known = own >= 0
        target[known] *= 0.5
        target[known, own[known]] += 0.5
    contrast = F.cross_entropy(logits, target)
    cosine = 1 - (y * taught).sum(-1).mean()
    guess = F.linear(pooled.bfloat16(), model.feature.weight.bfloat16(), model.feature.bias.bfloat16()).float()
    feature = 1 - F.cosine_similarity(guess, features, dim=-1).mean()
    kind = -(classes * F.log_softmax(scale * y @ data.class_bank.T, dim=-1)).sum() / len(y)
    return contrast + 5 * cosine + 2 * feature + 0.5 * kind, contrast, cosine, feature, kind


def recall(similarity, k):
    """similarity [captions, pictures], the right picture of caption i is i."""
    better = (similarity > similarity.diag()[:, None]).sum(1)
    return 100 * (better < k).float().mean().item()


def validate(model, data):
    y = embed(model, data.val_views)
    s = data.val_texts @ y.T
    return recall(s, 1), recall(s, 5), recall(s, 10), recall(s.T, 10), (y * data.val_taught).sum(-1).mean().item()


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


class Trainer:
    """The model with its optimizer, averaged weights, checkpoint and log."""

    def __init__(self, args):
        self.args = args
        shape = {"vision_width": args.width, "vision_layers": args.layers} if args.width else {}
        self.model = Student(**shape)
        decay = [p for p in self.model.parameters() if p.ndim > 1]
        rest = [p for p in self.model.parameters() if p.ndim <= 1]
        self.optimizer = torch.optim.AdamW([{"params": decay, "weight_decay": 0.1}, {"params": rest, "weight_decay": 0.0}],
                                           lr=args.lr, betas=(0.9, 0.98), fused=True)
        self.average = {k: v.clone() for k, v in self.model.visual.state_dict().items()}
        self.step, self.seen, self.seconds, self.path = 0, 0, 0.0, CACHE / f"{args.name}.pt"
        if self.path.exists():
            state = torch.load(self.path)
            self.model.load_state_dict(state["model"])
            self.optimizer.load_state_dict(state["optimizer"])
            self.average, self.step, self.seen, self.seconds = state["average"], state["step"], state["seen"], state["seconds"]
        elif args.start_from:
            state = torch.load(args.start_from, map_location="cpu")
            self.model.visual.load_state_dict(state["average"])
            self.average = {k: v.clone() for k, v in state["average"].items()}
        LOGS.mkdir(exist_ok=True)
        self.log = open(LOGS / f"{args.name}.tsv", "a", encoding="utf-8")

    def say(self, text):
        self.log.write(text + "\n")
        self.log.flush()
        print(text, flush=True)

    def save(self):
        torch.save({"model": self.model.state_dict(), "optimizer": self.optimizer.state_dict(), "average": self.average, "step": self.step,
                    "seen": self.seen, "seconds": self.seconds, "args": vars(self.args)}, str(self.path) + ".part")
        os.replace(str(self.path) + ".part", self.path)

    @property
    def progress(self):
        return min(1.0, self.seconds / (60 * self.args.minutes))

    def learning_rate(self):
        return self.args.lr * min(1.0, (self.step + 1) / 100) * min(1.0, (1 - self.progress) / 0.6)

    def keep(self):
        """How many patches a step looks at: a part, at the end all."""
        patches = (IMAGE_SIDE // self.model.patch) ** 2
        return patches if self.progress > 0.82 else round(patches * (1 - self.args.patch_dropout))

    def update(self):
        for group in self.optimizer.param_groups:
            group["lr"] = self.learning_rate()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        rate = 1 - min(0.998, self.step / (self.step + 10))
        torch._foreach_lerp_(list(self.average.values()), list(self.model.visual.state_dict().values()), rate)
        self.step += 1

    def report(self, data, recent):
        raw = {k: v.clone() for k, v in self.model.visual.state_dict().items()}
        self.model.visual.load_state_dict(self.average)
        figures = validate(self.model, data)
        self.model.visual.load_state_dict(raw)
        means = np.mean(recent, axis=0)
        self.say("\t".join([f"{self.seconds / 60:.1f}", str(self.step), str(self.seen), str(data.sizes[-1]), f"{self.learning_rate():.2e}",
                            *(f"{m:.3f}" for m in means), *(f"{f:.1f}" for f in figures[:4]), f"{figures[4]:.3f}"]))


def run(trainer, data, args):
    workers, recent, batches, saved = Workers(args.threads, trainer.model.parameters()), [], [], time.monotonic()
    while trainer.progress < 1:
        started = time.monotonic()
        if not batches or trainer.step % 200 == 0:
            data.refresh()
            batches = data.epoch(args.batch, np.random.default_rng((SEED, 1, trainer.step)))
        at, keep, step = batches.pop(), trainer.keep(), trainer.step

        def compute(piece):
            batch = data.batch(at[piece : piece + args.piece], trainer.model.patch, keep, np.random.default_rng((SEED, 2, step, piece)))
            return losses(trainer.model, data, batch)

        recent.append(workers.step(range(0, args.batch, args.piece), compute))
        trainer.update()
        trainer.seen += args.batch
        trainer.seconds += min(time.monotonic() - started, 30)  # a step during which the process was stopped does not use the budget up
        if trainer.step % 200 == 0 or trainer.progress >= 1:
            trainer.report(data, recent)
            recent = []
        if time.monotonic() - saved > 120 or trainer.progress >= 1:
            trainer.save()
            saved = time.monotonic()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--piece", type=int, default=64, help="pictures that one thread computes at a time")
    parser.add_argument("--lr", type=float, default=1.5e-3)
    parser.add_argument("--patch-dropout", type=float, default=0.6)
    parser.add_argument("--pool", type=int, default=60, help="chunks of 2,048 views held in memory")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 2)
    parser.add_argument("--width", type=int, help="another width than model.json's (needs --layers)")
    parser.add_argument("--layers", type=int)
    parser.add_argument("--start-from", help="a checkpoint of another run, whose averaged tower this one starts from")
    parser.add_argument("--name", default="vision")
    args = parser.parse_args()
    torch.manual_seed(SEED)
    data = Data(args.pool)
    trainer = Trainer(args)
    if trainer.step == 0:
        trainer.say(f"# picture tower {parameter_count(trainer.model.visual) / 1e6:.2f} M parameters, {data.pictures} pictures, {len(data.bank)} "
                    f"concepts, seed {SEED}, {vars(args)}")
        trainer.say("minutes\tstep\tseen\tviews\tlr\tloss\tcontrast\tcosine\tfeature\tclasses\tval R@1\tR@5\tR@10\tpicture->text R@10\tval cos to teacher")
    run(trainer, data, args)


if __name__ == "__main__":
    main()
