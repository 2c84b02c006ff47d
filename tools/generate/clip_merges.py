#!/usr/bin/env python3
"""src/text/generated/clip_merges.cpp: the 48,894 merges of CLIP's vocabulary as pairs of token ids.

The ids need no strings: 0..255 are the bytes in the order of open_clip's bytes_to_unicode(), 256..511 the same at the end of a word,
512 + r is what merge r makes. Every id of a merge is below 65,536.

usage: clip_merges.py OUTPUT.cpp   (needs open_clip_torch)
"""
import gzip
import sys

from open_clip.tokenizer import bytes_to_unicode, default_bpe

import emit

NOTICE = """
The merges are those of CLIP's vocabulary (bpe_simple_vocab_16e6.txt.gz), distributed with open_clip under this licence:

Copyright (c) 2012-2021 Gabriel Ilharco, Mitchell Wortsman, Nicholas Carlini, Rohan Taori, Achal Dave, Vaishaal Shankar,
John Miller, Hongseok Namkoong, Hannaneh Hajishirzi, Ali Farhadi, Ludwig Schmidt
Copyright (c) 2021 OpenAI

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated documentation files
(the "Software"), to deal in the Software without restriction, including without limitation the rights to use, copy, modify, merge,
publish, distribute, sublicense, and/or sell copies of the Software, and to permit persons to whom the Software is furnished to do
so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF
MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE
FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN
CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
"""


def main():
    lines = gzip.open(default_bpe()).read().decode("utf-8").split("\n")
    merges = [tuple(line.split()) for line in lines[1:49152 - 256 - 2 + 1]]
    symbols = list(bytes_to_unicode().values())
    symbols += [s + "</w>" for s in symbols]
    ids = {s: i for i, s in enumerate(symbols)}
    pairs = []
    for left, right in merges:
        pairs.append((ids[left], ids[right]))
        assert left + right not in ids
        ids[left + right] = len(ids)
    assert len(pairs) == 48894 and len(ids) == 49406
    rows = "\n".join("    " + ",".join(f"{a},{b}" for a, b in pairs[i:i + 9]) + "," for i in range(0, len(pairs), 9))
    body = f"extern const uint16_t kClipMerges[kClipMergeCount * 2] = {{\n{rows}\n}};\n"
    emit.write(sys.argv[1], "clip_merges.py", emit.versions("open_clip_torch"), ['"text/clip_merges.h"'], body, NOTICE)


if __name__ == "__main__":
    main()
