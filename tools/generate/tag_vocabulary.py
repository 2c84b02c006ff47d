#!/usr/bin/env python3
"""assets/tags.txt: words for what can be seen, from WordNet 3.0 (Princeton University; its licence heads the file).

A line is "name <tab> synonym, synonym <tab> rarity" or, of what is no thing ("red", "running"), one with a last column "-". Taken, by rule:
- nouns: the concepts of WordNet's files of animals, artifacts, food, plants, natural objects, shapes (what ImageNet's 21,841 classes were chosen from); of bodies,
  places, materials and phenomena those that WordNet's texts use and that can be seen from outside; sports, dances, games, meals, festivities, looks
  on faces, seasons and times of day; of people and groups the short list below and no others, because a program has no business to call somebody in a photo
  a thief;
- adjectives of colour, light, shape, texture, wetness and cleanness that WordNet's texts use: "red", "shiny", "curly";
- verbs that WordNet's texts mostly use for motion, touch, bodies, food and weather, as what one sees: "running", "eating", "raining".
No Latin binomials, no proper names, nothing with digits, nothing that WordNet marks as offensive, no insides of bodies.

Rarity is measured by CLIP's byte-pair encoding, whose merges stand in the order in which its captions made them frequent: the number of doublings of 250
that the rank of a name's rarest word is at, half of one more for each further piece of a word that is no single piece. Names with a word of more than three
pieces are left out.

usage: tag_vocabulary.py /usr/share/wordnet bpe_simple_vocab_16e6.txt.gz OUTPUT.txt   (Debian: wordnet-base; OpenAI's CLIP)
"""
import functools
import gzip
import math
import pathlib
import re
import sys

KEPT = {5: "animal", 6: "artifact", 13: "food", 17: "object", 20: "plant", 25: "shape"}
USED_ONLY = {8: "body", 15: "location", 19: "phenomenon", 27: "substance"}
PEOPLE = set("""person woman man girl boy baby child toddler teenager bride groom dancer ballerina musician guitarist pianist violinist drummer singer athlete runner
swimmer surfer skier skateboarder cyclist climber hiker soldier sailor pilot astronaut diver fireman policeman nurse doctor surgeon chef cook waiter waitress baker
barber butcher farmer fisherman carpenter painter photographer king queen clown magician acrobat cowboy knight monk nun priest pedestrian audience crowd family
team orchestra choir herd flock swarm bouquet fleet""".split())
INSIDE = {"cell", "tissue", "bone", "nerve", "muscle", "blood vessel", "internal organ", "gland", "body substance", "body cavity", "microorganism", "virus",
          "chemical agent", "drug", "body waste", "excrement", "compound", "chemical element", "medicine", "acid", "poison", "elementary particle"}  # and all below them
OFFENSIVE = {"disparagement", "ethnic slur", "obscenity", "slang", "archaism"}
INSULTING = re.compile(r"offensive|derogatory|disparag|insult|contempt|vulgar|obscene|slave|sexual|genital|prostitut|brothel|homosexual|intercourse|orgasm|rape\b|suicide|"
                       r"execution|torture|erotic|pornograph|toilet|urinat|defecat|buttock|penis|vagina|breast")
UNDER = {"sport", "dance", "outdoor game", "meal", "ceremony", "musical performance", "facial expression", "season", "time of day", "social event", "holiday"}
ATTRIBUTES = {"hue", "color", "luminosity", "light", "curliness", "wetness", "cleanness", "opacity", "texture", "shape", "evenness"}
ACTIONS = {29: "body", 34: "consumption", 35: "contact", 38: "motion", 43: "weather"}
ACTION_USE = 3  # how often the texts use a verb at least
AMBIGUOUS = set("""ass tit cock booby hell prick pricker pricking pussy bitch chink coon breast slit crap midget dwarf queer dyke killing killer beating choking strangling
hanging shooting stabbing stripping escape electric chair member objective""".split()) | {"naked lady", "weapon of mass destruction", "electric chair", "mud midget"}
DROPPED = re.compile(r" family$| tribe$|\b(coon|bitch|bastard|fagot|fag|nude|naked|rape|whore|slut|fagoting|scourge)\b|negro|nigger|gypsy|jew|spastic|[0-9A-Z./]|genus |family |order |class |phylum |subfamily |superfamily |suborder ")


def synsets(path):
    """(offset, file, words, pointers, gloss)"""
    for line in path.read_text().splitlines():
        if line.startswith("  "):
            continue
        fields = line.split(" | ")[0].split()
        words = [re.sub(r"\(.*\)$", "", w).replace("_", " ") for w in fields[4:4 + 2 * int(fields[3], 16):2]]
        at = 4 + 2 * int(fields[3], 16)
        pointers = [(fields[i], fields[i + 1]) for i in range(at + 1, at + 1 + 4 * int(fields[at]), 4)]
        yield fields[0], int(fields[1]), words, pointers, line.split(" | ")[1]


class Pieces:
    """CLIP's byte-pair encoding of one word, for how rare it is."""

    def __init__(self, path):
        merges = [tuple(line.split()) for line in gzip.open(path, "rt", encoding="utf-8").read().split("\n")[1:48895]]
        self.rank = {pair: i for i, pair in enumerate(merges)}
        self.made = {"".join(pair): i for i, pair in enumerate(merges)}

    @functools.lru_cache(None)
    def of(self, word):
        parts = list(word[:-1]) + [word[-1] + "</w>"]
        while len(parts) > 1:
            best = min(range(len(parts) - 1), key=lambda i: self.rank.get((parts[i], parts[i + 1]), 10**9))
            if (parts[best], parts[best + 1]) not in self.rank:
                break
            parts[best:best + 2] = [parts[best] + parts[best + 1]]
        return parts

    def rarity(self, name):
        """None: left out."""
        worst = 0
        for word in re.split("[ '-]", name):
            if len(word) < 2:
                continue
            parts = self.of(word)
            if len(parts) > 3:
                return None
            rank = max(self.made.get(part, 0) for part in parts) if len(parts) == 1 else len(self.rank)
            worst = max(worst, math.log2(max(rank, 250) / 250) + 0.5 * (len(parts) - 1))
        return worst


class WordNet:
    def __init__(self, folder):
        self.folder = folder
        self.used = {}  # "nrun" -> how often the texts use the noun "run"; ("vrun", 38): the verb as one of motion
        for line in (folder / "cntlist.rev").read_text().splitlines():
            lemma, sense = line.split()[0].split("%")
            count = line.split()[2]
            kind = {"1": "n", "2": "v", "3": "a", "5": "a"}.get(sense[0], "r")
            word = kind + lemma.replace("_", " ")
            for key in (word, (word, int(sense.split(":")[1]))):
                self.used[key] = self.used.get(key, 0) + int(count)
        self.nouns = {offset: (lexfile, words, pointers, gloss) for offset, lexfile, words, pointers, gloss in synsets(folder / "data.noun")}

    def below(self, offset, tops, depth=0):
        return offset in tops or depth < 12 and any(self.below(o, tops, depth + 1) for s, o in self.nouns[offset][2] if s == "@")

    def offends(self, pointers, gloss):
        return INSULTING.search(gloss) or any(s == ";u" and o in self.nouns and self.nouns[o][1][0] in OFFENSIVE for s, o in pointers)


class Vocabulary:
    def __init__(self, pieces):
        self.pieces, self.tags, self.no_things = pieces, {}, set()

    def fits(self, word):
        return not DROPPED.search(word) and word not in AMBIGUOUS and 2 < len(word) <= 40 and word.isascii() and self.pieces.rarity(word) is not None

    def add(self, names):
        """The first of the names, the others are its synonyms."""
        more = self.tags.setdefault(names[0], [])
        more += [w for w in names[1:] if w not in more]


def add_nouns(net, vocabulary):
    roots = {offset for offset, (_, words, *_) in net.nouns.items() if words[0] in UNDER}
    inside = {offset for offset, (_, words, *_) in net.nouns.items() if words[0] in INSIDE}
    for offset, (lexfile, words, pointers, gloss) in net.nouns.items():
        if any(s == "@i" for s, _ in pointers) or net.offends(pointers, gloss) or net.below(offset, inside):  # @i: an instance, a proper name
            continue
        common = [w for w in words if vocabulary.fits(w)]
        wanted = lexfile in KEPT or lexfile in (4, 10, 11, 14, 28) and net.below(offset, roots)
        wanted = wanted or lexfile in USED_ONLY and any(net.used.get("n" + w, 0) > 0 for w in common)
        if lexfile in (14, 18):
            common = [w for w in common if w in PEOPLE][:1]
            wanted = True
        if common and wanted:
            vocabulary.add(sorted(common, key=lambda w: (-net.used.get("n" + w, 0), vocabulary.pieces.rarity(w))))  # stable: WordNet's own order among equals


def add_adjectives(net, vocabulary):
    adjectives = {offset: (words, pointers, gloss) for offset, _, words, pointers, gloss in synsets(net.folder / "data.adj")}
    heads = {offset for offset, (_, pointers, _) in adjectives.items() if any(s == "=" and net.nouns.get(o, (0, [""]))[1][0] in ATTRIBUTES for s, o in pointers)}
    for offset, (words, pointers, gloss) in adjectives.items():
        if offset not in heads and not any(s == "&" and o in heads for s, o in pointers) or net.offends(pointers, gloss):
            continue
        common = [w for w in words if vocabulary.fits(w) and net.used.get("a" + w, 0) > 0]
        if common and (common[0] not in vocabulary.tags or common[0] in vocabulary.no_things):
            vocabulary.no_things.add(common[0])
            vocabulary.add(common)


def add_actions(net, vocabulary):
    irregular = {}  # "run" -> "running"
    for line in (net.folder / "verb.exc").read_text().splitlines():
        form, *lemmas = line.split()
        if form.endswith("ing"):
            irregular.setdefault(lemmas[0], form)

    def progressive(verb):
        if verb in irregular:
            return irregular[verb]
        if verb.endswith("ie"):
            return verb[:-2] + "ying"
        return (verb[:-1] if verb.endswith("e") and not verb.endswith(("ee", "oe", "ye")) else verb) + "ing"

    for _, lexfile, words, pointers, gloss in synsets(net.folder / "data.verb"):
        if lexfile not in ACTIONS or net.offends(pointers, gloss):
            continue
        common = [w for w in words if " " not in w and net.used.get(("v" + w, lexfile), 0) >= max(ACTION_USE, net.used.get("v" + w, 0) / 2)]
        common = [progressive(w) for w in common if vocabulary.fits(progressive(w))]
        if common and common[0] not in vocabulary.tags:
            vocabulary.no_things.add(common[0])
            vocabulary.add(common[:1])


def main():
    net, pieces = WordNet(pathlib.Path(sys.argv[1])), Pieces(sys.argv[2])
    vocabulary = Vocabulary(pieces)
    for add in (add_nouns, add_adjectives, add_actions):
        before = len(vocabulary.tags)
        add(net, vocabulary)
        print(f"{add.__name__}: {len(vocabulary.tags) - before}")
    licence = (net.folder / "data.noun").read_text().split("\n00001740")[0]
    licence = [re.sub(r"^ *\d+ ?", "", line).rstrip() for line in licence.splitlines()]
    head = ["Words for what can be seen, made by tools/generate/tag_vocabulary.py of simdclip from WordNet 3.0.", "name <tab> synonyms <tab> rarity <tab> - where it is no thing", ""] + licence
    with open(sys.argv[3], "w", newline="\n") as file:
        file.writelines(("# " + line).rstrip() + "\n" for line in head)
        for name in sorted(vocabulary.tags):
            file.write(f"{name}\t{', '.join(vocabulary.tags[name])}\t{pieces.rarity(name):.1f}" + ("\t-" if name in vocabulary.no_things else "") + "\n")
    print(f"{sys.argv[3]}: {len(vocabulary.tags)} tags")


if __name__ == "__main__":
    main()
