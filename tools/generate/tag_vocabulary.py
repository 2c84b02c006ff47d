#!/usr/bin/env python3
"""assets/tags.txt: words for what can be seen, from WordNet 3.0 (Princeton University; its licence heads the file).

A line is "name <tab> synonym, synonym". Taken: the concepts of WordNet's files of animals, artifacts, food, plants, bodies, natural objects and
phenomena that have a common name (no Latin binomials, no proper names, nothing with digits), of people and places those that WordNet's texts use, and
sports, dances, games and meals.

usage: tag_vocabulary.py /usr/share/wordnet OUTPUT.txt   (Debian: wordnet-base)
"""
import pathlib
import re
import sys

KEPT = {5: "animal", 6: "artifact", 8: "body", 13: "food", 17: "object", 19: "phenomenon", 20: "plant"}
USED_ONLY = {14, 15, 18}  # group, location, person
UNDER = {"sport", "dance", "outdoor game", "meal", "ceremony", "musical performance"}
DROPPED = re.compile(r"[0-9A-Z./]|genus |family |order |class |phylum |subfamily |superfamily |suborder ")


def synsets(path):
    for line in path.read_text().splitlines():
        if line.startswith("  "):
            continue
        fields = line.split(" | ")[0].split()
        words = [re.sub(r"\(.*\)$", "", w).replace("_", " ") for w in fields[4:4 + 2 * int(fields[3], 16):2]]
        at = 4 + 2 * int(fields[3], 16)
        pointers = [(fields[i], fields[i + 1]) for i in range(at + 1, at + 1 + 4 * int(fields[at]), 4)]
        yield fields[0], int(fields[1]), words, pointers


def main():
    folder = pathlib.Path(sys.argv[1])
    used = {}  # (lemma, sense number) -> how often the texts use it
    for line in (folder / "cntlist.rev").read_text().splitlines():
        key, _, count = line.split()
        used[key.split("%")[0].replace("_", " ")] = used.get(key.split("%")[0].replace("_", " "), 0) + int(count) * (key.split("%")[1][0] == "1")
    everything = {offset: (lexfile, words, pointers) for offset, lexfile, words, pointers in synsets(folder / "data.noun")}
    roots = {offset for offset, (_, words, _) in everything.items() if words[0] in UNDER}

    def under_root(offset, depth=0):
        return offset in roots or depth < 12 and any(under_root(o, depth + 1) for s, o in everything[offset][2] if s == "@")

    tags = {}
    for offset, (lexfile, words, pointers) in everything.items():
        if any(s == "@i" for s, _ in pointers):  # an instance: a proper name
            continue
        common = [w for w in words if not DROPPED.search(w) and 2 < len(w) <= 40 and w.isascii()]
        wanted = lexfile in KEPT or lexfile in USED_ONLY and any(used.get(w, 0) > 0 for w in common) or lexfile in (4, 10) and under_root(offset)
        if common and wanted:
            common.sort(key=lambda w: -used.get(w, 0))  # stable: WordNet's own order among equals
            tags.setdefault(common[0], [])
            tags[common[0]] += [w for w in common[1:] if w not in tags[common[0]]]
    licence = next(l for l in [(folder / "data.noun").read_text().split("\n00001740")[0]])
    licence = [re.sub(r"^ *\d+ ?", "", line).rstrip() for line in licence.splitlines()]
    head = ["Words for what can be seen, made by tools/generate/tag_vocabulary.py of simdclip from WordNet 3.0.", ""] + licence
    with open(sys.argv[2], "w", newline="\n") as file:
        file.writelines(("# " + line).rstrip() + "\n" for line in head)
        for name in sorted(tags):
            file.write(name + ("\t" + ", ".join(tags[name]) if tags[name] else "") + "\n")
    print(f"{sys.argv[2]}: {len(tags)} tags")


if __name__ == "__main__":
    main()
