"""Step 9: the text tower, taught MiniLM's vectors over the lexicon.

    python train_text.py --minutes 20

Loss = 3 (1 - cos to MiniLM's vector) + cross entropy of the similarities to the other phrases of the batch towards
MiniLM's own. Validation: cosine and neighbours on the validation concepts' captions, which are not in the lexicon
as captions. Time budget, checkpoints and resuming as in train.py.
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
from model import CONTEXT, build, config, use_plain_attention
from vocabulary import tokenizer

SHARE = {"caption": 0.5, "keyword": 0.06, "imagenet": 0.03, "wordnet": 0.41}
LONGEST = 14  # phrases of more tokens are few and cost much


def encode(clip, tokens):
    """encode_text over the longest true length of the batch: a causal tower needs nothing after EOT."""
    end = tokens.argmax(-1)
    length = int(end.max()) + 1
    x = clip.token_embedding(tokens[:, :length]) + clip.positional_embedding[:length]
    x = clip.transformer(x, attn_mask=clip.attn_mask[:length, :length])
    x = clip.ln_final(x)
    return x[torch.arange(len(x)), end] @ clip.text_projection


class Data:
    def __init__(self):
        entries = json.loads((CACHE / "lexicon.json").read_text())
        self.vectors = torch.from_numpy(np.load(CACHE / "lexicon.npy"))
        self.tokenize = tokenizer(config()["merges"], CONTEXT)
        self.tokens = self.tokenize([p for p, _ in entries])
        kinds = np.array([k for _, k in entries])
        self.lengths = self.tokens.argmax(-1).numpy() + 1
        self.pools = {k: np.flatnonzero((kinds == k) & (self.lengths <= LONGEST)) for k in SHARE}
        rows = split.load()
        ids = read_jsonl(CACHE / "phrase_ids.jsonl")
        val = split.retrieval_set(rows, "val")
        self.val_tokens = self.tokenize([r["caption"] for r in val])
        self.val_vectors = torch.from_numpy(np.load(CACHE / "phrases.npy"))[[ids[r["id"]][0] for r in val]]

    def batches(self, size, seed, together=8):
        """`together` batches, drawn as one and cut by length, so that hardly anything is padded."""
        rng = np.random.default_rng(seed)
        pick = np.concatenate([rng.choice(self.pools[k], round(together * size * share)) for k, share in SHARE.items()])
        pick = pick[np.argsort(self.lengths[pick], kind="stable")]
        chunks = np.array_split(pick, together)
        return [(self.tokens[chunks[c]], self.vectors[chunks[c]]) for c in rng.permutation(together)]


@torch.no_grad()
def validate(clip, data):
    y = F.normalize(encode(clip, data.val_tokens), dim=-1)
    s = y @ data.val_vectors.T
    return (y * data.val_vectors).sum(-1).mean().item(), 100 * (s.argmax(1) == torch.arange(len(s))).float().mean().item()


TEXT_KEYS = ("token_embedding", "positional_embedding", "transformer.", "ln_final", "text_projection")


def text_state(clip):
    return {k: v for k, v in clip.state_dict().items() if k.startswith(TEXT_KEYS)}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--batch", type=int, default=384)
    parser.add_argument("--lr", type=float, default=2e-3)
    parser.add_argument("--name", default="text")
    args = parser.parse_args()
    torch.manual_seed(SEED)
    use_plain_attention()
    data = Data()
    clip, _ = build()
    parameters = [p for n, p in clip.named_parameters() if n.startswith(TEXT_KEYS)]
    optimizer = torch.optim.AdamW(parameters, lr=args.lr, weight_decay=0.02, betas=(0.9, 0.98))
    average = {k: v.clone() for k, v in text_state(clip).items()}
    step, seconds, path = 0, 0.0, CACHE / f"{args.name}.pt"
    if path.exists():
        state = torch.load(path)
        clip.load_state_dict({**clip.state_dict(), **state["model"]})
        optimizer.load_state_dict(state["optimizer"])
        average, step, seconds = state["average"], state["step"], state["seconds"]
    log = open(LOGS / f"{args.name}.tsv", "a", encoding="utf-8")

    def say(text):
        log.write(text + "\n")
        log.flush()
        print(text, flush=True)

    if step == 0:
        say(f"# text tower {sum(p.numel() for p in parameters) / 1e6:.2f} M parameters, {len(data.tokens)} phrases, {vars(args)}")
        say("minutes\tstep\tlr\tloss\tcosine\tval cosine\tval nearest right %")
    recent, queue, saved = [], [], time.monotonic()
    while seconds < 60 * args.minutes:
        started = time.monotonic()
        progress = seconds / (60 * args.minutes)
        lr = args.lr * min(1, (step + 1) / 80) * min(1.0, max(0.0, (1 - progress) / 0.7))
        for group in optimizer.param_groups:
            group["lr"] = lr
        if not queue:
            queue = data.batches(args.batch, (SEED, 2, step))
        tokens, target = queue.pop()
        with torch.autocast("cpu", torch.bfloat16):
            y = encode(clip, tokens)
        y = F.normalize(y.float(), dim=-1)
        cosine = 1 - (y * target).sum(-1).mean()
        loss = 3 * cosine + F.cross_entropy(20 * y @ target.T, F.softmax(20 * target @ target.T, dim=-1))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        keep = min(0.998, step / (step + 10))
        for key, value in text_state(clip).items():
            average[key].lerp_(value, 1 - keep)
        recent.append((loss.item(), cosine.item()))
        step += 1
        seconds += min(time.monotonic() - started, 10)
        last = seconds >= 60 * args.minutes
        if step % 200 == 0 or last:
            raw = {k: v.clone() for k, v in text_state(clip).items()}
            clip.load_state_dict({**clip.state_dict(), **average})
            cos, nearest = validate(clip, data)
            clip.load_state_dict({**clip.state_dict(), **raw})
            mean = np.mean(recent, axis=0)
            recent = []
            say(f"{seconds / 60:.1f}\t{step}\t{lr:.1e}\t{mean[0]:.3f}\t{mean[1]:.3f}\t{cos:.3f}\t{nearest:.1f}")
        if time.monotonic() - saved > 60 or last:
            torch.save({"model": text_state(clip), "optimizer": optimizer.state_dict(), "average": average, "step": step,
                        "seconds": seconds}, str(path) + ".part")
            os.replace(str(path) + ".part", path)
            saved = time.monotonic()


if __name__ == "__main__":
    main()
