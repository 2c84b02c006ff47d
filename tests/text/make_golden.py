#!/usr/bin/env python3
"""Writes tests/fixtures/text/clip_golden.bin: made-up strings and the ids that open_clip and transformers give them (context 77).

For each string: u16 length, its bytes (not always UTF-8); then twice (open_clip, transformers) u8 count and that many u16 ids.

usage: make_golden.py OUTPUT.bin   (needs open_clip_torch and transformers)
"""
import struct
import sys

from open_clip.tokenizer import SimpleTokenizer
from transformers import CLIPTokenizer

from text_cases import CAPTIONS, EMOJI, SENTENCES, SPECIALS, Cases

CONTEXT, COUNT, LONGEST = 77, 2600, 160


def references():
    simple = SimpleTokenizer(context_length=CONTEXT)
    names = {"<start_of_text>": "<|startoftext|>", "<end_of_text>": "<|endoftext|>"}
    vocab = {names.get(token, token): i for token, i in simple.encoder.items()}
    fast = CLIPTokenizer(vocab=vocab, merges=sorted(simple.bpe_ranks, key=simple.bpe_ranks.get))

    def open_clip(text):
        ids = [simple.sot_token_id] + simple.encode(text) + [simple.eot_token_id]
        return ids if len(ids) <= CONTEXT else ids[:CONTEXT - 1] + [simple.eot_token_id]
    return open_clip, lambda text: fast(text, truncation=True, max_length=CONTEXT)["input_ids"]


def main():
    encoders = references()
    texts = [s.encode() for s in CAPTIONS + SENTENCES + EMOJI + SPECIALS]
    cases, seen = Cases(20261124), set(texts)
    while len(texts) < COUNT:
        text = cases.one()
        if len(text) <= LONGEST and text not in seen:
            seen.add(text)
            texts.append(text)
    out = b""
    for text in texts:
        out += struct.pack("<H", len(text)) + text
        for encode in encoders:
            ids = encode(text.decode("utf-8", errors="replace"))
            out += struct.pack(f"<B{len(ids)}H", len(ids), *ids)
    with open(sys.argv[1], "wb") as file:
        file.write(out)
    print(len(texts), "strings,", len(out), "bytes")


if __name__ == "__main__":
    main()
