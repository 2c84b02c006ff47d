"""The raw pictures: one generator per source, each yielding (row, what load() makes an RGBA picture of).

row: file, caption, keywords (other true phrases, best first), group (a rough class word or '').
"""
import html
import io
import json
import re
import xml.etree.ElementTree as ET

import resvg_py
from fontTools.pens.svgPathPen import SVGPathPen
from fontTools.ttLib import TTFont
from PIL import Image

from captions import clean_title, words_of
from common import EXTRACTED


def render_svg(text, side=256):
    png = resvg_py.svg_to_bytes(svg_string=text, width=side, height=side)
    return Image.open(io.BytesIO(bytes(png))).convert("RGBA")


# --- openclipart ---------------------------------------------------------------------------------

OPENCLIPART_SKIP = ("shapes/stars/", "shapes/jigsaw", "shapes/callouts", "shapes/flowchart", "computer/icons/flat-theme",
                    "computer/icons/lemon-theme", "computer/icons/etiquette-theme", "computer/buttons", "computer/diagrams",
                    "recreation/games/cards", "signs_and_symbols/led", "special/", "logos/", "buttons/", "people/stickmen/blueman",
                    "signs_and_symbols/flags/historic", "signs_and_symbols/flags/europe/france", "signs_and_symbols/flags/semaphore",
                    "signs_and_symbols/flags/miscellany", "geography/australia")
FOLDER_WORDS = {"animals": "animal", "birds": "bird", "bugs": "insect", "dinosaurs": "dinosaur", "fish": "fish", "mammals": "mammal animal",
                "bears": "bear", "big_cats": "big cat", "dogs": "dog", "horses": "horse", "housecats": "cat", "buildings": "building",
                "furniture": "furniture", "homes": "house", "hardware": "computer hardware", "education": "school and education",
                "books": "book", "electronics": "electronic device", "bulb": "light bulb", "food": "food", "beverages": "drink",
                "alcohol": "alcoholic drink", "breads_and_carbs": "bread", "desserts": "dessert", "fruit": "fruit",
                "meats_and_eggs": "meat or egg", "vegetables": "vegetable", "astronomy": "astronomy", "office": "office supplies",
                "telephone": "telephone", "people": "person", "bodypart": "body part", "clothing": "clothing", "hats": "hat",
                "smilies": "smiley face", "stickmen": "stick figure", "plants": "plant", "flowers": "flower", "trees": "tree",
                "evergreen": "evergreen tree", "chess": "chess piece", "holiday": "holiday", "christmas": "christmas", "music": "musical instrument",
                "party": "party", "religion": "religion", "sports": "sport", "toys": "toy", "science": "science", "medicine": "medicine",
                "arrows": "arrow", "clocks": "clock", "flags": "flag", "map_symbols": "map symbol", "money": "money", "weather": "weather",
                "tools": "tool", "weapons": "weapon", "transportation": "vehicle", "boating": "boat", "roadsigns": "road sign",
                "vehicles": "vehicle", "containers": "container", "decorations": "decoration", "recreation": "recreation"}


def svg_metadata(path):
    """title, keywords and author of an openclipart SVG."""
    if not path.exists():
        return "", [], ""
    match = re.search(r"<metadata.*?</metadata>", path.read_text(encoding="utf-8", errors="ignore"), re.S)
    if not match:
        return "", [], ""
    block = match.group(0)
    title = re.search(r"<dc:title[^>]*>(.*?)</dc:title>", block, re.S)
    subject = re.search(r"<dc:subject>(.*?)</dc:subject>", block, re.S)
    author = re.search(r"<dc:creator[^>]*>.*?<dc:title[^>]*>(.*?)</dc:title>", block, re.S)
    keywords = re.findall(r"<rdf:li[^>]*>(.*?)</rdf:li>", subject.group(1), re.S) if subject else []
    text = lambda m: html.unescape(m.group(1)).strip() if m else ""
    return text(title), [html.unescape(k).strip() for k in keywords], text(author)


def openclipart():
    root = EXTRACTED / "openclipart-png/usr/share/openclipart/png"
    svgs = EXTRACTED / "openclipart-svg/usr/share/openclipart/svg"
    files = sorted(p for p in root.rglob("*.png") if not p.is_symlink())
    files = [p for p in files if not p.relative_to(root).as_posix().startswith(OPENCLIPART_SKIP)]
    metadata = {p: svg_metadata(svgs / p.relative_to(root).with_suffix(".svg")) for p in files}
    uses = {}
    for title, _, _ in metadata.values():
        uses[title] = uses.get(title, 0) + 1
    for path in files:
        title, keywords, author = metadata[path]
        folders = path.relative_to(root).parts[:-1]
        stem = re.sub(r"_[a-z]*_?\d*$", "", path.stem) if uses[title] == 1 else path.stem
        generic = uses[title] > 3 or not title or "Buculei" in title or "Collection" in title
        caption = clean_title(stem if generic else title, author) or clean_title(path.stem, author)
        caption = re.sub(r"^(aiga|hotel icon|naval|various|contour) ", "", caption)
        if not caption:
            continue
        if "flags" in folders and "flag" not in caption:
            caption = "flag of " + caption
        words = [FOLDER_WORDS[f] for f in reversed(folders) if f in FOLDER_WORDS]
        keywords = [k for k in (clean_title(k, author) for k in keywords) if k]
        row = {"file": path.relative_to(root).as_posix(), "caption": caption, "keywords": words + keywords,
               "group": "/".join(folders), "author": author}
        yield row, path


# --- emoji ---------------------------------------------------------------------------------------

def emoji_table():
    """sequence -> (name, group, subgroup); skin tones, families and couples of given genders left out."""
    table, group, subgroup = {}, "", ""
    path = next((EXTRACTED / "unicode-data").rglob("emoji-test.txt"))
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("# group:"):
            group = line[8:].strip()
        elif line.startswith("# subgroup:"):
            subgroup = line[11:].strip()
        elif "; fully-qualified" in line:
            points = [int(p, 16) for p in line.split(";")[0].split()]
            name = re.sub(r"^\S+ E[\d.]+ ", "", line.split("# ", 1)[1]).strip()
            if any(0x1F3FB <= p <= 0x1F3FF for p in points) or re.match(r"(family|kiss|couple with heart): ", name):
                continue
            table[tuple(points)] = (name, group, subgroup)
    return table


def cldr_keywords():
    words = {}
    for part in ("annotations", "annotationsDerived"):
        path = next((EXTRACTED / "unicode-cldr-core").rglob(f"{part}/en.xml"))
        for node in ET.parse(path).getroot().iter("annotation"):
            if node.get("type") != "tts":
                words[node.get("cp")] = [w.strip() for w in node.text.split("|")]
    return words


def emoji_row(points, name, group, subgroup, keywords):
    text = "".join(map(chr, points))
    caption = name.lower().replace("’", "'").replace("“", "").replace("”", "")
    caption = re.sub(r"^flag: ", "flag of ", caption)
    words = keywords.get(text) or keywords.get(text.replace("\ufe0f", "")) or []
    words = [w.lower() for w in words if w.lower() != caption and "skin tone" not in w]
    about = {"Animals & Nature": "animal or plant", "Food & Drink": "food", "Flags": "flag"}.get(group, "")
    about = {"animal-mammal": "mammal animal", "animal-bird": "bird", "animal-bug": "insect", "animal-marine": "sea animal",
             "animal-amphibian": "animal", "animal-reptile": "reptile animal", "plant-flower": "flower plant", "plant-other": "plant",
             "food-fruit": "fruit", "food-vegetable": "vegetable", "food-sweet": "dessert", "drink": "drink", "place-building": "building",
             "transport-ground": "vehicle", "transport-water": "boat vehicle", "transport-air": "aircraft vehicle",
             "sky & weather": "weather and sky", "musical-instrument": "musical instrument", "tool": "tool", "clothing": "clothing",
             "sport": "sport", "person-role": "person at work", "person-activity": "person", "time": "clock",
             "face-smiling": "smiley face", "money": "money", "office": "office supplies"}.get(subgroup, about)
    return {"file": "-".join(f"{p:x}" for p in points), "caption": caption, "keywords": ([about] if about else []) + words,
            "group": f"{group}/{subgroup}"}


def glyph_finder(font):
    """sequence of code points -> glyph name, by cmap and the font's ligatures."""
    cmap, ligatures = font.getBestCmap(), {}
    for lookup in font["GSUB"].table.LookupList.Lookup:
        for sub in lookup.SubTable:
            sub = getattr(sub, "ExtSubTable", sub)
            for first, entries in getattr(sub, "ligatures", {}).items():
                for entry in entries:
                    ligatures[(first, *entry.Component)] = entry.LigGlyph

    def find(points):
        for candidate in (points, tuple(p for p in points if p != 0xFE0F)):
            names = tuple(cmap.get(p) for p in candidate)
            if None in names:
                continue
            if len(names) == 1:
                return names[0]
            if names in ligatures:
                return ligatures[names]
        return None

    return find


def noto():
    font = TTFont(next((EXTRACTED / "fonts-noto-color-emoji").rglob("NotoColorEmoji.ttf")))
    bitmaps = {name: glyph for strike in font["CBDT"].strikeData for name, glyph in strike.items()}
    find, keywords = glyph_finder(font), cldr_keywords()
    for points, (name, group, subgroup) in emoji_table().items():
        glyph = bitmaps.get(find(points))
        if glyph is not None:
            yield emoji_row(points, name, group, subgroup, keywords), lambda data=glyph.imageData: Image.open(io.BytesIO(data)).convert("RGBA")


def twemoji():
    """Pillow draws this font's COLR glyphs blank: the layers are drawn here, as SVG paths."""
    font = TTFont(next((EXTRACTED / "texlive-fonts-extra").rglob("TwemojiMozilla.ttf")))
    glyphs, layers, palette = font.getGlyphSet(), font["COLR"].ColorLayers, font["CPAL"].palettes[0]
    find, keywords = glyph_finder(font), cldr_keywords()
    ascent, em = font["hhea"].ascent, font["head"].unitsPerEm
    for points, (name, group, subgroup) in emoji_table().items():
        base = find(points)
        if base not in layers:
            continue
        paths = []
        for layer in layers[base]:
            pen = SVGPathPen(glyphs)
            glyphs[layer.name].draw(pen)
            colour = palette[layer.colorID]
            paths.append(f'<path fill="#{colour.red:02x}{colour.green:02x}{colour.blue:02x}" fill-opacity="{colour.alpha / 255:.3f}" '
                         f'd="{pen.getCommands()}"/>')
        width = glyphs[base].width
        svg = (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{-0.1 * em} {-0.1 * em} {width + 0.2 * em} {em * 1.3}">'
               f'<g transform="translate(0 {ascent}) scale(1 -1)">{"".join(paths)}</g></svg>')
        yield emoji_row(points, name, group, subgroup, keywords), lambda svg=svg: render_svg(svg)


# --- the smaller sources -------------------------------------------------------------------------

def tuxpaint():
    root = EXTRACTED / "tuxpaint-stamps-default/usr/share/tuxpaint/stamps"
    for path in sorted(list(root.rglob("*.png")) + list(root.rglob("*.svg"))):
        note = path.with_suffix(".txt")
        folders = path.relative_to(root).parts[:-1]
        if not note.exists() or path.is_symlink() or "money" in folders or "alphabets" in folders:
            continue
        caption = note.read_text(encoding="utf-8").splitlines()[0].strip().rstrip(".!").lower()
        caption = re.split(r"\. |[—;(:!?]", caption.replace("“", "").replace("”", "").replace("’", "'"))[0]
        caption = re.sub(r"^(this is|these are|here is) ", "", caption)
        caption = re.sub(r"^(a|an|the) ", "", caption)[:70].strip(" ,")
        if len(words_of(caption)) == 0:
            continue
        words = [FOLDER_WORDS.get(f, f.replace("_", " ")) for f in reversed(folders)]
        row = {"file": path.relative_to(root).as_posix(), "caption": caption, "keywords": words, "group": "/".join(folders)}
        yield row, path


def tango():
    root = EXTRACTED / "tango-icon-theme/usr/share/icons/Tango/scalable"
    for path in sorted(root.rglob("*.svg")):
        if not path.is_symlink() and path.parent.name != "mimetypes":
            caption = clean_title(path.stem.replace("-", " "))
            if caption:
                yield {"file": path.relative_to(root).as_posix(), "caption": caption, "keywords": ["computer icon"],
                       "group": path.parent.name}, path


def arcade():
    root = EXTRACTED / "arcade/arcade/resources/assets/images"
    skip = ("cards", "background", "parallax", "spritesheets", "test_textures", "pinball", "barrel", "road", "transition",
            "_ll", "_lr", "_ul", "_ur", "Center", "Cliff", "Corner", "Half", "Hill", "tracks", "Left", "Right", "Mid")
    for path in sorted(root.rglob("*.png")):
        relative = path.relative_to(root).as_posix()
        if any(s in relative for s in skip):
            continue
        caption = clean_title(re.sub(r"\d+", "", path.stem))
        if caption:
            yield {"file": relative, "caption": caption, "keywords": ["game sprite"], "group": path.parent.name}, path


def flags():
    root = EXTRACTED / "iso-flags-png-320x240/usr/share/iso-flags-png-320x240"
    table = EXTRACTED / "iso-codes/usr/share/iso-codes/json/iso_3166-1.json"
    names = {e["alpha_2"].lower(): e.get("common_name", e["name"]) for e in json.loads(table.read_text())["3166-1"]}
    for path in sorted(root.glob("*.png")):
        if path.stem in names:
            name = re.sub(r",.*| \(.*", "", names[path.stem]).lower()
            yield {"file": path.name, "caption": "flag of " + name, "keywords": ["flag", "country flag", name], "group": "flags"}, path


SOURCES = {"openclipart": openclipart, "noto": noto, "twemoji": twemoji, "tuxpaint": tuxpaint, "tango": tango,
           "arcade": arcade, "flags": flags}


def load(item):
    """A generator's second value as an RGBA picture: a path is opened or rendered, a function called."""
    if callable(item):
        return item()
    if item.suffix == ".svg":
        return render_svg(item.read_text(encoding="utf-8"))
    image = Image.open(item)
    if image.width * image.height > 30e6:
        raise ValueError("too large to be worth its decoding")
    image.draft("RGB", (512, 512))
    return image.convert("RGBA")
