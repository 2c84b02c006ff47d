"""Step 9: the text tower's own material: phrases with MiniLM vectors, far more than there are pictures.

Training captions and phrases, CLDR keywords, ImageNet's class names, and WordNet's nouns for things that can be
drawn, bare, in a template, and some with their glosses. Exact captions of held-out and validation pictures are left
out of the picture phrases (WordNet may still hold the word: text without a picture).
"""
import collections
import random
import re

import split
from common import CACHE, EXTRACTED, SEED, sampled, save_array, write_json
from sources import cldr_keywords
from teachers import EfficientNetLite0, MiniLm
from texts import TEMPLATES, article, phrases_of

# WordNet's lexicographer files: animal, artifact, body, food, object, person, phenomenon, plant, shape, substance.
DRAWABLE = {"05", "06", "08", "13", "17", "18", "19", "20", "25", "27"}


def wordnet():
    """(lemma, gloss) of the drawable nouns, the most used senses first seen."""
    path = EXTRACTED / "wordnet-base/usr/share/wordnet/data.noun"
    for line in open(path, encoding="latin-1"):
        head, _, gloss = line.partition(" | ")
        fields = head.split()
        if line.startswith(" ") or fields[1] not in DRAWABLE:
            continue
        for k in range(int(fields[3], 16)):
            lemma = fields[4 + 2 * k].replace("_", " ")
            if re.fullmatch(r"[a-z][a-z' -]+", lemma) and lemma.count(" ") <= 2:
                yield lemma, gloss.split(";")[0].strip()[:70]


def main():
    if (CACHE / "lexicon.npy").exists():
        return
    rng = random.Random(SEED)
    rows = split.load()
    held = {r["caption"] for r in rows if r["part"] not in ("train", "seen")}
    kinds = {}
    for row in rows:
        if row["part"] == "train" and row["caption"] not in held:
            for _ in range(2):
                for phrase in phrases_of(row, rng):
                    kinds.setdefault(phrase, "caption")
    for words in cldr_keywords().values():
        for word in words:
            if word.lower() not in held:
                kinds.setdefault(word.lower(), "keyword")
    _, names = EfficientNetLite0().prototypes()
    for name in names:
        kinds.setdefault(name.lower(), "imagenet")
    seen = set()
    for lemma, gloss in wordnet():
        if lemma in seen:
            continue
        seen.add(lemma)
        kinds.setdefault(lemma, "wordnet")
        if rng.random() < 0.3:
            kinds.setdefault(rng.choice(TEMPLATES).format(article(lemma)), "wordnet")
        if rng.random() < 0.1:
            kinds.setdefault(f"{lemma}, {gloss}", "gloss")
    phrases = [phrase for phrase in kinds if sampled(phrase)]
    print(collections.Counter(kinds[p] for p in phrases), flush=True)
    vectors = MiniLm()(phrases, progress="lexicon")
    write_json(CACHE / "lexicon.json", [[p, kinds[p]] for p in phrases])
    save_array(CACHE / "lexicon.npy", vectors)


if __name__ == "__main__":
    main()
