"""Step 8: the picture tower, taught by the teacher heads' vectors and by the captions' MiniLM vectors.

    python train.py --minutes 60

Loss = cross entropy over all training concepts (the bank; half towards the picture's own concept where it has one, the
rest towards the teacher's distribution) + 5 (1 - cos to the teacher's vector of the same view) + 2 (1 - cos to its
features) + 2 (1 - cos, patch by patch, to its features of that place) + 0.5 cross entropy over the class words
(classes.py) where a picture has some. The time budget, not the step count, drives the learning rate (constant, then
linear to 0) and, at the end, lets all patches in; it checkpoints every two minutes and resumes by the same command.
`views.py augmented` runs beside it and draws new views; the newest --pool chunks of them are trained on.
"""
import argparse

import numpy as np
import torch
import torch.nn.functional as F

import split
from bookkeeping import Run, shown_arguments
from classes import CLASSES, classes_of
from common import CACHE, IMAGE_SIDE, SEED, more_pictures, read_jsonl
from model import parameter_count
from optimizer import optimizers
from student import Student, cut_patches, embed, local_targets, shifted
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
        clean = [np.concatenate([np.load(CACHE / f"{p}{what}0.npy") for p in ("", "more_")]) for what in ("view", "features", "local")]
        ids = np.array([r["id"] for r in self.rows if r["part"] == "train"])
        self.pictures = len(ids)
        self.mean_feature = torch.from_numpy(clean[1][ids].astype(np.float32)).mean(0)
        self.add(clean[0][ids], clean[1][ids], clean[2][ids], ids)
        val = split.retrieval_set(base, "val")
        at = [r["id"] for r in val]
        self.val_views, self.val_texts = clean[0][at], phrases[[phrase_ids[i][0] for i in at]]
        with torch.no_grad():
            self.val_taught = self.heads(torch.from_numpy(clean[1][at].astype(np.float32)))

    @torch.no_grad()
    def add(self, pixels, features, local, ids):
        features = torch.from_numpy(features.astype(np.float32))
        taught = self.heads(features, torch.from_numpy(self.fold[ids]))
        self.chunks.append((pixels, features.bfloat16(), taught, ids, torch.from_numpy(local)))

    def refresh(self):
        """Takes in the chunks that were drawn since; the clean views always stay."""
        for path in sorted((CACHE / "views").glob("*.npz")):
            if path.name not in self.taken:
                self.taken.add(path.name)
                chunk = np.load(path)
                self.add(chunk["pixels"], chunk["features"], chunk["local"], chunk["ids"])
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
        local = torch.stack([self.chunks[c][4][i] for c, i in pick])
        gain = torch.from_numpy(rng.uniform(0.85, 1.15, (len(at), 3))).float()
        offset = torch.from_numpy(rng.uniform(-0.06, 0.06, (len(at), 3))).float()
        moved, rows, columns = shifted(pixels, self.mirror[ids], rng)
        patches, place = cut_patches(moved, patch, keep, rng, gain, offset)
        local = local_targets(local, place, rows, columns, patch)
        return patches, place, taught, features.float() - self.mean_feature, local, torch.from_numpy(self.concept[ids]), self.classes[ids]


def losses(model, data, batch):
    patches, place, taught, features, local, own, classes = batch
    bank = data.bank
    pooled, raw, tokens = model(patches, place)
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
    tokens = F.layer_norm(tokens, tokens.shape[-1:])
    near = 1 - F.cosine_similarity(F.linear(tokens, model.local.weight.bfloat16(), model.local.bias.bfloat16()).float(), local, dim=-1).mean()
    kind = -(classes * F.log_softmax(scale * y @ data.class_bank.T, dim=-1)).sum() / len(y)
    return contrast + 5 * cosine + 2 * feature + 2 * near + 0.5 * kind, contrast, cosine, feature, near, kind


def recall(similarity, k):
    """similarity [captions, pictures], the right picture of caption i is i."""
    better = (similarity > similarity.diag()[:, None]).sum(1)
    return 100 * (better < k).float().mean().item()


def validate(model, data):
    y = embed(model, data.val_views)
    s = data.val_texts @ y.T
    return recall(s, 1), recall(s, 5), recall(s, 10), recall(s.T, 10), (y * data.val_taught).sum(-1).mean().item()


class PictureRun(Run):
    def __init__(self, args, data):
        shape = {"vision_width": args.width, "vision_layers": args.layers} if args.width else {}
        model = Student(**shape)
        if args.start_from:
            model.grown_from(torch.load(args.start_from, map_location="cpu")["average"])
        named = list(model.named_parameters())
        made = optimizers(named, args.lr, "resblocks" if args.optimizer == "muon" else "no such name")
        super().__init__(args, model, model.parameters(), dict(model.visual.named_parameters()), made)
        self.data, self.batches = data, []

    def keep(self):
        """How many patches a step looks at: a part, at the end all."""
        patches = (IMAGE_SIDE // self.model.patch) ** 2
        return patches if self.progress > self.args.all_patches_from else round(patches * (1 - self.args.patch_dropout))

    def pieces(self):
        if not self.batches or self.step % self.REPORT == 0:
            self.data.refresh()
            self.batches = self.data.epoch(self.args.batch, np.random.default_rng((SEED, 1, self.step)))
        at, keep = self.batches.pop(), self.keep()
        return [(start, at[start : start + self.args.piece], keep) for start in range(0, self.args.batch, self.args.piece)]

    def compute(self, piece):
        start, at, keep = piece
        return losses(self.model, self.data, self.data.batch(at, self.model.patch, keep, np.random.default_rng((SEED, 2, self.step, start))))

    def report(self, means):
        figures = validate(self.model, self.data)
        self.say("\t".join([f"{self.seconds / 60:.1f}", str(self.step), str(self.seen), str(self.data.sizes[-1]), f"{self.learning_rate():.2e}",
                            *(f"{m:.3f}" for m in means), *(f"{f:.1f}" for f in figures[:4]), f"{figures[4]:.3f}"]))


def main():
    parser = Run.arguments(argparse.ArgumentParser())
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--batch", type=int, default=192)
    parser.add_argument("--piece", type=int, default=96, help="pictures that one thread computes at a time")
    parser.add_argument("--lr", type=float, default=1e-3)
    parser.add_argument("--patch-dropout", type=float, default=0.6)
    parser.add_argument("--pool", type=int, default=90, help="chunks of 2,048 views held in memory")
    parser.add_argument("--all-patches-from", type=float, default=0.82, help="the part of the time after which no patch is left out")
    parser.add_argument("--optimizer", choices=("adamw", "muon"), default="muon", help="of the blocks' matrices")
    parser.add_argument("--width", type=int, help="another width than model.json's (needs --layers)")
    parser.add_argument("--layers", type=int)
    parser.add_argument("--start-from", help="a checkpoint of another run, whose averaged tower this one starts from")
    parser.add_argument("--name", default="vision")
    args = parser.parse_args()
    torch.manual_seed(SEED)
    data = Data(args.pool)
    run = PictureRun(args, data)
    if run.step == 0:
        run.say(f"# picture tower {parameter_count(run.model.visual) / 1e6:.2f} M parameters, {data.pictures} pictures, {len(data.bank)} "
                f"concepts, seed {SEED}, {shown_arguments(args)}")
        run.say("minutes\tstep\tseen\tviews\tlr\tloss\tcontrast\tcosine\tfeature\tlocal\tclasses\tval R@1\tR@5\tR@10\tpicture->text R@10\tval cos to teacher")
    run.train()


if __name__ == "__main__":
    main()
