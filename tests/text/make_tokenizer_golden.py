#!/usr/bin/env python3
"""Writes small tokenizers of every family with transformers' ids of made-up strings to a folder (tests/fixtures/text/tokenizers).

texts.bin: for each string u16 length and its UTF-8. FAMILY/: the files of the tokenizer, and ids.bin: for each string u16 count and
that many u16 ids, cut to 40, not padded on the right.

usage: make_tokenizer_golden.py FOLDER   (needs transformers, tokenizers, sentencepiece)
"""
import json
import os
import shutil
import struct
import sys
import tempfile
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "parity"))

import ftfy  # noqa: E402,F401  registers the sloppy codecs
from compare_tokenizers import TokenizerCases  # noqa: E402
from make_spiece_golden import RULES  # noqa: E402
from text_cases import CAPTIONS, EMOJI, SENTENCES  # noqa: E402
from tokenizer_files import make  # noqa: E402

FILES = {"siglip": ["spiece.model"], "t5_c4_json": ["tokenizer.json"], "xlm_roberta": ["sentencepiece.bpe.model"], "nllb": ["tokenizer.json"],
         "siglip2": ["tokenizer.json"], "gemma_left": ["tokenizer.json"], "bert": ["vocab.txt"], "roberta": ["vocab.json", "merges.txt"]}
CONTEXT = 40


def main():
    from transformers import AutoTokenizer
    folder, cases = Path(sys.argv[1]), TokenizerCases(7)
    texts = CAPTIONS + SENTENCES + EMOJI[:8] + list(RULES) + ["", " ", "   ", "</s>", "a </s> b", "[SEP] x", "x" * 120, "A</s>"]
    while len(texts) < 330:
        text = cases.one().decode("utf-8", errors="replace")
        if len(text) <= 70:
            texts.append(text)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "texts.bin").write_bytes(b"".join(struct.pack("<H", len(t.encode())) + t.encode() for t in texts))
    with tempfile.TemporaryDirectory() as temporary:
        make(Path(temporary), None, 700, RULES)
        for family, names in FILES.items():
            source, out = Path(temporary) / family, folder / family
            out.mkdir(exist_ok=True)
            for name in names + ["tokenizer_config.json", "config.json"]:
                if not (source / name).is_file():
                    continue
                if name.endswith(".json"):
                    (out / name).write_text(json.dumps(json.loads((source / name).read_text()), ensure_ascii=False, separators=(",", ":")) + "\n")
                else:
                    shutil.copy(source / name, out / name)
            tokenizer = AutoTokenizer.from_pretrained(out)
            with open(out / "ids.bin", "wb") as file:
                for text in texts:
                    left = tokenizer.padding_side == "left"
                    ids = tokenizer(text, truncation=True, max_length=CONTEXT, padding="max_length" if left else False)["input_ids"]
                    file.write(struct.pack(f"<H{len(ids)}H", len(ids), *ids))
            print(family, len(tokenizer))


if __name__ == "__main__":
    main()
