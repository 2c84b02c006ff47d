"""Step 11: the text tower, taught MiniLM's vectors over the lexicon and over composed phrases.

    python train_text.py --minutes 30

Loss = 3 (1 - cos to MiniLM's vector) + cross entropy of the similarities to the other phrases of the piece towards
MiniLM's own. Validation: cosine and neighbours on the validation concepts' captions, which are not in the lexicon
as captions. Time budget, checkpoints and resuming as in train.py; `compose.py` may run beside it.
"""
import argparse
import json
import os
import time

import numpy as np
import torch
import torch.nn.functional as F

import split
from common import CACHE, LOGS, SEED, read_jsonl
from model import CONTEXT, build, config
from student import block, normed
from train import Workers
from vocabulary import tokenizer

SHARE = {"caption": 0.3, "keyword": 0.05, "imagenet": 0.03, "wordnet": 0.22, "composed": 0.4}
LONGEST = 14  # phrases of more tokens are few and cost much


def encode(clip, tokens):
    """encode_text over the longest true length of the batch (a causal tower needs nothing after EOT), products in bf16."""
    end = tokens.argmax(-1)
    length = int(end.max()) + 1
    x = (clip.token_embedding(tokens[:, :length]) + clip.positional_embedding[:length]).bfloat16()
    mask = clip.attn_mask[:length, :length].bfloat16()
    for layer in clip.transformer.resblocks:
        x = block(x, layer, layer.attn.num_heads, mask)
    return normed(x[torch.arange(len(x)), end].float(), clip.ln_final) @ clip.text_projection


class Data:
    def __init__(self):
        entries = json.loads((CACHE / "lexicon.json").read_text())
        self.tokenize = tokenizer(config()["merges"], CONTEXT)
        self.tokens, self.vectors, self.taken = self.tokenize([p for p, _ in entries]), torch.from_numpy(np.load(CACHE / "lexicon.npy")), set()
        self.kinds = np.array([k for _, k in entries])
        self.refresh()
        ids = read_jsonl(CACHE / "phrase_ids.jsonl")
        val = split.retrieval_set(split.load(), "val")
        self.val_tokens = self.tokenize([r["caption"] for r in val])
        self.val_vectors = torch.from_numpy(np.load(CACHE / "phrases.npy"))[[ids[r["id"]][0] for r in val]]

    def refresh(self):
        """Takes in the composed phrases that were written since."""
        new = [path for path in sorted((CACHE / "composed").glob("*.npz")) if path.name not in self.taken]
        for path in new:
            self.taken.add(path.name)
            chunk = np.load(path)
            self.tokens = torch.cat([self.tokens, self.tokenize([str(p) for p in chunk["phrases"]])])
            self.vectors = torch.cat([self.vectors, torch.from_numpy(chunk["vectors"].astype(np.float32))])
            self.kinds = np.concatenate([self.kinds, np.full(len(chunk["phrases"]), "composed", self.kinds.dtype)])
        self.lengths = self.tokens.argmax(-1).numpy() + 1
        pools = {k: np.flatnonzero((self.kinds == k) & (self.lengths <= LONGEST)) for k in SHARE}
        self.pools = {k: pool for k, pool in pools.items() if len(pool)}

    def batch(self, pieces, size, seed):
        """`pieces` pieces of a batch, cut by length, so that hardly anything is padded."""
        rng = np.random.default_rng(seed)
        total = sum(SHARE[k] for k in self.pools)
        pick = np.concatenate([rng.choice(pool, round(pieces * size * SHARE[k] / total)) for k, pool in self.pools.items()])
        return np.array_split(pick[np.argsort(self.lengths[pick], kind="stable")], pieces)


@torch.no_grad()
def validate(clip, data):
    y = F.normalize(encode(clip, data.val_tokens), dim=-1)
    s = y @ data.val_vectors.T
    return (y * data.val_vectors).sum(-1).mean().item(), 100 * (s.argmax(1) == torch.arange(len(s))).float().mean().item()


TEXT_KEYS = ("token_embedding", "positional_embedding", "transformer.", "ln_final", "text_projection")


def text_state(clip):
    return {k: v for k, v in clip.state_dict().items() if k.startswith(TEXT_KEYS)}


def losses(clip, tokens, target):
    y = F.normalize(encode(clip, tokens), dim=-1)
    cosine = 1 - (y * target).sum(-1).mean()
    return 3 * cosine + F.cross_entropy(20 * y @ target.T, F.softmax(20 * target @ target.T, dim=-1)), cosine


class Trainer:
    """The text tower with its optimizer, averaged weights, checkpoint and log."""

    def __init__(self, args):
        self.args = args
        self.clip, _ = build()
        self.named = {n: p for n, p in self.clip.named_parameters() if n.startswith(TEXT_KEYS)}
        self.parameters = list(self.named.values())
        self.optimizer = torch.optim.AdamW(self.parameters, lr=args.lr, weight_decay=0.05, betas=(0.9, 0.98), fused=True)
        self.average = {n: p.detach().clone() for n, p in self.named.items()}
        self.step, self.seconds, self.path = 0, 0.0, CACHE / f"{args.name}.pt"
        if self.path.exists():
            state = torch.load(self.path)
            self.clip.load_state_dict({**self.clip.state_dict(), **state["model"]})
            self.optimizer.load_state_dict(state["optimizer"])
            self.average, self.step, self.seconds = state["average"], state["step"], state["seconds"]
        self.log = open(LOGS / f"{args.name}.tsv", "a", encoding="utf-8")

    def say(self, text):
        self.log.write(text + "\n")
        self.log.flush()
        print(text, flush=True)

    def save(self):
        torch.save({"model": text_state(self.clip), "optimizer": self.optimizer.state_dict(), "average": self.average, "step": self.step,
                    "seconds": self.seconds, "args": vars(self.args)}, str(self.path) + ".part")
        os.replace(str(self.path) + ".part", self.path)

    @property
    def progress(self):
        return min(1.0, self.seconds / (60 * self.args.minutes))

    def learning_rate(self):
        return self.args.lr * min(1, (self.step + 1) / 80) * min(1.0, (1 - self.progress) / 0.7)

    def update(self):
        for group in self.optimizer.param_groups:
            group["lr"] = self.learning_rate()
        torch.nn.utils.clip_grad_norm_(self.parameters, 1.0)
        self.optimizer.step()
        torch._foreach_lerp_(list(self.average.values()), [p.detach() for p in self.parameters], 1 - min(0.998, self.step / (self.step + 10)))
        self.step += 1

    def report(self, data, recent):
        raw = {k: v.clone() for k, v in text_state(self.clip).items()}
        self.clip.load_state_dict({**self.clip.state_dict(), **self.average})
        cosine, nearest = validate(self.clip, data)
        self.clip.load_state_dict({**self.clip.state_dict(), **raw})
        loss, apart = np.mean(recent, axis=0)
        self.say(f"{self.seconds / 60:.1f}\t{self.step}\t{len(data.tokens)}\t{self.learning_rate():.1e}\t{loss:.3f}\t{apart:.3f}\t{cosine:.3f}\t{nearest:.1f}")


def run(trainer, data, args):
    workers, recent, saved = Workers(args.threads, trainer.named.values()), [], time.monotonic()
    while trainer.progress < 1:
        started = time.monotonic()
        if trainer.step % 100 == 0:
            data.refresh()
        pieces = data.batch(args.pieces, args.batch // args.pieces, (SEED, 2, trainer.step))
        recent.append(workers.step(pieces, lambda at: losses(trainer.clip, data.tokens[at], data.vectors[at])))
        trainer.update()
        trainer.seconds += min(time.monotonic() - started, 10)
        if trainer.step % 100 == 0 or trainer.progress >= 1:
            trainer.report(data, recent)
            recent = []
        if time.monotonic() - saved > 60 or trainer.progress >= 1:
            trainer.save()
            saved = time.monotonic()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--batch", type=int, default=1024)
    parser.add_argument("--pieces", type=int, default=4)
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 2)
    parser.add_argument("--lr", type=float, default=2e-3)
    parser.add_argument("--name", default="text")
    args = parser.parse_args()
    torch.manual_seed(SEED)
    data, trainer = Data(), Trainer(args)
    if trainer.step == 0:
        trainer.say(f"# text tower {sum(p.numel() for p in trainer.parameters) / 1e6:.2f} M parameters, {len(data.tokens)} phrases, {vars(args)}")
        trainer.say("minutes\tstep\tphrases\tlr\tloss\tcosine\tval cosine\tval nearest right %")
    run(trainer, data, args)


if __name__ == "__main__":
    main()
