#!/usr/bin/env python3
"""Compares the tokenizers with open_clip's and transformers' on many made-up strings; run by hand, ctest needs no Python.

usage: compare_python.py DRIVER --dialect open_clip|transformers [--vocab FOLDER] [--count N] [--seed S] [--context N]
DRIVER is the built text_driver; FOLDER has CLIP's vocab.json and merges.txt (transformers only). Exit status 1 if anything differs.
Texts on which Python itself raises are counted apart: there the driver only has to answer.
"""
import argparse
import struct
import subprocess
import sys
import time

import ftfy  # noqa: F401  registers the sloppy codecs

from text_cases import Cases


def open_clip_reference(_, context):
    from open_clip.tokenizer import SimpleTokenizer
    tokenizer = SimpleTokenizer(context_length=context)

    def encode(text):
        ids = [tokenizer.sot_token_id] + tokenizer.encode(text) + [tokenizer.eot_token_id]
        if len(ids) > context:
            ids = ids[:context - 1] + [tokenizer.eot_token_id]
        return ids
    return encode


def transformers_reference(vocab, context):
    from transformers import CLIPTokenizer
    tokenizer = CLIPTokenizer.from_pretrained(vocab)
    return lambda text: tokenizer(text, truncation=True, max_length=context)["input_ids"]


def drive(command, texts):
    """Feeds the texts to the driver and returns its records as lists of ids."""
    stdin = b"".join(struct.pack("<I", len(t)) + t for t in texts)
    out = subprocess.run(command, input=stdin, stdout=subprocess.PIPE, check=True).stdout
    records, position = [], 0
    while position < len(out):
        (count,) = struct.unpack_from("<I", out, position)
        records.append(list(struct.unpack_from(f"<{count}i", out, position + 4)))
        position += 4 + 4 * count
    assert len(records) == len(texts), (len(records), len(texts))
    return records


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("driver")
    parser.add_argument("--dialect", choices=["open_clip", "transformers"], required=True)
    parser.add_argument("--vocab", default="")
    parser.add_argument("--count", type=int, default=100000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--context", type=int, default=4096)
    parser.add_argument("--show", type=int, default=10)
    a = parser.parse_args()
    cases, seen, texts = Cases(a.seed), set(), []
    while len(texts) < a.count:
        case = cases.one()
        if case not in seen:
            seen.add(case)
            texts.append(case)
    encode = (open_clip_reference if a.dialect == "open_clip" else transformers_reference)(a.vocab, a.context)
    start = time.time()
    got = drive([a.driver, a.dialect, a.vocab if a.dialect == "transformers" else "", str(a.context)], texts)
    driver_s = time.time() - start
    different = raised = 0
    for text, ids in zip(texts, got):
        try:
            want = encode(text.decode("utf-8", errors="replace"))
        except Exception as error:  # a bug of the reference: there is nothing to compare with
            raised += 1
            if raised <= 3:
                print(f"reference raises {error!r:.100} on {text!r:.200}")
            continue
        if ids != want:
            different += 1
            if different <= a.show:
                print(f"DIFFERENT {text!r}\n  want {want}\n  got  {ids}")
    print(f"{a.dialect}: {len(texts)} strings, seed {a.seed}, context {a.context}: {different} different, {raised} on which the reference "
          f"raises; driver {driver_s:.1f} s, reference {time.time() - start - driver_s:.1f} s")
    sys.exit(different > 0)


if __name__ == "__main__":
    main()
