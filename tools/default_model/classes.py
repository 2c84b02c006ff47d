"""What kind of thing a picture shows, from its source's folders, groups and keywords: class words beside the captions."""
import re

# class phrase -> what its pictures' group or keywords look like
RULES = {
    "an animal": r"animal|mammal|\bbirds?\b|insect|\bbugs?\b|\bfish\b|reptile|dinosaur|cat-face|monkey-face|amphibian",
    "a vehicle": r"vehicle|transport-|^transport$|boating|aircraft",
    "food": r"\bfood\b|\bfruit\b|vegetable|dessert|\bbread\b|food-|fruit_n_veg",
    "a drink": r"\bdrink\b|beverage",
    "a tool": r"\btools?\b|arttools",
    "a building": r"\bbuildings?\b|place-building|\bhomes\b|\bhouses\b|monuments|place-religious",
    "a plant": r"\bplants?\b|flower|\btrees?\b",
    "a person": r"\bperson|^people|^jobs|/people",
    "weather": r"weather",
    "a flag": r"^flags?\b|/flags?\b|country flag",
    "a musical instrument": r"musical|hobbies/music|instruments",
    "a smiley face": r"\bface-|smile|smiley",
    "sport": r"\bsports?\b|person-sport",
    "a game": r"\bgames?\b|\btoys?\b|chess",
    "clothing": r"cloth|\bhats?\b|shoe",
    "a hand": r"\bhand-|\bhands\b|gesture",
    "a part of the body": r"body-parts|body part|body_parts|^body$",
    "a symbol": r"symbols?\b|signs?\b|zodiac|alphanum",
    "a computer": r"\bcomputer\b|hardware|electronic",
    "office supplies": r"\boffice\b|book-paper|writing|stationery",
    "furniture": r"furniture",
    "money": r"\bmoney\b|currency|banknote",
    "the sky": r"astronomy|\bspace\b|planets|\bmoon\b",
    "a holiday": r"christmas|halloween|holiday|seasonal|event|celebration",
}
CLASSES = list(RULES)
PATTERNS = [re.compile(rule) for rule in RULES.values()]


def classes_of(row):
    """Numbers of the classes of a row of pictures.jsonl or more.jsonl."""
    about = [row["group"].split("/", 1)[1] if "&" in row["group"].split("/")[0] else row["group"], *row["keywords"]]
    if row["group"].startswith("Symbols"):
        about.append("symbols")
    found = [k for k, pattern in enumerate(PATTERNS) if any(pattern.search(text) for text in about)]
    return [k for k in found if CLASSES[k] != "a symbol" or CLASSES.index("a flag") not in found]


if __name__ == "__main__":
    import collections

    import split
    from common import more_pictures

    named = [r for r in split.load() + more_pictures()[1] if r["part"] == "train" and r.get("named", True)]
    count = collections.Counter(k for r in named for k in classes_of(r))
    for k, name in enumerate(CLASSES):
        print(count[k], name, [r["caption"] for r in named if k in classes_of(r)][:: max(1, count[k] // 8)][:8])
    print(sum(not classes_of(r) for r in named), "without")
