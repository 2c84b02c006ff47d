#!/usr/bin/env python3
"""How often tags are right: the share of `simdclip tag`'s words that a label or a caption bears out, for several thresholds.

    python3 tests/parity/tags.py --program build/tools/simdclip --photos FOLDER [--wordnet /usr/share/wordnet] [more arguments of tag]

Photos are named by their WordNet number, n02102318_cocker_spaniel.JPEG: a word is right where it or a synonym names that concept, one above or one below it.
The demo pictures have captions: a word is right where it stands there. Whatever else a picture shows counts as wrong, so these are lower bounds.
"""
import argparse
import json
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tools/generate"))
from tag_vocabulary import synsets  # noqa: E402


def words_around(wordnet):
    """A function from a concept to the names of it and of all above and below it."""
    nouns = {offset: (words, pointers) for offset, _, words, pointers, _ in synsets(wordnet / "data.noun")}

    def names(offset):
        out = set()
        for direction in ("@", "~"):
            todo = [offset]
            while todo:
                words, pointers = nouns[todo.pop()]
                out |= {w.lower() for w in words}
                todo += [o for s, o in pointers if s[0] == direction and o in nouns]
        return out
    return names


def plain(text):
    """Words without an s at their end, spaces around."""
    return " " + " ".join(w[:-1] if w.endswith("s") and len(w) > 3 else w for w in re.findall("[a-z]+", text.lower())) + " "


def report(what, program, folder, is_right, more):
    for threshold in (1.5, 2, 2.5, 3):
        out = subprocess.run([program, "tag", folder, "--json", "--synonyms", "--threshold", str(threshold), *more], check=True, capture_output=True, text=True).stdout
        pictures = json.loads(out)["pictures"]
        right = [[is_right(pathlib.Path(p["picture"]).name, [t["tag"], *t["synonyms"]]) for t in p["tags"]] for p in pictures]
        tags, good = sum(map(len, right)), sum(map(sum, right))
        print(f"{what}, threshold {threshold}: {sum(map(bool, right))} of {len(right)} pictures have tags, {tags} in all, {good} borne out ({100 * good / max(tags, 1):.1f} %); "
              f"the first tag of {sum(r[0] for r in right if r)}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", required=True)
    parser.add_argument("--photos")
    parser.add_argument("--wordnet", default="/usr/share/wordnet", type=pathlib.Path)
    arguments, more = parser.parse_known_args()
    demo = ROOT / "assets/demo"
    captions = dict(zip(sorted(p.name for p in demo.glob("*.png")), (demo / "captions.txt").read_text().splitlines()))
    report("demo pictures", arguments.program, demo, lambda name, words: any(plain(w) in plain(captions[name]) for w in words), more)
    if arguments.photos:
        names = words_around(arguments.wordnet)
        report("photos", arguments.program, arguments.photos, lambda name, words: not names(name[1:9]).isdisjoint(w.lower() for w in words), more)


if __name__ == "__main__":
    main()
