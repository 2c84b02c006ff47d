"""Step 13: simdclip against PyTorch on the held-out set, and the file that the repository ships.

    python parity.py path/to/simdclip

f32: identical ranks; bf16: retrieval figures within half a point. Writes logs/parity.json and assets/default.sclip.
"""
import shutil
import subprocess
import sys

import numpy as np
import torch
from PIL import Image

import split
from common import CACHE, LOGS, REPO, write_json
from evaluate import Model, both_ways
from export import FOLDER


def ranks(similarity):
    return (similarity > similarity.diag()[:, None]).sum(1)


def simdclip_vectors(binary, model, files, captions_file, name):
    pictures, texts = CACHE / f"{name}-pictures.npy", CACHE / f"{name}-texts.npy"
    subprocess.run([binary, "embed", "-m", str(model), "-o", str(pictures), *map(str, files)], check=True)
    subprocess.run([binary, "embed", "-m", str(model), "-o", str(texts), "--text-file", str(captions_file)], check=True)
    return torch.from_numpy(np.load(pictures)), torch.from_numpy(np.load(texts))


def main(binary):
    rows = split.retrieval_set(split.load(), "unseen")
    view0 = np.load(CACHE / "view0.npy", mmap_mode="r")
    folder = CACHE / "heldout"
    folder.mkdir(exist_ok=True)
    files = []
    for row in rows:
        files.append(folder / f"{row['id']:05d}.png")
        if not files[-1].exists():
            Image.fromarray(view0[row["id"]]).save(files[-1])
    captions_file = folder / "captions.txt"
    captions_file.write_text("".join(r["caption"] + "\n" for r in rows), encoding="utf-8")
    model = Model()
    pictures, texts = model.pictures(view0[[r["id"] for r in rows]]), model.texts([r["caption"] for r in rows])
    reference = texts @ pictures.T
    result = {"captions": len(rows), "pytorch f32": both_ways(reference)}
    for precision in ("f32", "bf16"):
        converted = CACHE / f"default-{precision}.sclip"
        converted.unlink(missing_ok=True)
        subprocess.run([binary, "convert", str(FOLDER), "-o", str(converted), "--precision", precision], check=True)
        p, t = simdclip_vectors(binary, converted, files, captions_file, precision)
        similarity = t @ p.T
        result["simdclip " + precision] = {
            **both_ways(similarity),
            "text->picture ranks that differ": int((ranks(similarity) != ranks(reference)).sum()),
            "picture->text ranks that differ": int((ranks(similarity.T) != ranks(reference.T)).sum()),
            "least cosine, pictures": round(float((p * pictures).sum(1).min()), 7),
            "least cosine, texts": round(float((t * texts).sum(1).min()), 7),
            "bytes": converted.stat().st_size,
        }
        print(precision, result["simdclip " + precision], flush=True)
    write_json(LOGS / "parity.json", result)
    (REPO / "assets").mkdir(exist_ok=True)
    shutil.copy(CACHE / "default-bf16.sclip", REPO / "assets" / "default.sclip")


if __name__ == "__main__":
    main(sys.argv[1])
