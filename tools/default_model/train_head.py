"""Step 7: the picture teacher's heads, EfficientNet-Lite0 features -> MiniLM's space, on clean and augmented views.

ImageNet's 1,000 classifier rows with their names are pairs too. Decisions by the validation concepts only.
"""
import numpy as np
import torch
import torch.nn.functional as F

import split
from common import CACHE, LOGS, SEED, more_pictures, read_jsonl, save_torch
from teachers import FOLDS, EfficientNetLite0, MiniLm, TeacherHead, TeacherHeads, fold_of

STEPS, BATCH, PROTOTYPES, CHUNKS = 500, 448, 64, 12


class Data:
    """features [V, 1280] of named training views, the picture of each, and phrases of each picture."""

    def __init__(self):
        rows = split.load()
        self.rows = rows + more_pictures()[1]
        clean = np.concatenate([np.load(CACHE / "features0.npy"), np.load(CACHE / "more_features0.npy")])
        named = np.array([r["part"] == "train" and r.get("named", True) for r in self.rows])
        chunks = [np.load(path) for path in sorted((CACHE / "views").glob("*.npz"))[:CHUNKS]]
        picture = np.concatenate([np.flatnonzero(named), *(c["ids"] for c in chunks)])
        features = np.concatenate([clean[named], *(c["features"] for c in chunks)])
        use = (picture >= 0) & named[picture]
        self.picture, self.features = picture[use], torch.from_numpy(features[use].astype(np.float32))
        concepts = {c: k for k, c in enumerate(sorted({self.rows[i]["concept"] for i in np.flatnonzero(named)}))}
        self.concept = np.array([concepts.get(r["concept"], -1) for r in self.rows])
        self.fold = np.array([fold_of(r["concept"]) for r in self.rows])
        self.phrases = torch.from_numpy(np.load(CACHE / "phrases.npy"))
        self.ids = read_jsonl(CACHE / "phrase_ids.jsonl")
        prototypes, names = EfficientNetLite0().prototypes()
        self.prototypes, self.named = prototypes, torch.from_numpy(MiniLm()(names))
        val = [r["id"] for r in split.retrieval_set(rows, "val")]
        self.val, self.val_texts = torch.from_numpy(clean[val].astype(np.float32)), self.phrases[[self.ids[i][0] for i in val]]

    def batch(self, pool, rng):
        at = rng.choice(pool, BATCH)
        pictures = self.picture[at]
        texts = [self.ids[i][0] if rng.random() < 0.7 else self.ids[i][rng.integers(len(self.ids[i]))] for i in pictures]
        some = rng.choice(len(self.named), PROTOTYPES, replace=False)
        x = torch.cat([self.features[at], self.prototypes[some]])
        return x, torch.cat([self.phrases[texts], self.named[some]]), torch.from_numpy(np.concatenate([self.concept[pictures], -1 - some]))


def recalls(similarity):
    better = (similarity > similarity.diag()[:, None]).sum(1)
    return [round(100 * (better < k).float().mean().item(), 1) for k in (1, 5, 10)]


def train_one(data, fold):
    """A head that has not seen the fold's concepts."""
    torch.manual_seed(SEED + fold)
    rng = np.random.default_rng((SEED, fold))
    pool = np.flatnonzero(data.fold[data.picture] != fold)
    head = TeacherHead()
    optimizer = torch.optim.AdamW(head.parameters(), lr=1e-3, weight_decay=0.05, fused=True)
    for step in range(STEPS):
        for group in optimizer.param_groups:
            group["lr"] = 1e-3 * min(1, (step + 1) / 50) * (1 - step / STEPS)
        x, t, concept = data.batch(pool, rng)
        with torch.autocast("cpu", torch.bfloat16):
            y = head(x)
        y = F.normalize(y.float(), dim=-1)
        same = (concept[:, None] == concept[None]) & ~torch.eye(len(concept), dtype=bool)
        logits = (20 * y @ t.T).masked_fill(same, -1e4)
        target = torch.arange(len(concept))
        loss = (F.cross_entropy(logits, target) + F.cross_entropy(logits.T, target)) / 2 + 2 * (1 - (y * t).sum(-1).mean())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return head.eval(), loss.item()


@torch.no_grad()
def main():
    if (CACHE / "teacher_heads.pt").exists():
        return
    data, heads = Data(), TeacherHeads().eval()
    log = open(LOGS / "teacher.tsv", "w", encoding="utf-8")
    log.write(f"# {len(data.picture)} views of {len(set(data.picture))} pictures, {FOLDS} heads of {STEPS} steps\nhead\tloss\tval R@1\tR@5\tR@10\n")
    for fold in range(FOLDS):
        with torch.enable_grad():
            heads.heads[fold], loss = train_one(data, fold)
        line = [fold, round(loss, 3), *recalls(data.val_texts @ heads.heads[fold](data.val).T)]
        print(*line, flush=True)
        log.write("\t".join(map(str, line)) + "\n")
    log.write("\t".join(map(str, ["all", "-", *recalls(data.val_texts @ heads(data.val).T)])) + "\n")
    log.close()
    print(open(log.name).read())
    save_torch(CACHE / "teacher_heads.pt", heads.state_dict())


if __name__ == "__main__":
    main()
