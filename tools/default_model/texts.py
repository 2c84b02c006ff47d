"""Step 6: the phrases of every picture and their MiniLM vectors.

phrases.jsonl: per picture a list of phrases, the first its plain caption. phrases.npy: one vector per distinct
phrase, phrase_ids.jsonl: the lists as indices.
"""
import random

import split
from captions import words_of
from common import CACHE, SEED, more_pictures, save_array, write_json, write_jsonl
from teachers import MiniLm

TEMPLATES = ("a picture of {}", "a drawing of {}", "clip art of {}", "an icon of {}", "an image showing {}", "a photo of {}", "{} clip art",
             "a cartoon {}", "an emoji of {}", "an illustration of {}")


def article(phrase):
    words = words_of(phrase)
    if not words or words[0] in ("a", "an", "the", "two", "three") or (words[-1].endswith("s") and not words[-1].endswith("ss")):
        return phrase
    return ("an " if phrase[0] in "aeiou" else "a ") + phrase


def phrases_of(row, rng):
    """Caption first, then the caption in three templates, with keywords, and the keywords alone."""
    caption, keywords = row["caption"], [k for k in dict.fromkeys(row["keywords"]) if k and k != row["caption"]]
    out = [caption]
    out += [t.format(article(caption) if t[-2:] == "{}" and len(words_of(caption)) <= 4 else caption) for t in rng.sample(TEMPLATES, 3)]
    if keywords:
        out.append(caption + ", " + keywords[0])
        out.append("a picture of " + article(keywords[0]) if rng.random() < 0.5 else keywords[0])
        out.append(", ".join(rng.sample(keywords, min(3, len(keywords)))))
    return out


def main():
    if (CACHE / "phrases.npy").exists():
        return
    rng = random.Random(SEED)
    lists = [phrases_of(row, rng) if row.get("named", True) else [row["caption"]] for row in split.load() + more_pictures()[1]]
    index = {}
    ids = [[index.setdefault(p, len(index)) for p in phrases] for phrases in lists]
    print(len(index), "distinct phrases")
    vectors = MiniLm()(list(index), progress="phrases")
    write_json(CACHE / "phrases.json", list(index))
    write_jsonl(CACHE / "phrase_ids.jsonl", ids)
    save_array(CACHE / "phrases.npy", vectors)


if __name__ == "__main__":
    main()
