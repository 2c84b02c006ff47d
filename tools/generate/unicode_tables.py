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
        "rust_space rust_letter rust_number rust_other py_lower rust_lower py_mark rust_mark decomposes nfc_check "
        "rust_white_space rust_bert_removed rust_bert_mark rust_bert_punctuation").split()
# Grapheme clusters (Unicode Standard Annex 29): one class in four bits above the others, in the order of GraphemeClass in
# src/text/unicode_tables.h. regex knows them; check_graphemes() asks the Rust library whether it agrees.
GRAPHEME_SHIFT = 28
GRAPHEME = ("Other", "Control", "Extend", "ZWJ", "SpacingMark", "Prepend", "Regional_Indicator", "ExtPict", "L", "V", "T", "LV", "LVT",
            "InCB=Consonant", "InCB=Linker", "Extend-InCB")
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


def bert_bits(tools, c):
    """What the Rust library's BertNormalizer and BertPreTokenizer make of one character."""
    clean, accents, words, bert = tools
    s = chr(c)
    white = len(words.pre_tokenize_str("a" + s + "a")) == 2
    return (BIT["rust_white_space"] * white | BIT["rust_bert_removed"] * (clean.normalize_str(s) == "")
            | BIT["rust_bert_mark"] * (accents.normalize_str(s) == "")
            | BIT["rust_bert_punctuation"] * (len(bert.pre_tokenize_str("a" + s + "a")) == 3))


def grapheme_patterns():
    gcb = [(i, r"\p{GCB=%s}" % n) for i, n in enumerate(GRAPHEME) if n in ("Control", "Extend", "ZWJ", "SpacingMark", "Prepend",
                                                                          "Regional_Indicator", "L", "V", "T", "LV", "LVT")]
    later = [(1, r"[\r\n]"), (7, r"\p{ExtPict}"), (13, r"\p{InCB=Consonant}"), (14, r"\p{InCB=Linker}"),
             (15, r"[\p{GCB=Extend}--[\p{InCB=Extend}\p{InCB=Linker}]]")]
    return [(i, regex.compile(p, regex.V1)) for i, p in gcb + later]


def grapheme_class(patterns, c):
    return max([i for i, p in patterns if p.match(chr(c))], default=0)


def check_graphemes(classes):
    """Precompiled replaces a whole cluster by what its first character becomes: with a -> X, joined characters vanish."""
    import tempfile
    from pathlib import Path
    import sentencepiece
    from sentencepiece import sentencepiece_model_pb2
    prepend = [c for c in CODE_POINTS if classes[c] == GRAPHEME.index("Prepend")]
    with tempfile.TemporaryDirectory() as folder:
        rules = Path(folder) / "rules.tsv"
        rules.write_text("61\t58\n" + "".join(f"{c:X}\t58\n" for c in prepend))
        (Path(folder) / "text").write_text("abc\nbcd\nabd cab bad\n" * 10)
        sentencepiece.SentencePieceTrainer.train(input=f"{folder}/text", model_prefix=f"{folder}/m", vocab_size=12, minloglevel=2,
                                                 normalization_rule_tsv=str(rules), hard_vocab_limit=False)
        proto = sentencepiece_model_pb2.ModelProto.FromString((Path(folder) / "m.model").read_bytes())
    precompiled = normalizers.Precompiled(proto.normalizer_spec.precompiled_charsmap)
    joins = {GRAPHEME.index(n) for n in ("Extend", "ZWJ", "SpacingMark", "InCB=Linker", "Extend-InCB")}
    different = [c for c in CODE_POINTS if c and c not in (0x61, *prepend)
                 and (precompiled.normalize_str("a" + chr(c)) == "X") != (classes[c] in joins)]
    different += [c for c in prepend if precompiled.normalize_str(chr(c) + "b") != "X"]
    print("grapheme classes that the Rust library has otherwise:", [hex(c) for c in different])
    return different


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
    bert = (normalizers.BertNormalizer(True, False, False, False), normalizers.BertNormalizer(False, False, True, False),
            pre_tokenizers.WhitespaceSplit(), pre_tokenizers.BertPreTokenizer())
    graphemes = grapheme_patterns()
    decompositions = {c: canonical(c) for c in CODE_POINTS if canonical(c)}
    pairs = compositions(decompositions)
    seconds = {b for _, b in pairs} | set(range(0x1161, 0x1176)) | set(range(0x11A8, 0x11C3))
    flags, lower, marks = [0] * 0x110000, {}, {}
    for c in CODE_POINTS:
        s = chr(c)
        bits = python_bits(c) | clip_bits(clip, c)
        bits |= sum(BIT[n] for n, p in split.items() if rust_class(p, c, " " if n == "rust_other" else "\x00"))
        bits |= BIT["rust_space"] * (space.normalize_str(s) != s)
        bits |= bert_bits(bert, c) | grapheme_class(graphemes, c) << GRAPHEME_SHIFT
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
    for c in check_graphemes([f >> GRAPHEME_SHIFT for f in flags]):  # a newer Unicode than the Rust library's: no mark to it
        assert flags[c] >> GRAPHEME_SHIFT in (2, 4, 5, 14, 15), hex(c)
        flags[c] &= (1 << GRAPHEME_SHIFT) - 1
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
