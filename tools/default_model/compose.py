"""Step 10: more phrases for the text tower: common words put together at random, with MiniLM's vectors.

    python compose.py 30         for 30 minutes, beside train_text.py, which takes the chunks in as they appear

Captions are several words that change each other's meaning; a lexicon of single nouns does not teach that. Words
come from WordNet by how often its senses were counted in running text, and from training captions.
"""
import collections
import random
import re
import sys
import time

import numpy as np

import split
from captions import STOP, words_of
from common import CACHE, EXTRACTED, SEED, more_pictures
from teachers import MiniLm
from texts import TEMPLATES, article

CHUNK, MOST = 4096, 60
WORDNET = EXTRACTED / "wordnet-base/usr/share/wordnet"
# Lexicographer files of nouns that a picture may show or be about.
NOUNS = {"03", "04", "05", "06", "08", "11", "13", "14", "15", "17", "18", "19", "20", "25", "27", "28"}
LINKS = ("with", "and", "in", "on", "of", "for", "under", "behind", "without", "holding", "near")


def counted():
    """(noun, verb, adjective): lists of (word, count) by WordNet's own counts of senses in running text."""
    counts = {"1": collections.Counter(), "2": collections.Counter(), "3": collections.Counter()}
    for line in open(WORDNET / "cntlist.rev", encoding="latin-1"):
        key, _, count = line.split()
        word, rest = key.split("%", 1)
        kind = rest[0] if rest[0] != "5" else "3"
        if kind == "1" and rest.split(":")[1] not in NOUNS or kind not in counts or not re.fullmatch(r"[a-z][a-z_-]+", word):
            continue
        counts[kind][word.replace("_", " ")] += int(count)
    return [list(counts[k].items()) for k in "123"]


def ing(verb):
    if re.search(r"[^aeiou][aeiou][bdgmnprt]$", verb) and len(verb) < 6:
        return verb + verb[-1] + "ing"
    return re.sub(r"(?<=[a-z])e$", "", verb) + "ing" if not verb.endswith(("ee", "ye")) else verb + "ing"


class Composer:
    def __init__(self, seed):
        self.rng = random.Random(seed)
        self.tables = []
        for words in counted():
            names = [w for w, _ in words]
            weights = np.cumsum([min(c, 60) ** 0.5 for _, c in words])
            self.tables.append((names, weights / weights[-1]))
        rows = [r for r in split.load() + more_pictures()[1] if r["part"] == "train" and r.get("named", True)]
        self.captions = [r["caption"] for r in rows]
        self.nouns = [w for c in self.captions for w in words_of(c) if w not in STOP]
        self.keywords = [k for r in rows for k in r["keywords"] if k]

    def pick(self, kind):
        names, at = self.tables[kind]
        return names[min(int(np.searchsorted(at, self.rng.random())), len(names) - 1)]

    def noun(self):
        at = self.rng.random()
        return self.pick(0) if at < 0.55 else self.rng.choice(self.nouns) if at < 0.85 else self.rng.choice(self.keywords)

    def phrase(self):
        r, n = self.rng, self.noun
        forms = ((0.16, lambda: n()), (0.24, lambda: f"{self.pick(2)} {n()}"), (0.20, lambda: f"{n()} {n()}"),
                 (0.14, lambda: f"{n()} {r.choice(LINKS)} {n()}"), (0.06, lambda: f"{n()} {ing(self.pick(1))}"),
                 (0.04, lambda: f"{ing(self.pick(1))} {n()}"), (0.06, lambda: f"{self.pick(2)} {n()} {n()}"),
                 (0.04, lambda: f"{r.choice(self.captions)}, {n()}"), (0.06, lambda: f"{n()}, {n()}, {n()}"))
        at = r.random()
        for share, form in forms:
            at -= share
            if at < 0:
                break
        phrase = form()
        return r.choice(TEMPLATES).format(article(phrase)) if r.random() < 0.12 else phrase


def main(minutes="30"):
    folder = CACHE / "composed"
    folder.mkdir(exist_ok=True)
    held = {r["caption"] for r in split.load() if r["part"] not in ("train", "seen")}
    minilm, until = MiniLm(), time.monotonic() + 60 * float(minutes)
    index = len(list(folder.glob("*.npz")))
    while time.monotonic() < until and index < MOST:
        composer = Composer(SEED + index)
        phrases = list({p for p in (composer.phrase() for _ in range(CHUNK)) if p not in held})
        partial = folder / f"{index:04d}.part"
        with open(partial, "wb") as file:
            np.savez(file, phrases=np.array(phrases), vectors=minilm(phrases).astype(np.float16))
        partial.rename(folder / f"{index:04d}.npz")
        index += 1
        print(index, "chunks", phrases[:6], flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
