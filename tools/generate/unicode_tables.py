#!/usr/bin/env python3
"""src/text/generated/unicode_tables.cpp: what the reference tokenizers think of every code point.

Python's str (Unicode 14 in Python 3.11), the regex package and the Rust tokenizers library carry different versions of Unicode,
so the tables are not taken from one of them: every property is asked of the library that the reference tokenizer uses.

usage: unicode_tables.py OUTPUT.cpp   (needs regex and tokenizers)
"""
import sys
import unicodedata

import regex
from tokenizers import Regex, normalizers, pre_tokenizers

import emit

CODE_POINTS = [c for c in range(0x110000) if not 0xD800 <= c < 0xE000]
BLOCK = 128
# The bits of one code point; src/text/unicode_tables.h has the same list.
BITS = ("py_space py_word py_decimal py_cased py_case_ignorable clip_letter clip_number clip_other "
        "rust_space rust_letter rust_number rust_other py_lower rust_lower py_mark rust_mark decomposes nfc_check").split()
BIT = {name: 1 << i for i, name in enumerate(BITS)}
RUST_LOWER, RUST_NFC, RUST_NFD = normalizers.Lowercase(), normalizers.NFC(), normalizers.NFD()


def python_bits(c):
    s, bits = chr(c), 0
    bits |= BIT["py_space"] * s.isspace()
    bits |= BIT["py_word"] * (s.isalnum() or s == "_")
    bits |= BIT["py_decimal"] * s.isdecimal()
    # str.lower() writes a sigma as final when a cased letter stands before it, case-ignorable characters skipped.
    cased = (s + "\u03a3").lower()[-1] == "\u03c2"
    ignorable = not cased and ("a" + s + "\u03a3").lower()[-1] == "\u03c2"
    return bits | BIT["py_cased"] * cased | BIT["py_case_ignorable"] * ignorable | BIT["py_lower"] * (s.lower() != s)


def clip_bits(patterns, c):
    return sum(BIT[name] for name, pattern in patterns.items() if pattern.match(chr(c)))


def rust_class(pattern, c, before):
    return len(pattern.pre_tokenize_str(before + chr(c))) > 1


def rust_has_mark(c):
    """Whether the Rust library knows a combining class for c: it reorders it against classes 240 or 1."""
    s = chr(c)
    return RUST_NFD.normalize_str("\u0345" + s) != "\u0345" + s or RUST_NFD.normalize_str(s + "\u0334") != s + "\u0334"


def canonical(c):
    mapping = unicodedata.decomposition(chr(c))
    return [] if not mapping or mapping.startswith("<") else [int(x, 16) for x in mapping.split()]


def compositions(decompositions):
    """(a, b) -> c for every pair that NFC composes."""
    pairs = {}
    for c, parts in decompositions.items():
        if len(parts) == 2 and unicodedata.normalize("NFC", chr(parts[0]) + chr(parts[1])) == chr(c):
            pairs[tuple(parts)] = c
    return pairs


def collect():
    clip = {"clip_letter": regex.compile(r"[\p{L}]+", regex.I), "clip_number": regex.compile(r"[\p{N}]", regex.I),
            "clip_other": regex.compile(r"[^\s\p{L}\p{N}]+", regex.I)}
    split = {name: pre_tokenizers.Split(Regex(p), "isolated")
             for name, p in (("rust_letter", r"\p{L}"), ("rust_number", r"\p{N}"), ("rust_other", r"[^\s\p{L}\p{N}]"))}
    space = normalizers.Replace(Regex(r"\s+"), "\x01")
    decompositions = {c: canonical(c) for c in CODE_POINTS if canonical(c)}
    pairs = compositions(decompositions)
    seconds = {b for _, b in pairs} | set(range(0x1161, 0x1176)) | set(range(0x11A8, 0x11C3))
    flags, lower, marks = [0] * 0x110000, {}, {}
    for c in CODE_POINTS:
        s = chr(c)
        bits = python_bits(c) | clip_bits(clip, c)
        bits |= sum(BIT[n] for n, p in split.items() if rust_class(p, c, " " if n == "rust_other" else "\x00"))
        bits |= BIT["rust_space"] * (space.normalize_str(s) != s)
        rust_lower = RUST_LOWER.normalize_str(s)
        bits |= BIT["rust_lower"] * (rust_lower != s)
        if bits & (BIT["py_lower"] | BIT["rust_lower"]):
            lower[c] = rust_lower if bits & BIT["rust_lower"] else s.lower()
            assert not (bits & BIT["py_lower"]) or s.lower() == lower[c], hex(c)
        combining = unicodedata.combining(s)
        if combining:
            marks[c] = combining
            bits |= BIT["py_mark"] | BIT["rust_mark"] * (rust_has_mark(c) if c not in decompositions else True)
        bits |= BIT["decomposes"] * (c in decompositions)
        if combining or c in seconds or unicodedata.normalize("NFC", s) != s:
            bits |= BIT["nfc_check"]
        flags[c] = bits
    check_rust(decompositions, marks)
    return flags, lower, marks, decompositions, pairs


def check_rust(decompositions, marks):
    """The one pair and the marks (bit rust_mark) in which the Rust library differs are known; anything else stops the generator."""
    for c in decompositions:
        d = unicodedata.normalize("NFD", chr(c))
        same = RUST_NFC.normalize_str(d) == unicodedata.normalize("NFC", d)
        assert same != (c == 0x11938), hex(c)
    for c in CODE_POINTS:
        if c not in decompositions and c not in marks and not 0xAC00 <= c < 0xD7A4:
            assert not rust_has_mark(c), hex(c)


def trie(flags):
    records = sorted(set(flags))
    index = {r: i for i, r in enumerate(records)}
    blocks, block_index, stage1 = [], {}, []
    for start in range(0, 0x110000, BLOCK):
        block = tuple(index[f] for f in flags[start:start + BLOCK])
        stage1.append(block_index.setdefault(block, len(block_index)))
        if len(block_index) > len(blocks):
            blocks.append(block)
    assert len(records) < 256
    return records, stage1, [v for b in blocks for v in b]


def main():
    flags, lower, marks, decompositions, pairs = collect()
    records, stage1, stage2 = trie(flags)
    assert all(len(v) == 1 for c, v in lower.items() if c != 0x130)
    body = emit.array("uint32_t", "kUnicodeRecords", records)
    body += emit.array("uint16_t", "kUnicodeStage1", stage1)
    body += emit.array("uint8_t", "kUnicodeStage2", stage2)
    body += "// {code point, lower case}; U+0130 alone has a second one, U+0307\n"
    body += f"extern const size_t kUnicodeLowerCount = {len(lower)};\n"
    body += emit.array("UnicodePair", "kUnicodeLower", emit.braces((c, ord(v[0])) for c, v in sorted(lower.items())))
    body += "// {code point, canonical combining class}\n"
    body += f"extern const size_t kUnicodeMarkCount = {len(marks)};\n"
    body += emit.array("UnicodePair", "kUnicodeMarks", emit.braces(sorted(marks.items())))
    body += "// {code point, first part, second part or 0}\n"
    body += f"extern const size_t kUnicodeDecompositionCount = {len(decompositions)};\n"
    body += emit.array("UnicodeTriple", "kUnicodeDecompositions",
                       emit.braces([c, p[0], p[1] if len(p) > 1 else 0] for c, p in sorted(decompositions.items())))
    body += "// {first part, second part, code point}\n"
    body += f"extern const size_t kUnicodeCompositionCount = {len(pairs)};\n"
    body += emit.array("UnicodeTriple", "kUnicodeCompositions", emit.braces([a, b, c] for (a, b), c in sorted(pairs.items())))
    emit.write(sys.argv[1], "unicode_tables.py", emit.versions("regex", "tokenizers"), ['"text/unicode_tables.h"'], body)
    print(len(records), "records", len(stage2) // BLOCK, "blocks")


if __name__ == "__main__":
    main()
