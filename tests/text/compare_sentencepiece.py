#!/usr/bin/env python3
"""Compares ids of SentencePiece models with the sentencepiece package's on made-up strings; run by hand.

usage: compare_sentencepiece.py DRIVER MODEL... [--count N] [--seed S]
"""
import argparse
import sys

import ftfy  # noqa: F401  registers the sloppy codecs
import sentencepiece

from compare_python import drive
from text_cases import Cases


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("driver")
    parser.add_argument("models", nargs="+")
    parser.add_argument("--count", type=int, default=20000)
    parser.add_argument("--seed", type=int, default=1)
    a = parser.parse_args()
    cases, failed = Cases(a.seed), False
    texts = [cases.one().decode("utf-8", errors="replace").encode() for _ in range(a.count)]
    for path in a.models:
        reference = sentencepiece.SentencePieceProcessor(model_file=path)
        different = 0
        for text, ids in zip(texts, drive([a.driver, path], texts)):
            want = reference.encode(text.decode())
            if ids != want:
                different += 1
                if different <= 3:
                    print(f"DIFFERENT {text!r:.200}\n  want {want!s:.200}\n  got  {ids!s:.200}")
        print(f"{path}: {len(texts)} strings, {different} different")
        failed = failed or different > 0
    sys.exit(failed)


if __name__ == "__main__":
    main()
