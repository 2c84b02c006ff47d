#!/usr/bin/env python3
"""Trains small SentencePiece models and writes them with ids of made-up strings to a folder (tests/fixtures/text/spiece).

NAME.model, and NAME.bin: for each string u16 length, its UTF-8, u16 count and that many u16 ids (no begin and end tokens).

usage: make_spiece_golden.py FOLDER   (needs sentencepiece)
"""
import os
import struct
import sys
import tempfile

import ftfy  # noqa: F401  registers the sloppy codecs
import sentencepiece
from sentencepiece import sentencepiece_model_pb2

from text_cases import CAPTIONS, EMOJI, SENTENCES, Cases

RULES = {"\u00a0": " ", "\u3000": " ", "\t": " ", "\ufb01": "fi", "\ufb03": "ffi", "e\u0301": "\u00e9", "\u2026": "...", "\u200b": "", "\uff21": "A",
         "\uff21\uff22": "alphabet", "\u00df": "ss", "\u2028": " ", "\u00bd": "1/2"}
MODELS = {
    "unigram": dict(),
    "user_defined": dict(user_defined_symbols=["<mask>", "##", "photo"], pad_id=0, eos_id=1, unk_id=2, bos_id=-1),
    "byte_fallback": dict(byte_fallback=True, remove_extra_whitespaces=False, vocab_size=700),
    "suffix": dict(treat_whitespace_as_suffix=True),
    "no_prefix": dict(add_dummy_prefix=False),
}


def strip_paths(path):
    with open(path, "rb") as file:
        proto = sentencepiece_model_pb2.ModelProto.FromString(file.read())
    for spec, field in ((proto.trainer_spec, "input"), (proto.trainer_spec, "model_prefix"), (proto.normalizer_spec, "normalization_rule_tsv")):
        spec.ClearField(field)
    with open(path, "wb") as file:
        file.write(proto.SerializeToString())


def main():
    folder = sys.argv[1]
    os.makedirs(folder, exist_ok=True)
    cases = Cases(7)
    texts = [s for s in CAPTIONS + SENTENCES + EMOJI + list(RULES)] + ["<mask> ##photo photos", "", " ", "   "]
    while len(texts) < 420:
        text = cases.one().decode("utf-8", errors="replace")
        if len(text) <= 80:
            texts.append(text)
    with tempfile.TemporaryDirectory() as temporary:
        rules, corpus = temporary + "/rules.tsv", temporary + "/corpus.txt"
        with open(rules, "w", encoding="utf-8") as file:
            for source, target in RULES.items():
                file.write(" ".join(f"{ord(c):X}" for c in source) + "\t" + " ".join(f"{ord(c):X}" for c in target) + "\n")
        with open(corpus, "w", encoding="utf-8") as file:
            file.write("\n".join(s.replace("\n", " ").replace("\r", " ") for s in (CAPTIONS * 8 + SENTENCES) * 4))
        for name, options in MODELS.items():
            options = dict(dict(vocab_size=400, character_coverage=0.98, normalization_rule_tsv=rules), **options)
            sentencepiece.SentencePieceTrainer.train(input=corpus, model_prefix=f"{folder}/{name}", minloglevel=2, hard_vocab_limit=False, **options)
            os.remove(f"{folder}/{name}.vocab")
            strip_paths(f"{folder}/{name}.model")
            model = sentencepiece.SentencePieceProcessor(model_file=f"{folder}/{name}.model")
            with open(f"{folder}/{name}.bin", "wb") as file:
                for text in texts:
                    data, ids = text.encode(), model.encode(text)
                    file.write(struct.pack("<H", len(data)) + data + struct.pack(f"<H{len(ids)}H", len(ids), *ids))


if __name__ == "__main__":
    main()
