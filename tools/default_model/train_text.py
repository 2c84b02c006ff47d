"""Step 11: the text tower, taught MiniLM's vectors over the lexicon and over composed phrases.

    python train_text.py --minutes 30

Loss = 3 (1 - cos to MiniLM's vector) + cross entropy of the similarities to the other phrases of the piece towards
MiniLM's own. Validation: cosine and neighbours on the validation concepts' captions, which are not in the lexicon
as captions. Time budget, checkpoints and resuming as in train.py; `compose.py` may run beside it.
"""
import argparse
import json

import numpy as np
import torch
import torch.nn.functional as F

import split
from bookkeeping import Run, shown_arguments
from common import CACHE, SEED, read_jsonl
from model import CONTEXT, build, config
from optimizer import optimizers
from student import block, normed
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


def losses(clip, tokens, target):
    y = F.normalize(encode(clip, tokens), dim=-1)
    cosine = 1 - (y * target).sum(-1).mean()
    return 3 * cosine + F.cross_entropy(20 * y @ target.T, F.softmax(20 * target @ target.T, dim=-1)), cosine


class TextRun(Run):
    WARM_UP, DECAY, REPORT, SAVE = 80, 0.7, 100, 60

    def __init__(self, args, data):
        clip, _ = build()
        if args.start_from:
            clip.load_state_dict({**clip.state_dict(), **torch.load(args.start_from, map_location="cpu")["average"]})
        tower = torch.nn.Module()  # the text side alone, so that the checkpoint holds nothing else
        tower.token_embedding, tower.transformer, tower.ln_final = clip.token_embedding, clip.transformer, clip.ln_final
        tower.positional_embedding, tower.text_projection = clip.positional_embedding, clip.text_projection
        named = list(tower.named_parameters())
        super().__init__(args, tower, tower.parameters(), dict(named), optimizers(named, args.lr, "resblocks"))
        self.clip, self.data = clip, data

    def pieces(self):
        if self.step % self.REPORT == 0:
            self.data.refresh()
        return self.data.batch(self.args.pieces, self.args.batch // self.args.pieces, (SEED, 2, self.step))

    def compute(self, piece):
        return losses(self.clip, self.data.tokens[piece], self.data.vectors[piece])

    def report(self, means):
        figures = validate(self.clip, self.data)
        self.say(f"{self.seconds / 60:.1f}\t{self.step}\t{len(self.data.tokens)}\t{self.learning_rate():.1e}\t{means[0]:.3f}\t{means[1]:.3f}"
                 f"\t{figures[0]:.3f}\t{figures[1]:.1f}")


def main():
    parser = Run.arguments(argparse.ArgumentParser())
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--batch", type=int, default=1024)
    parser.add_argument("--pieces", type=int, default=4)
    parser.add_argument("--lr", type=float, default=2e-3)
    parser.add_argument("--start-from", help="a checkpoint of another run, whose averaged tower this one starts from")
    parser.add_argument("--name", default="text")
    args = parser.parse_args()
    torch.manual_seed(SEED)
    data = Data()
    run = TextRun(args, data)
    if run.step == 0:
        run.say(f"# text tower {sum(p.numel() for p in run.parameters) / 1e6:.2f} M parameters, {len(data.tokens)} phrases, {shown_arguments(args)}")
        run.say("minutes\tstep\tphrases\tlr\tloss\tcosine\tval cosine\tval nearest right %")
    run.train()


if __name__ == "__main__":
    main()
