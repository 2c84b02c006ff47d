#!/usr/bin/env python3
"""assets/tags.txt: words for what can be seen, from WordNet 3.0 (Princeton University; its licence heads the file).

A line is "name <tab> synonym, synonym". Taken: the concepts of WordNet's files of animals, artifacts, food, plants, natural objects that have a common
name (no Latin binomials, no proper names, nothing with digits); of bodies, places and phenomena those that WordNet's texts use and that can be seen from
outside; sports, dances, games and meals; of people and groups the short lists below and no others, because a program has no business to call somebody in
a photo a thief. Left out are words that WordNet marks as offensive, and names with a word that is not among the 49,152 pieces of CLIP's byte-pair
encoding: what texts about pictures hardly ever say, a model hardly ever learnt.

usage: tag_vocabulary.py /usr/share/wordnet bpe_simple_vocab_16e6.txt.gz OUTPUT.txt   (Debian: wordnet-base; OpenAI's CLIP)
"""
import gzip
import pathlib
import re
import sys

KEPT = {5: "animal", 6: "artifact", 13: "food", 17: "object", 20: "plant"}
USED_ONLY = {8: "body", 15: "location", 19: "phenomenon"}
PEOPLE = set("""person woman man girl boy baby child toddler teenager bride groom dancer ballerina musician guitarist pianist violinist drummer singer athlete runner
swimmer surfer skier skateboarder cyclist climber hiker soldier sailor pilot astronaut diver fireman policeman nurse doctor surgeon chef cook waiter waitress baker
barber butcher farmer fisherman carpenter painter photographer king queen clown magician acrobat cowboy knight monk nun priest pedestrian audience crowd family
team orchestra choir herd flock swarm bouquet fleet""".split())
INSIDE = {"cell", "tissue", "bone", "nerve", "muscle", "blood vessel", "internal organ", "gland", "body substance", "body cavity", "microorganism", "virus",
          "chemical agent", "drug", "body waste", "excrement"}  # and all below them
OFFENSIVE = {"disparagement", "ethnic slur", "obscenity", "slang", "archaism"}
INSULTING = re.compile(r"offensive|derogatory|disparag|insult|contempt|vulgar|obscene|slave|sexual|genital|prostitut|brothel")
UNDER = {"sport", "dance", "outdoor game", "meal", "ceremony", "musical performance"}
DROPPED = re.compile(r"negro|nigger|gypsy|jew|spastic|[0-9A-Z./]|genus |family |order |class |phylum |subfamily |superfamily |suborder ")


def synsets(path):
    for line in path.read_text().splitlines():
        if line.startswith("  "):
            continue
        fields = line.split(" | ")[0].split()
        words = [re.sub(r"\(.*\)$", "", w).replace("_", " ") for w in fields[4:4 + 2 * int(fields[3], 16):2]]
        at = 4 + 2 * int(fields[3], 16)
        pointers = [(fields[i], fields[i + 1]) for i in range(at + 1, at + 1 + 4 * int(fields[at]), 4)]
        yield fields[0], int(fields[1]), words, pointers, line.split(" | ")[1]


def main():
    folder = pathlib.Path(sys.argv[1])
    used = {}  # (lemma, sense number) -> how often the texts use it
    for line in (folder / "cntlist.rev").read_text().splitlines():
        key, _, count = line.split()
        used[key.split("%")[0].replace("_", " ")] = used.get(key.split("%")[0].replace("_", " "), 0) + int(count) * (key.split("%")[1][0] == "1")
    everything = {offset: (lexfile, words, pointers, gloss) for offset, lexfile, words, pointers, gloss in synsets(folder / "data.noun")}
    pieces = ["".join(line.split()) for line in gzip.open(sys.argv[2], "rt", encoding="utf-8").read().split("\n")[1:48895]]
    common_words = {p.removesuffix("</w>") for p in pieces if p.endswith("</w>")}
    roots = {offset for offset, (_, words, *_) in everything.items() if words[0] in UNDER}
    inside = {offset for offset, (_, words, *_) in everything.items() if words[0] in INSIDE}

    def below(offset, tops, depth=0):
        return offset in tops or depth < 12 and any(below(o, tops, depth + 1) for s, o in everything[offset][2] if s == "@")

    def offends(pointers, gloss):
        return INSULTING.search(gloss) or any(s == ";u" and o in everything and everything[o][1][0] in OFFENSIVE for s, o in pointers)

    tags = {}
    for offset, (lexfile, words, pointers, gloss) in everything.items():
        if any(s == "@i" for s, _ in pointers) or offends(pointers, gloss) or below(offset, inside):  # @i: an instance, a proper name
            continue
        common = [w for w in words if not DROPPED.search(w) and 2 < len(w) <= 40 and w.isascii()]
        common = [w for w in common if all(part in common_words for part in re.split("[ '-]", w) if len(part) > 1)]
        wanted = lexfile in KEPT or lexfile in USED_ONLY and any(used.get(w, 0) > 0 for w in common) or lexfile in (4, 10) and below(offset, roots)
        if lexfile in (14, 18):
            common = [w for w in common if w in PEOPLE][:1]
            wanted = True
        if common and wanted:
            common.sort(key=lambda w: -used.get(w, 0))  # stable: WordNet's own order among equals
            tags.setdefault(common[0], [])
            tags[common[0]] += [w for w in common[1:] if w not in tags[common[0]]]
    licence = next(l for l in [(folder / "data.noun").read_text().split("\n00001740")[0]])
    licence = [re.sub(r"^ *\d+ ?", "", line).rstrip() for line in licence.splitlines()]
    head = ["Words for what can be seen, made by tools/generate/tag_vocabulary.py of simdclip from WordNet 3.0.", ""] + licence
    with open(sys.argv[3], "w", newline="\n") as file:
        file.writelines(("# " + line).rstrip() + "\n" for line in head)
        for name in sorted(tags):
            file.write(name + ("\t" + ", ".join(tags[name]) if tags[name] else "") + "\n")
    print(f"{sys.argv[3]}: {len(tags)} tags")


if __name__ == "__main__":
    main()
