"""Step 6: the teacher's head, EfficientNet-Lite0 features -> MiniLM's space, on the training pictures' views.

ImageNet's 1,000 classifier rows with their names are pairs too. Decisions by the validation concepts only.
"""
import numpy as np
import torch
import torch.nn.functional as F

import split
from common import CACHE, LOGS, SEED, read_jsonl
from teachers import EfficientNetLite0, MiniLm, TeacherHead

STEPS, BATCH = 1500, 512


def recalls(similarity):
    better = (similarity > similarity.diag()[:, None]).sum(1)
    return [round(100 * (better < k).float().mean().item(), 1) for k in (1, 5, 10)]


def main():
    if (CACHE / "teacher_head.pt").exists():
        return
    torch.manual_seed(SEED)
    rng = np.random.default_rng(SEED)
    rows, ids = split.load(), read_jsonl(CACHE / "phrase_ids.jsonl")
    phrases = torch.from_numpy(np.load(CACHE / "phrases.npy"))
    views = [torch.from_numpy(np.load(CACHE / f"features{v}.npy")).float() for v in range(2)]
    train = np.array([r["id"] for r in rows if r["part"] == "train"])
    concept = {c: k for k, c in enumerate(sorted({rows[i]["concept"] for i in train}))}
    label = torch.tensor([concept.get(r["concept"], -1) for r in rows])
    prototypes, names = EfficientNetLite0().prototypes()
    named = MiniLm()(names)
    prototypes, named = prototypes, torch.from_numpy(named)

    val = split.retrieval_set(rows, "val")
    val_ids = [r["id"] for r in val]
    val_texts = phrases[[ids[i][0] for i in val_ids]]
    head = TeacherHead()
    optimizer = torch.optim.AdamW(head.parameters(), lr=1e-3, weight_decay=0.05)
    log = open(LOGS / "teacher.tsv", "w", encoding="utf-8")
    log.write("step\tloss\tval R@1\tR@5\tR@10\n")
    best, best_state = -1, None
    for step in range(STEPS):
        for group in optimizer.param_groups:
            group["lr"] = 1e-3 * min(1, (step + 1) / 50) * (1 - step / STEPS)
        pick = rng.choice(train, BATCH)
        which = rng.integers(0, len(views), BATCH)
        x = torch.stack([views[v][i] for v, i in zip(which, pick)])
        t = phrases[[ids[i][0] if rng.random() < 0.7 else ids[i][rng.integers(len(ids[i]))] for i in pick]]
        some = rng.choice(len(named), 64, replace=False)
        x, t = torch.cat([x, prototypes[some]]), torch.cat([t, named[some]])
        group = torch.cat([label[pick], -1 - torch.from_numpy(some)])
        y = head(x)
        logits = 20 * y @ t.T
        same = (group[:, None] == group[None]) & ~torch.eye(len(group), dtype=bool)
        logits = logits.masked_fill(same, -1e4)
        target = torch.arange(len(group))
        loss = (F.cross_entropy(logits, target) + F.cross_entropy(logits.T, target)) / 2 + 2 * (1 - (y * t).sum(-1).mean())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if (step + 1) % 100 == 0:
            head.eval()
            with torch.no_grad():
                r = recalls(val_texts @ head(views[0][val_ids]).T)
            head.train()
            log.write(f"{step + 1}\t{loss.item():.3f}\t{r[0]}\t{r[1]}\t{r[2]}\n")
            log.flush()
            print(step + 1, round(loss.item(), 3), r, flush=True)
            if sum(r) > best:
                best, best_state = sum(r), {k: v.clone() for k, v in head.state_dict().items()}
    torch.save(best_state, CACHE / "teacher_head.pt")


if __name__ == "__main__":
    main()
