"""Step 7: the picture tower, taught by the teacher head's vectors and by the captions' MiniLM vectors.

    python train.py --minutes 90

Loss = cross entropy over all training concepts (the bank), half towards the picture's own concept and half towards
the teacher's distribution, + 5 (1 - cos to the teacher's vector of the same view) + (1 - cos to its features).
The time budget, not the step count, drives the learning rate (constant, then linear to 0), so that a loaded machine
only makes the run shorter; it checkpoints every two minutes and resumes by the same command.
"""
import argparse
import os
import time

import numpy as np
import torch
import torch.nn.functional as F

import split
from common import CACHE, LOGS, SEED, read_jsonl
from model import build, parameter_count, use_plain_attention
from teachers import PICTURE_DIM, TeacherHead
from views import VIEWS

MEAN = torch.tensor([0.48145466, 0.4578275, 0.40821073])  # CLIP's own normalisation
STD = torch.tensor([0.26862954, 0.26130258, 0.27577711])


class Data:
    """Everything in memory: views (uint8), teacher vectors and features per view, phrase vectors."""

    def __init__(self):
        self.rows = split.load()
        self.phrases = torch.from_numpy(np.load(CACHE / "phrases.npy"))
        self.phrase_ids = read_jsonl(CACHE / "phrase_ids.jsonl")
        self.train = np.array([r["id"] for r in self.rows if r["part"] == "train"])
        self.val = split.retrieval_set(self.rows, "val")
        concepts = sorted({self.rows[i]["concept"] for i in self.train})
        number = {c: k for k, c in enumerate(concepts)}
        self.concept = np.array([number.get(r["concept"], -1) for r in self.rows])
        first = {}
        for i in self.train:
            first.setdefault(self.concept[i], self.phrase_ids[i][0])
        self.bank = self.phrases[[first[k] for k in range(len(concepts))]]  # [concepts, 384]
        self.head = TeacherHead()
        self.head.load_state_dict(torch.load(CACHE / "teacher_head.pt"))
        self.head.eval()
        self.views, self.features, self.taught = [], [], []
        self.refresh()

    @torch.no_grad()
    def refresh(self):
        """Takes in the views that were finished since; view 0 is the clean one."""
        while len(self.views) < VIEWS and (CACHE / f"features{len(self.views)}.npy").exists():
            index = len(self.views)
            features = torch.from_numpy(np.load(CACHE / f"features{index}.npy")).float()
            self.views.append(np.load(CACHE / f"view{index}.npy"))
            self.features.append(features)
            self.taught.append(self.head(features))
            self.mean_feature = self.features[0][self.train].mean(0)

    def normalised(self, uint8):
        x = torch.from_numpy(np.ascontiguousarray(uint8)).float() / 255
        return ((x - MEAN) / STD).permute(0, 3, 1, 2)

    def batch(self, ids, rng):
        view = rng.integers(0, len(self.views), len(ids))
        pixels = np.stack([self.views[v][i] for v, i in zip(view, ids)])
        taught = torch.stack([self.taught[v][i] for v, i in zip(view, ids)])
        features = torch.stack([self.features[v][i] for v, i in zip(view, ids)])
        x = torch.from_numpy(pixels).float() / 255
        x = cheap_augment(x, [self.rows[i] for i in ids], rng)
        return ((x - MEAN) / STD).permute(0, 3, 1, 2), taught, features


def cheap_augment(x, rows, rng):
    """On top of a stored view: mirror, shift by up to 6 px, gain and offset per channel. x: [B, H, W, 3] in 0..1."""
    side = x.shape[1]
    out = torch.empty_like(x)
    padded = F.pad(x.permute(0, 3, 1, 2), (6, 6, 6, 6), mode="replicate").permute(0, 2, 3, 1)
    for i, row in enumerate(rows):
        top, left = rng.integers(0, 13, 2)
        piece = padded[i, top : top + side, left : left + side]
        out[i] = piece.flip(1) if rng.random() < 0.5 and not row["caption"].startswith("flag") else piece
    gain = torch.from_numpy(rng.uniform(0.85, 1.15, (len(x), 1, 1, 3))).float()
    offset = torch.from_numpy(rng.uniform(-0.06, 0.06, (len(x), 1, 1, 3))).float()
    return (out * gain + offset).clamp(0, 1)


class Student(torch.nn.Module):
    """visual: the CLIP picture tower; feature: a linear head that is dropped after training."""

    def __init__(self, patch_dropout):
        super().__init__()
        clip, _ = build(patch_dropout)
        self.visual = clip.visual
        self.feature = torch.nn.Linear(self.visual.output_dim, PICTURE_DIM)
        self.logit_scale = torch.nn.Parameter(torch.tensor(3.0))

    def forward(self, x):
        return self.visual(x)


def losses(model, data, batch, own, mean_feature):
    x, taught, features = batch
    with torch.autocast("cpu", torch.bfloat16):
        raw = model(x)
    raw = raw.float()
    y = F.normalize(raw, dim=-1)
    scale = model.logit_scale.exp().clamp(max=60)
    logits = scale * y @ data.bank.T
    with torch.no_grad():
        soft = F.softmax(25 * taught @ data.bank.T, dim=-1)
        target = 0.5 * soft
        target[torch.arange(len(own)), own] += 0.5
    contrast = F.cross_entropy(logits, target)
    cosine = 1 - (y * taught).sum(-1).mean()
    feature = 1 - F.cosine_similarity(model.feature(y * 8), features - mean_feature, dim=-1).mean()
    return contrast + 5 * cosine + feature, contrast, cosine


@torch.no_grad()
def embed(visual, data, ids):
    visual.eval()
    out = []
    for start in range(0, len(ids), 256):
        with torch.autocast("cpu", torch.bfloat16):
            out.append(visual(data.normalised(data.views[0][ids[start : start + 256]])).float())
    visual.train()
    return F.normalize(torch.cat(out), dim=-1)


def recall(similarity, k):
    """similarity [captions, pictures], the right picture of caption i is i."""
    better = (similarity > similarity.diag()[:, None]).sum(1)
    return 100 * (better < k).float().mean().item()


def validate(visual, data):
    ids = np.array([r["id"] for r in data.val])
    texts = data.phrases[[data.phrase_ids[i][0] for i in ids]]
    y = embed(visual, data, ids)
    s = texts @ y.T
    taught = (y * data.taught[0][ids]).sum(-1).mean().item()
    return recall(s, 1), recall(s, 5), recall(s, 10), taught


class Threads:
    """One thread or two, whichever is faster just now: on a shared machine two threads wait for each other."""

    def __init__(self, most):
        self.choices = sorted({1, most})
        self.best, self.times, self.count = most, {}, 0

    def before_step(self):
        self.count += 1
        phase = self.count % 120
        if phase < 4 * len(self.choices):
            self.now = self.choices[phase // 4]
            if phase == 0:
                self.times = {}
        else:
            self.now = min(self.times, key=self.times.get) if self.times else self.best
        torch.set_num_threads(self.now)

    def after_step(self, seconds):
        if self.count % 120 < 4 * len(self.choices):
            self.times[self.now] = min(seconds, self.times.get(self.now, 1e9))


def learning_rate(progress, step, peak):
    warm = min(1.0, (step + 1) / 100)
    return peak * warm * min(1.0, max(0.0, (1 - progress) / 0.45))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=90)
    parser.add_argument("--batch", type=int, default=192)
    parser.add_argument("--lr", type=float, default=1.2e-3)
    parser.add_argument("--patch-dropout", type=float, default=0.4)
    parser.add_argument("--name", default="vision")
    args = parser.parse_args()

    torch.manual_seed(SEED)
    use_plain_attention()
    data = Data()
    model = Student(args.patch_dropout)
    decay = [p for p in model.parameters() if p.ndim > 1]
    rest = [p for p in model.parameters() if p.ndim <= 1]
    optimizer = torch.optim.AdamW([{"params": decay, "weight_decay": 0.1}, {"params": rest, "weight_decay": 0.0}],
                                  lr=args.lr, betas=(0.9, 0.98))
    average = {k: v.clone() for k, v in model.visual.state_dict().items()}
    step, seconds, path = 0, 0.0, CACHE / f"{args.name}.pt"
    if path.exists():
        state = torch.load(path)
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        average, step, seconds = state["average"], state["step"], state["seconds"]
    LOGS.mkdir(exist_ok=True)
    log = open(LOGS / f"{args.name}.tsv", "a", encoding="utf-8")

    def say(text):
        log.write(text + "\n")
        log.flush()
        print(text, flush=True)

    def save():
        torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict(), "average": average, "step": step,
                    "seconds": seconds, "args": vars(args)}, str(path) + ".part")
        os.replace(str(path) + ".part", path)

    if step == 0:
        say(f"# picture tower {parameter_count(model.visual) / 1e6:.2f} M parameters, {len(data.train)} pictures, "
            f"{len(data.bank)} concepts, seed {SEED}, {vars(args)}")
        say("minutes\tstep\tepoch\tviews\tlr\tloss\tcontrast\tcosine\tval R@1\tR@5\tR@10\tval cos to teacher\tthreads")
    threads, recent, saved = Threads(os.cpu_count() or 2), [], time.monotonic()
    order, at = np.random.default_rng((SEED, step)).permutation(data.train), 0
    while seconds < 60 * args.minutes:
        started = time.monotonic()
        threads.before_step()
        rng = np.random.default_rng((SEED, 1, step))
        if at + args.batch > len(order):
            order, at = rng.permutation(data.train), 0
            data.refresh()
        ids = order[at : at + args.batch]
        at += args.batch
        lr = learning_rate(seconds / (60 * args.minutes), step, args.lr)
        for group in optimizer.param_groups:
            group["lr"] = lr
        loss, contrast, cosine = losses(model, data, data.batch(ids, rng), torch.from_numpy(data.concept[ids]), data.mean_feature)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        keep = min(0.998, step / (step + 10))
        for key, value in model.visual.state_dict().items():
            average[key].lerp_(value, 1 - keep)
        recent.append((loss.item(), contrast.item(), cosine.item()))
        step += 1
        took = time.monotonic() - started
        threads.after_step(took)
        seconds += min(took, 30)  # a step during which the process was stopped does not use the budget up
        last = seconds >= 60 * args.minutes
        if step % 200 == 0 or last:
            raw = model.visual.state_dict()
            raw = {k: v.clone() for k, v in raw.items()}
            model.visual.load_state_dict(average)
            r1, r5, r10, taught = validate(model.visual, data)
            model.visual.load_state_dict(raw)
            mean = np.mean(recent, axis=0)
            recent = []
            say(f"{seconds / 60:.1f}\t{step}\t{step * args.batch / len(data.train):.1f}\t{len(data.views)}\t{lr:.2e}\t{mean[0]:.3f}\t"
                f"{mean[1]:.3f}\t{mean[2]:.3f}\t{r1:.1f}\t{r5:.1f}\t{r10:.1f}\t{taught:.3f}\t{threads.now}")
        if time.monotonic() - saved > 120 or last:
            save()
            saved = time.monotonic()


if __name__ == "__main__":
    main()
