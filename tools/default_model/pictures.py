"""Step 2: every picture once, trimmed and scaled to 128 x 128 RGBA, near-duplicates removed, in one array."""
import collections
import json

import numpy as np
from PIL import Image

from captions import concept_key
from common import CACHE, HERE, STORED_SIDE, sampled, save_array, write_jsonl
from sources import SOURCES, load


def fit(image, side):
    """Transparent border trimmed, longest side scaled to `side`, centred on transparency."""
    box = image.getchannel("A").point(lambda a: 255 if a > 8 else 0).getbbox()
    if box is None:
        return None
    image = image.crop(box).convert("RGBa")  # premultiplied, so that scaling does not bleed hidden colours
    scale = side / max(image.size)
    size = tuple(max(1, round(s * scale)) for s in image.size)
    image = image.resize(size, Image.Resampling.LANCZOS if scale < 1 else Image.Resampling.BICUBIC)
    canvas = Image.new("RGBa", (side, side))
    canvas.paste(image, tuple((side - s) // 2 for s in size))
    return canvas.convert("RGBA")


def on_white(rgba):
    rgba = rgba.astype(np.float32)
    alpha = rgba[..., 3:] / 255
    return rgba[..., :3] * alpha + 255 * (1 - alpha)


def signatures(packed):
    """What near-duplicates share: a 6 x 6 colour thumbnail [N, 108] and a difference hash [N, 240] of +-1/0."""
    thumbs, hashes = [], []
    for rgba in packed:
        rgb = on_white(rgba)
        thumbs.append(rgb[:126, :126].reshape(6, 21, 6, 21, 3).mean((1, 3)).reshape(-1))
        grey = rgb.mean(-1).reshape(16, 8, 16, 8).mean((1, 3))
        step = np.diff(grey, axis=1).reshape(-1)
        hashes.append(np.sign(step) * (np.abs(step) > 4))  # flat areas say nothing: no bit
    return np.stack(thumbs) / 255, np.stack(hashes).astype(np.float32)


def near_duplicates(thumbs, hashes, colour=0.045, agree=0.86):
    """Pairs (i, j), i < j, that look the same: close in colour and, where enough bits are set, in structure."""
    pairs = []
    set_bits = np.abs(hashes)
    for start in range(0, len(thumbs), 512):
        rows = slice(start, start + 512)
        distance = np.sqrt(np.maximum(0, (thumbs[rows] ** 2).sum(1)[:, None] + (thumbs**2).sum(1)[None]
                                      - 2 * thumbs[rows] @ thumbs.T) / thumbs.shape[1])
        both = set_bits[rows] @ set_bits.T
        least = np.minimum(set_bits[rows].sum(1)[:, None], set_bits.sum(1)[None])
        same = (hashes[rows] @ hashes.T + both) / 2
        ok = (distance < colour) & (same >= agree * np.maximum(both, 1)) & (both >= 0.7 * least) & (least >= 12)
        ok |= (distance < 0.012) & (least < 12)
        for i, j in np.argwhere(ok):
            if start + i < j:
                pairs.append((start + int(i), int(j)))
    return pairs


def collected():
    """(source, row, item) of every picture; of a trial, those of the sampled concepts and of the zero-shot test's."""
    found = []
    for source, generator in SOURCES.items():
        for row, item in generator():
            row["source"], row["concept"] = source, concept_key(row["caption"])
            found.append((source, row, item))
    tested = {name for names in json.loads((HERE / "zero_shot.json").read_text(encoding="utf-8")).values() for name in names}
    kept = {row["concept"] for source, row, _ in found if source + ":" + row["file"] in tested}
    return [entry for entry in found if entry[1]["concept"] in kept or sampled(entry[1]["concept"])]


def main():
    if (CACHE / "pictures.jsonl").exists():
        return
    rows, packed, everything = [], [], collected()
    for source in SOURCES:
        before, failed = len(rows), 0
        for _, row, item in (entry for entry in everything if entry[0] == source):
            try:
                image = fit(load(item), STORED_SIDE)
            except (OSError, ValueError, Image.DecompressionBombError) as error:
                failed += 1
                print("skipped", source, row["file"], error)
                continue
            if image is None:
                failed += 1
                continue
            rows.append(row)
            packed.append(np.asarray(image))
        print(f"{source}: {len(rows) - before} pictures, {failed} blank or unreadable", flush=True)
    packed = np.stack(packed)
    # Duplicates inside one concept are dropped here; across concepts they matter for the split only.
    thumbs, hashes = signatures(packed)
    pairs = near_duplicates(thumbs, hashes)
    drop = {j for i, j in pairs if rows[i]["concept"] == rows[j]["concept"] and rows[i]["source"] == rows[j]["source"]}
    keep = [i for i in range(len(rows)) if i not in drop]
    rows, packed = [rows[i] for i in keep], packed[keep]
    for index, row in enumerate(rows):
        row["id"] = index
    save_array(CACHE / "pictures.npy", packed)
    write_jsonl(CACHE / "pictures.jsonl", rows)
    print(f"{len(rows)} pictures, {len(drop)} duplicates dropped, {len(set(r['concept'] for r in rows))} concepts",
          collections.Counter(r["source"] for r in rows))


if __name__ == "__main__":
    main()
