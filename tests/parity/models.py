#!/usr/bin/env python3
"""Makes docs/models.md: every architecture of open_clip, every class of transformers with pictures and texts, Stable Diffusion's text encoders; what
simdclip makes of each, and how near.

    python3 tests/parity/models.py --driver build/tests/parity/parity_towers --program build/tools/simdclip [--only NAME,...] > docs/models.md

For each open_clip architecture: its description goes through the converter's plan; the names and shapes of the full model (without memory for its
weights) go through its tables; and a model with random peaky weights goes through converter and towers, against PyTorch: the whole one where its
weights fit --gigabytes, else its first --layers blocks at full width, with --words of its vocabulary at most (--layers 0: none).
For each class of transformers: the folder that save_pretrained writes, through the program. --results keeps what was measured, so that a run can go on
another day; the table says of every row how far it came.
Needs torch, open_clip_torch, timm, transformers, safetensors, sentencepiece, numpy, pillow. Not part of ctest:
docs/convert.md.
"""
import argparse
import json
import pathlib
import re
import sys

import open_clip
import timm
import torch
import transformers

import open_clip_rows
import transformers_rows
from reference_models import output

# One architecture of each family: their bf16 and int8 bands.
BANDS = ["ViT-B-16", "ViT-B-16-SigLIP", "ViT-B-32-SigLIP2-256", "ViT-SO400M-14-SigLIP-384", "EVA02-B-16", "EVA02-B-16, tables", "EVA01-g-14", "EVA02-E-14", "PE-Core-B-16", "ViT-L-14-CLIPA",
         "MobileCLIP-B", "coca_ViT-B-32", "roberta-ViT-B-32", "xlm-roberta-base-ViT-B-32", "nllb-clip-base", "mt5-base-ViT-B-32", "RN50"]


def near(cosine):
    return "" if cosine is None else f"1 - {max(0.0, 1 - cosine):.1e}"


def shown(result):
    if result is None:
        return "not measured", "not measured"
    if isinstance(result, str):
        return result, ""
    return tuple(near(c) for c in result)


def cell(text):
    return text.replace("|", "\\|")


def depth_of(row):
    if not row.get("depth"):
        return ""
    if row["depth"] == row["full"] and row["words"][0] == row["words"][1]:
        return "full"
    parts = " + ".join(f"{n} of {m}" if n < m else str(m) for n, m in zip(row["depth"], row["full"]) if m)
    words, all_words = row["words"]
    return parts + (f", {words:,} of {all_words:,} words" if words < all_words else "")


def open_clip_table(rows):
    rows = [rows[n] for n in sorted(rows, key=str.lower)]
    good = [r for r in rows if not r["error"]]
    measured = [r for r in good if isinstance(r["result"], list)]
    yield (f"## open_clip: {len(good)} of {len(rows)} architectures, {sum(r['tags'] for r in good)} of {sum(r['tags'] for r in rows)} pretrained tags\n\n"
           "`described`: the converter makes a configuration of it. `names checked`: each tensor of the full model was found under its name and with its shape. Cosines: the lowest of 3 pictures and 5 texts "
           "against PyTorch, f32, random peaky weights, full width; `depth`: blocks of the image and of the text tower that were run, of how many. "
           "Rows are kept from run to run (`--results`). "
           f"Measured: {len(measured)} of {len(good)}, lowest cosine 1 - {1 - min(min(c for c in r['result'] if c is not None) for r in measured):.1e}.\n\n")
    yield "| architecture | tags | supported | tokenizer | preprocessing | depth | cosine, image | cosine, text |\n|---|---|---|---|---|---|---|---|\n"
    for r in rows:
        image, text = ("", "") if r["error"] else shown(r["result"])
        verdict = "no: " + cell(r["error"].replace("cfg.json: ", "")) if r["error"] else "names checked" if r["schema"] else "described"
        yield f"| {r['name']} | {r['tags']} | {verdict} | {r['tokenizer']} | {r['preprocess']} | {'' if r['error'] else depth_of(r)} | {image} | {text} |\n"


BF16, INT8 = 0.9995, 0.998


def outside(rows):
    """Cells below their band, and bf16 further from f32 than half of what PyTorch's is."""
    for name in [n for n in BANDS if n in rows and not rows[n]["error"]]:
        found = rows[name]["result"]
        for tower, b, t, i in zip(("image", "text"), found["bf16"], found.get("torch", (None, None)), found["int8"]):
            if i is not None and i < INT8:
                yield f"{name} int8 {tower} {i:.5f}"
            if b is not None and b < BF16:
                yield f"{name} bf16 {tower} {b:.5f}" + (f" (its error is {(1 - b) / (1 - t):.2f} of torch's)" if t else "")


def band_table(rows, isa):
    if not rows:
        return
    yield ("\n## bf16 and int8\n\nThe lowest cosine of 3 pictures and 5 texts against PyTorch's f32: weights near the scale of real ones, norms spread, three channels of the "
           "norms of a quarter of the blocks twenty times as large (`calm` in tests/parity/reference_models.py); int8 equalized, not calibrated. "
           f"bf16 on this machine's `{isa}`; `torch`: PyTorch's own bf16 (empty: not measured). `commit`: of this repository, when the row was made. `apart`: the highest cosine of two different pictures or texts.\n\n"
           "| architecture | depth | bf16, image | bf16, text | torch, image | torch, text | int8, image | int8, text | apart, image | apart, text | commit |\n|---|---|---|---|---|---|---|---|---|---|---|---|\n")
    for name in [n for n in BANDS if n in rows]:
        r = rows[name]
        depth = " + ".join(f"{n} of {m}" if n < m else str(m) for n, m in zip(r["depth"], r["full"]) if m) if "depth" in r else ""
        if r["error"]:
            yield f"| {name} | {depth} | {cell(r['error'])} | | | | | | | |\n"
            continue
        found = r["result"]
        near_one = ["" if c is None else f"{c:.5f}" for c in (*found["bf16"], *found.get("torch", (None, None)), *found["int8"])]
        yield f"| {name} | {depth} | " + " | ".join(near_one + [f"{c:.3f}" for c in found["apart"]] + [r.get("commit", "")]) + " |\n"


def band_notes(rows):
    if not rows:
        return
    yield f"\nBands: bf16 {BF16}, int8 {INT8}. Below: {'; '.join(outside(rows)) or 'none'}.\n"
    names = [n for n in ("ViT-B-16", "EVA02-B-16", "EVA02-B-16, tables") if n in rows and not rows[n]["error"]]
    shares = "; ".join(f"{n} {(1 - rows[n]['result']['int8'][0]) / (1 - rows[n]['result']['apart'][0]):.2%}" for n in names)
    yield ("\n`tables`: class token and positions drawn as large as a patch's row, where timm begins them a fiftieth of that; what trained ones have was not looked at, so this row is a second drawing "
           "and no correction of the first. Its pictures are more alike, too, which by itself raises a cosine: int8's error (1 - cosine) over what tells pictures apart (1 - apart), image: "
           f"{shares}.\n\n")


def tokenizer_table(rows):
    if not rows:
        return
    yield ("\n## Tokenizers\n\nIds of made-up strings (captions and sentences of 25 scripts, emoji, garbled and malformed text, literal special tokens, long words), padded and cut to the context, against the "
           "library's own tokenizer; files of the kinds and sizes that the families have, made by tests/parity/tokenizer_files.py.\n\n"
           "    python3 tests/parity/compare_tokenizers.py build/tests/text/tokenizer_driver FOLDER --pieces siglip2_vocab.json --count 10000 --seed 12 --results FILE\n\n"
           "| tokenizer | reference | ids | context | strings | different |\n|---|---|---|---|---|---|\n")
    for r in rows:
        yield f"| {r['name']} | {r['reference']} | {r['pieces']:,} | {r['context']} | {r['strings']:,} | {r['different']} |\n"


def forms_table(rows):
    if not rows:
        return
    some = next(iter(rows.values()))
    yield ("\n## SigLIP in every form, other sizes, Long-CLIP\n\nWhole models through the program, against open_clip (which reads the same `.npz` files) and transformers: "
           f"{some['pictures']} photographs, {some['texts']} texts, f32, random peaky weights. `size`: converted with `--image-size`, against `force_image_size`. "
           "`scores`: the largest difference of `rank`'s logits, bias included, over the scale.\n\n"
           "    python3 tests/parity/siglip.py --program build/tools/simdclip --tokenizers FOLDER --photos PHOTOS --results FILE\n\n"
           "| form | ids that differ | pixels, largest difference | cosine, image | cosine, text | scores | |\n|---|---|---|---|---|---|---|\n")
    for name, r in rows.items():
        yield f"| {name} | {r['ids']} | {r['pixels']:.0e} | {near(r['image'])} | {near(r['text'])} | {r['logits']:.0e} | {'' if r['good'] else 'FAILED'} |\n".replace("0e+00", "0")


def transformers_table(rows):
    yield ("\n## transformers and Stable Diffusion\n\nFolders as `save_pretrained` writes them and single files, through the program: ids of "
           f"{transformers_rows.TEXT_COUNT} texts and pixels of a picture against the library's own tokenizer and image processor, cosines as above. "
           "`as`: what the model was cut to where it is not the configuration class's own.\n\n"
           "| class | supported | tokenizer | ids that differ | image processor | pixels, largest difference | as | cosine, image | cosine, text |\n"
           "|---|---|---|---|---|---|---|---|---|\n")
    for name, r in rows.items():
        if r["error"]:
            reason = r["error"].split(";")[0].replace("simdclip: FOLDER/config.json: ", "")  # what is supported follows
            yield f"| {name} | no: {cell(reason)} | | | | | | | |\n"
            continue
        image, text = (near(c) for c in r["result"])
        ids, pixels = ("" if r[k] is None else f"{r[k]:.0e}" if isinstance(r[k], float) and r[k] else f"{r[k]:.0f}" for k in ("ids", "pixels"))
        yield f"| {name} | yes | {r['tokenizer']} | {ids} | {r['processor']} | {pixels} | {r['cut']} | {image} | {text} |\n"


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--driver", required=True, type=pathlib.Path)
    parser.add_argument("--program", required=True, type=pathlib.Path)
    names = lambda s: [n for n in re.split(",(?! )", s) if n]  # noqa: E731
    parser.add_argument("--only", default="", type=names, help="rows to make again, open_clip's or transformers'")
    parser.add_argument("--first", default="", type=names, help="rows to make before the others")
    parser.add_argument("--again", default="", help="a regular expression: rows to make again beside those that are missing")
    parser.add_argument("--gigabytes", default=0.75, type=float, help="f32 weights above which the model is cut")
    parser.add_argument("--layers", default=2, type=int)
    parser.add_argument("--words", default=65536, type=int)
    parser.add_argument("--bands", default=BANDS, type=names, help="architectures whose bf16 and int8 are measured")
    parser.add_argument("--band-gigabytes", default=1.3, type=float, help="f32 weights above which those are cut")
    parser.add_argument("--band-layers", default=6, type=int, help="to how many blocks")
    parser.add_argument("--tokenizers", type=pathlib.Path, help="JSON that compare_tokenizers.py --results wrote")
    parser.add_argument("--forms", type=pathlib.Path, help="JSON that siglip.py --results wrote")
    parser.add_argument("--scratch", default=None)
    parser.add_argument("--results", default=None, type=pathlib.Path, help="JSON of rows: read where there, so that a run can go on, and written")
    options = parser.parse_args()
    options.driver, options.program = options.driver.resolve(), options.program.resolve()
    return options


def fill(options, rows, names, make, broken):
    """Makes the rows that are missing or asked for."""
    for name in names:
        asked = name in options.only if options.only else bool(options.again and re.search(options.again, name))
        if name in rows and not asked or options.only and not asked:
            continue
        try:
            rows[name] = make(options, name)
        except Exception as error:  # the reference's own
            rows[name] = broken(name, f"{type(error).__name__}: {str(error)[:150]}")
        r = rows[name]
        print(name, r["error"] or [r["result"], r.get("ids"), r.get("pixels")], file=sys.stderr, flush=True)
        yield name


def main():
    options = parse()
    torch.set_num_threads(2)
    kept = json.loads(options.results.read_text()) if options.results and options.results.exists() else {}
    families = [kept.setdefault(n, {}) for n in ("open_clip", "transformers", "bands")]
    tables = [(open_clip_rows.row, open_clip.list_models(), lambda name, error: dict(name=name, tags=0, error=error, result=None, tokenizer="", preprocess="")),
              (transformers_rows.row, list(transformers_rows.ROWS), lambda _, error: dict(error=error, result=None)),
              (open_clip_rows.band, options.bands, lambda _, error: dict(error=error, result=None))]
    for rows, (make, names, otherwise) in zip(families, tables):
        names = sorted(names, key=lambda n: options.first.index(n) if n in options.first else len(options.first))
        for _ in fill(options, rows, names, make, otherwise):
            if options.results:
                options.results.write_text(json.dumps(kept))
    print("# Models\n\nMade by `tests/parity/models.py`; nothing here is typed by hand. Reference: "
          f"open_clip_torch {open_clip.__version__}, timm {timm.__version__}, transformers {transformers.__version__}, torch {torch.__version__.split('+')[0]}.\n")
    isa = output(options.driver, "isa").strip()
    ordered = {n: families[1][n] for n in transformers_rows.ROWS if n in families[1]}
    ids = json.loads(options.tokenizers.read_text()) if options.tokenizers else []
    forms = json.loads(options.forms.read_text()) if options.forms else {}
    sys.stdout.writelines([*open_clip_table(families[0]), *transformers_table(ordered), *forms_table(forms), *band_table(families[2], isa), *band_notes(families[2]), *tokenizer_table(ids)])


if __name__ == "__main__":
    main()
