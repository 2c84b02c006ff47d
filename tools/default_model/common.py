"""Paths, constants and small helpers that every step of the default model's training shares."""
import hashlib
import json
import os
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
REPO = HERE.parent.parent
LOGS = HERE / "logs"

# Everything that is fetched or computed lies here, outside the repository.
CACHE = Path(os.environ.get("SIMDCLIP_TRAIN_CACHE", Path.home() / ".cache" / "simdclip-default-model"))
EXTRACTED = CACHE / "extracted"

STORED_SIDE = 128   # side of the packed RGBA pictures
IMAGE_SIDE = 96     # side of the pictures that the student sees
TEACHER_SIDE = 224  # EfficientNet-Lite0's own size
SEED = 20261124

# The part of the training material that a trial of run.sh takes; held-out pictures of the zero-shot test are always there.
SAMPLE = float(os.environ.get("SIMDCLIP_TRAIN_SAMPLE", "1"))


def fraction(text):
    """A number in 0..1 that depends on the text alone."""
    return int(hashlib.sha256(("simdclip default model: " + text).encode()).hexdigest()[:12], 16) / 16**12


def sampled(text):
    return SAMPLE >= 1 or fraction("sample " + text) < SAMPLE


def read_jsonl(path):
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def write_jsonl(path, rows):
    partial = Path(str(path) + ".part")
    with open(partial, "w", encoding="utf-8") as file:
        for row in rows:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
    partial.rename(path)


def write_json(path, value):
    partial = Path(str(path) + ".part")
    partial.write_text(json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    partial.rename(path)


def save_array(path, array):
    """np.save through a partial file, so that an interrupted run never leaves half an array behind."""
    partial = Path(str(path) + ".part")
    with open(partial, "wb") as file:
        np.save(file, array)
    partial.rename(path)


def save_torch(path, value):
    """torch.save through a partial file."""
    import torch

    partial = Path(str(path) + ".part")
    torch.save(value, partial)
    partial.rename(path)


def pictures():
    """The packed pictures, [N, 128, 128, 4] uint8 RGBA, and their N rows of meta data."""
    return np.load(CACHE / "pictures.npy", mmap_mode="r"), read_jsonl(CACHE / "pictures.jsonl")


def more_pictures():
    """The pictures that are only trained on, packed as above, ids after the split's own."""
    return np.load(CACHE / "more.npy", mmap_mode="r"), read_jsonl(CACHE / "more.jsonl")
