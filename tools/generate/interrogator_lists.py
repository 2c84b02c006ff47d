#!/usr/bin/env python3
"""assets/interrogate/*.txt: small lists for `simdclip interrogate`, written for simdclip and free to use (CC0). No artist is named: "artists" are
epochs and trades.

usage: interrogator_lists.py FOLDER
"""
import pathlib
import sys

MEDIUMS = """a photo|a digital painting|an oil painting|a watercolor|a pencil sketch|a charcoal drawing|an ink drawing|a pastel|an etching|a woodcut|
a linocut|a lithograph|a screen print|a fresco|a mosaic|a stained glass window|a tapestry|an embroidery|a quilt|a collage|a sculpture|a marble statue|
a bronze statue|a wood carving|a clay figure|a paper model|origami|a 3d rendering|a low poly model|pixel art|vector art|an icon|an emoji|a logo|a sticker|
a poster|a comic panel|a cartoon|a storybook illustration|a technical drawing|a blueprint|a map|a diagram|a chart|a screenshot|an infographic|
a black and white photo|a macro photo|an aerial photo|a polaroid|a tintype|an x-ray|a silhouette|graffiti|a mural|a tattoo|a chalk drawing|
a crayon drawing|a neon sign|a ceramic""".replace("\n", "").split("|")
EPOCHS = """a stone age painter|an egyptian scribe|a greek vase painter|a roman mosaicist|a byzantine icon painter|a medieval illuminator|a gothic sculptor|
a renaissance master|a flemish master|a baroque painter|a dutch still life painter|a rococo painter|a neoclassical sculptor|a romantic landscape painter|
a japanese woodblock printer|a victorian illustrator|a botanical illustrator|an impressionist|a pointillist|an art nouveau designer|an expressionist|a cubist|
a futurist|a bauhaus designer|an art deco poster artist|a surrealist|an abstract painter|a pop artist|a minimalist|a street photographer|a wildlife photographer|
a food photographer|a fashion photographer|a press photographer|a studio photographer|an astronomer|an architect|an engineer|a cartographer|an icon designer|
a game artist|a concept artist|a children's book illustrator|a comic artist|a graffiti artist|a toy maker|a child""".replace("\n", "").split("|")
MOVEMENTS = """cave art|egyptian art|classical antiquity|byzantine art|romanesque|gothic|early renaissance|high renaissance|mannerism|baroque|rococo|
neoclassicism|romanticism|realism|naturalism|arts and crafts|impressionism|post-impressionism|pointillism|symbolism|art nouveau|fauvism|expressionism|
cubism|futurism|dada|constructivism|suprematism|de stijl|bauhaus|art deco|surrealism|magic realism|social realism|abstract expressionism|color field|
op art|pop art|minimalism|conceptual art|photorealism|land art|street art|ukiyo-e|folk art|naive art|outsider art|kinetic art|computer art|vaporwave|
steampunk|flat design|skeuomorphism|material design|retrofuturism|contemporary art""".replace("\n", "").split("|")
NEGATIVE = """blurry|out of focus|pixelated|low resolution|jpeg artifacts|overexposed|underexposed|washed out colors|noise|grain|watermark|signature|text|
cropped|out of frame|cluttered|deformed|distorted|extra fingers|extra limbs|bad anatomy|bad proportions|duplicate|ugly|boring|unfinished|amateur""".replace("\n", "").split("|")
LIGHT = "soft light|hard light|golden hour|blue hour|backlight|rim light|studio light|candlelight|moonlight|neon light|overcast light|dappled light|deep shadows|high key|low key|god rays|bokeh|lens flare|long exposure|motion blur".split("|")
COLOR = "vivid colors|muted colors|pastel colors|earthy colors|monochrome|sepia|black and white|warm colors|cool colors|high contrast|low contrast|complementary colors|a limited palette|gold and blue|red and white|green and brown|orange and teal|a white background|a black background|a colored background|a transparent background|a gradient background".split("|")
FORM = "a close-up|a portrait|a profile|a full body|a group|a wide shot|a bird's eye view|a worm's eye view|isometric|symmetrical|centered|rule of thirds|negative space|a flat lay|a cross-section|repeating pattern|bold outlines|thin lines|rounded shapes|sharp edges|simple shapes|geometric|organic shapes|fine detail|intricate|minimal|ornate|textured|glossy|matte|transparent|reflective|fluffy|smooth|rough".split("|")
MOOD = "cheerful|calm|melancholy|dramatic|mysterious|playful|romantic|nostalgic|dreamy|eerie|majestic|cozy|lonely|energetic|festive|solemn|humorous|elegant|rustic|futuristic|ancient|magical".split("|")
SCENE = "in the forest|at the beach|in the mountains|in the desert|in the snow|in the rain|in the city|in a village|in a garden|in a kitchen|in a studio|in a museum|in space|under water|in the sky|at night|at sunrise|at sunset|in spring|in summer|in autumn|in winter|on a table|on a street|on a stage|in a field|by a river|by a lake|in a cave|in ruins".split("|")
THING = "people|faces|hands|animals|birds|insects|fish|plants|flowers|trees|food|fruit|drinks|buildings|vehicles|ships|aircraft|machines|tools|instruments|toys|books|clothes|jewels|furniture|symbols|arrows|letters|numbers|clouds|stars|fire|water|ice|stones|wood|metal|glass|paper|fabric".split("|")


def write(folder, name, entries):
    entries = [e.strip() for e in entries]
    assert len(set(entries)) == len(entries) and all(entries), name
    (folder / name).write_text("\n".join(entries) + "\n")
    print(f"{name}: {len(entries)}")


def main():
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(exist_ok=True)
    write(folder, "mediums.txt", MEDIUMS)
    write(folder, "artists.txt", EPOCHS)
    write(folder, "movements.txt", MOVEMENTS)
    write(folder, "negative.txt", NEGATIVE)
    flavors = LIGHT + COLOR + FORM + MOOD + SCENE + [f"with {t}" for t in THING] + [f"a {m} mood" for m in MOOD if m[0] not in "aeiou"]
    flavors += [f"{m} {t}" for m in MOOD for t in THING] + [f"{t} {s}" for t in THING for s in SCENE]
    write(folder, "flavors.txt", flavors)
    (folder / "LICENSE.md").write_text("# Licence of these lists\n\nWritten for simdclip by tools/generate/interrogator_lists.py; dedicated to the public domain (CC0 1.0).\n")


if __name__ == "__main__":
    main()
