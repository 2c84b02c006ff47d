"""Step 14: the demo pictures of the repository: held-out, free without conditions on use, small.

assets/demo/*.png on white, captions.txt (one caption a line), LICENSES.md (generated).
"""
import re

from PIL import Image

import split
from common import REPO, fraction
from pictures import fit
from sources import SOURCES, load

FOLDER = REPO / "assets" / "demo"
COUNT = {"openclipart": 42, "noto": 34}
LICENCE = {"openclipart": "public domain (Open Clip Art Library 0.18)", "noto": "Apache-2.0 (Noto Color Emoji 2.042, Google)"}
# Captions that say too little to search for, or drawings that show too little of their caption.
LEFT_OUT = re.compile(r"menu|home$|^io |simple|splash|generic|large basic|general|card|figure|symbol|outline|signal|index|apple juice|"
                      r"arrow|sign|button|japanese|clockwise|squared|keycap|hotel|\band$|stripper|pregnant|gun|pistol|knife|"
                      r"cigarette|lost and|baggage|template|frame|window|terminal|unit|patch|theory|curve|logo|tone|"
                      r"bullet|blue print|ammo|three eyes|grounded|empty tomb|liberty|input numbers|briefs")


def choose():
    rows = split.retrieval_set(split.load(), "unseen")
    chosen, seen = [], set()
    for source, count in COUNT.items():
        fits = [r for r in rows if r["source"] == source and not LEFT_OUT.search(r["caption"]) and r["caption"] not in seen
                and len(r["caption"]) < 32 and (source != "noto" or "face" not in r["caption"])
                and not (source == "openclipart" and r["group"].startswith(("signs", "computer", "shapes", "geography", "unsorted")))]
        fits.sort(key=lambda r: fraction("demo" + r["file"]))
        chosen += fits[:count]
        seen |= {r["caption"] for r in fits[:count]}
    return chosen


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    for old in FOLDER.glob("*"):
        old.unlink()
    chosen = {(r["source"], r["file"]): r for r in choose()}
    table, captions = [], []
    for source in COUNT:
        for raw, item in SOURCES[source]():
            row = chosen.get((source, raw["file"]))
            if row is None:
                continue
            side = 256 if source == "openclipart" else 144
            image = fit(load(item), round(side * 0.92))
            canvas = Image.new("RGB", (side, side), "white")
            canvas.paste(image, ((side - image.width) // 2,) * 2, image)
            name = re.sub(r"[^a-z0-9]+", "-", row["caption"]).strip("-") + ".png"
            canvas.quantize(96, dither=Image.Dither.NONE).save(FOLDER / name, optimize=True)
            captions.append(row["caption"])
            author = re.sub(r"\s*[\[<(].*", "", raw.get("author", "")) or "-"
            table.append(f"| {name} | {row['caption']} | {author} | {LICENCE[source]} | {row['file']} |")
    (FOLDER / "captions.txt").write_text("\n".join(sorted(captions)) + "\n", encoding="utf-8")
    head = ("# Licences of the demo pictures\n\nAll are of the held-out split: the default model never saw them, nor any drawing of their caption.\n\n"
            "| file | caption | author | licence | file in its source |\n|---|---|---|---|---|\n")
    (FOLDER / "LICENSES.md").write_text(head + "\n".join(sorted(table)) + "\n", encoding="utf-8")
    size = sum(p.stat().st_size for p in FOLDER.glob("*.png"))
    print(f"{len(table)} demo pictures, {size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
