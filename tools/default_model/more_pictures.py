"""Step 4: pictures beyond the split's own, only ever trained on (more_sources.py), kept apart from everything held out.

Dropped: pictures whose caption or keyword is a concept of a held-out or validation part (or would be, by the split's
hash), near-duplicates of a held-out or validation picture or of one that the zero-shot test shows, and duplicates.
more.npy [M, 128, 128, 4], more.jsonl.
"""
import collections

import numpy as np
from PIL import Image

import split
from captions import concept_key
from common import CACHE, STORED_SIDE, fraction, pictures, sampled, save_array, write_jsonl
from evaluate import zero_shot_pictures
from more_sources import MORE_SOURCES
from pictures import fit, near_duplicates, signatures
from sources import load

# A game's sprites look alike, and so do an icon theme's signs of programs.
MOST = {"wesnoth": 900, "papirus-icon-theme": 700, "deepin-icon-theme": 500, "moka-icon-theme": 500}


def allowed(source, generator, held):
    """(row, item) of a source's pictures that are about nothing held out, at most MOST of them, chosen by hash."""
    found, leaking = [], 0
    for row, item in generator():
        row["source"], row["concept"], row["part"] = source, concept_key(row["caption"]), "train"
        if not sampled(row["concept"]):
            continue
        about = {row["concept"]} if row["group"].count("/") == 1 and row["named"] else {row["concept"], *map(concept_key, row["keywords"])}
        is_flag = row["caption"].startswith("flag")
        if not is_flag and (about & held or fraction(row["concept"]) < split.UNSEEN + split.VAL):
            leaking += 1
        else:
            found.append((row, item))
    if len(found) > MOST.get(source, len(found)):
        found = sorted(found, key=lambda entry: fraction(entry[0]["file"]))[: MOST[source]]
    print(f"{source}: {len(found)} pictures, {leaking} of held-out concepts left out", flush=True)
    return found


def gather(held):
    rows, packed = [], []
    for source, generator in MORE_SOURCES.items():
        for row, item in allowed(source, generator, held):
            try:
                image = fit(load(item), STORED_SIDE)
            except (OSError, ValueError, Image.DecompressionBombError) as error:
                print("skipped", source, row["file"], error)
                continue
            if image is not None:
                rows.append(row)
                packed.append(np.asarray(image))
    return rows, np.stack(packed)


def main():
    if (CACHE / "more.jsonl").exists():
        return
    base, base_rows = pictures()[0], split.load()
    held = {r["concept"] for r in base_rows if r["part"] in ("unseen", "val")} - {""}
    rows, packed = gather(held)
    guarded = [r["id"] for r in base_rows if r["part"] != "train"]
    trained = [r["id"] for r in base_rows if r["part"] == "train"]
    tested = zero_shot_pictures(base_rows, base)[1]
    everything = [base[guarded], tested, base[trained], packed]
    parts = [signatures(p) for p in everything]
    thumbs, hashes = (np.concatenate(x) for x in zip(*parts))
    first = len(thumbs) - len(packed)
    strict = len(guarded) + len(tested)
    drop = set()
    for i, j in near_duplicates(thumbs, hashes, colour=0.06, agree=0.82):
        if j >= first and i < strict:
            drop.add(j - first)
    for i, j in near_duplicates(thumbs, hashes):
        if j >= first and i >= strict and (i < first or i - first not in drop):
            drop.add(j - first)
    keep = [i for i in range(len(rows)) if i not in drop]
    rows = [rows[i] for i in keep]
    for index, row in enumerate(rows):
        row["id"] = len(base) + index
    save_array(CACHE / "more.npy", packed[keep])
    write_jsonl(CACHE / "more.jsonl", rows)
    print(f"{len(rows)} more pictures, {len(drop)} near-duplicates dropped", collections.Counter(r["source"] for r in rows))


if __name__ == "__main__":
    main()
