"""Step 3: the split, fixed by hash before any training. Each row of pictures.jsonl gets a part:

train    what is trained on
val      concepts that training never sees, for decisions (a part of the training data, never reported as a result)
unseen   held out: whole concepts absent from training (a concept = captions equal but for colour, size, number, gender)
seen     held out: one drawing of a caption that training knows by other drawings
removed  training pictures that nearly equal a held-out or a validation one
"""
import collections

from common import CACHE, fraction, pictures, read_jsonl, write_jsonl
from pictures import near_duplicates, signatures

UNSEEN, VAL, SEEN = 0.26, 0.055, 0.30
# Classes of the hand-made zero-shot test with few pictures: more of their concepts are held out, so that 30 remain.
RARE, UNSEEN_RARE = ("musical instrument", "weather", "weather and sky"), 0.40


def assign(rows):
    groups = collections.defaultdict(list)
    for row in rows:
        groups[row["concept"]].append(row)
    for concept, members in groups.items():
        at = fraction(concept)
        rare = any(k in RARE for row in members for k in row["keywords"])
        limit = UNSEEN_RARE if rare else UNSEEN
        # A flag that was never seen cannot be known by anyone: flags are in training, new drawings of them in 'seen'.
        is_flag = any(row["caption"].startswith("flag") or row["group"] == "flags" for row in members)
        part = "train" if is_flag else "unseen" if at < limit else "val" if at < limit + VAL else "train"
        for row in members:
            row["part"] = part
        if part == "train":
            by_caption = collections.defaultdict(list)
            for row in members:
                by_caption[row["caption"]].append(row)
            for caption, same in by_caption.items():
                if len(same) > 1 and fraction("seen " + caption) < SEEN:
                    min(same, key=lambda row: fraction(row["source"] + row["file"]))["part"] = "seen"


def main():
    if (CACHE / "split.jsonl").exists():
        return
    packed, rows = pictures()
    assign(rows)
    thumbs, hashes = signatures(packed)
    for i, j in near_duplicates(thumbs, hashes, colour=0.06, agree=0.82):
        parts = {rows[i]["part"], rows[j]["part"]}
        if "train" in parts and len(parts) == 2 and "removed" not in parts:
            rows[i if rows[i]["part"] == "train" else j]["part"] = "removed"
        elif parts in ({"val", "unseen"}, {"val", "seen"}):
            rows[i if rows[i]["part"] == "val" else j]["part"] = "removed"
    # A seen caption whose other drawings were all removed is not seen.
    known = {row["caption"] for row in rows if row["part"] == "train"}
    for row in rows:
        if row["part"] == "seen" and row["caption"] not in known:
            row["part"] = "removed"
    write_jsonl(CACHE / "split.jsonl", rows)
    count = collections.Counter(row["part"] for row in rows)
    concepts = {part: len({r["concept"] for r in rows if r["part"] == part}) for part in count}
    print("pictures", dict(count), "concepts", concepts)


def load():
    return read_jsonl(CACHE / "split.jsonl")


def retrieval_set(rows, part):
    """One picture per caption (and, unseen, per concept), chosen by hash."""
    key = "caption" if part == "seen" else "concept"
    chosen = {}
    for row in rows:
        if row["part"] == part:
            best = chosen.get(row[key])
            if best is None or fraction("pick" + row["source"] + row["file"]) < fraction("pick" + best["source"] + best["file"]):
                chosen[row[key]] = row
    return sorted(chosen.values(), key=lambda row: row["id"])


if __name__ == "__main__":
    main()
