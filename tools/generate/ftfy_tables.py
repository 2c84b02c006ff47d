#!/usr/bin/env python3
"""src/text/generated/ftfy_tables.cpp: what ftfy knows about characters, extracted from the installed package.

- its heuristic for mojibake (one regular expression of fixed sequences of character classes) as masks for a bit-parallel automaton
- the characters that its detector of embedded UTF-8 looks for
- its single-byte encodings
- ligatures and width forms that it replaces

usage: ftfy_tables.py OUTPUT.cpp   (needs ftfy)
"""
import re
import sys

try:
    from re import _constants as c, _parser as parser
except ImportError:
    import sre_constants as c
    import sre_parse as parser

from ftfy import badness, chardata

import emit

NOTICE = """
The tables were extracted from ftfy (https://github.com/rspeer/python-ftfy), Copyright 2023 Robyn Speer, licensed under the Apache
License, Version 2.0 (http://www.apache.org/licenses/LICENSE-2.0); they are changed in form: regular expressions became masks.
"""
ALL = [p for p in range(0x110000) if not 0xD800 <= p < 0xE000]
START = "start of the text"


def char_set(node):
    """One element of a sequence as a frozenset of (kind, ...) items, negated or not: hashable, and decidable for any character."""
    op, argument = node
    if op is c.LITERAL:
        return (False, frozenset([("range", argument, argument)]))
    if op is c.NOT_LITERAL:
        return (True, frozenset([("range", argument, argument)]))
    if op is c.ANY:
        return (True, frozenset([("range", 10, 10)]))
    assert op is c.IN, op
    items, negate = [], False
    for kind, value in argument:
        if kind is c.NEGATE:
            negate = True
        elif kind is c.LITERAL:
            items.append(("range", value, value))
        elif kind is c.RANGE:
            items.append(("range", *value))
        else:
            assert kind is c.CATEGORY and value in (c.CATEGORY_SPACE, c.CATEGORY_WORD), (kind, value)
            items.append(("space",) if value is c.CATEGORY_SPACE else ("word",))
    return (negate, frozenset(items))


def expand(nodes):
    """All fixed sequences that the parsed expression stands for."""
    sequences = [[]]
    for op, argument in nodes:
        if op is c.BRANCH:
            tails = [t for branch in argument[1] for t in expand(branch)]
        elif op is c.SUBPATTERN:
            tails = expand(argument[-1])
        elif op is c.MAX_REPEAT:
            low, high, inner = argument
            assert (low, high) == (0, 1)
            tails = [[]] + expand(inner)
        elif op is c.AT:
            assert argument is c.AT_BEGINNING
            tails = [[START]]
        else:
            tails = [[char_set((op, argument))]]
        sequences = [s + t for s in sequences for t in tails]
    return sequences


def contains(char_class, p):
    negate, items = char_class
    s = chr(p)
    inside = any((i[0] == "range" and i[1] <= p <= i[2]) or (i[0] == "space" and s.isspace()) or
                 (i[0] == "word" and (s.isalnum() or s == "_")) for i in items)
    return inside != negate


def lay_out(sequences):
    """Places each sequence in one 64-bit word; returns the words as lists of (sequence, first bit)."""
    words = []
    for sequence in sorted(sequences, key=len, reverse=True):
        need = len([e for e in sequence if e != START])
        for word in words:
            if word["used"] + need <= 64:
                break
        else:
            word = {"used": 0, "places": []}
            words.append(word)
        word["places"].append((sequence, word["used"]))
        word["used"] += need
    return words


def badness_masks(words, p):
    """The bits whose element accepts character p, for each word."""
    masks = []
    for word in words:
        mask = 0
        for sequence, bit in word["places"]:
            for i, element in enumerate(e for e in sequence if e != START):
                mask |= contains(element, p) << (bit + i)
        masks.append(mask)
    return tuple(masks)


def constant_masks(words):
    first = [sum(1 << bit for _, bit in w["places"]) for w in words]
    start = [sum(1 << bit for s, bit in w["places"] if START not in s) for w in words]
    final = [sum(1 << (bit + len([e for e in s if e != START]) - 1) for s, bit in w["places"]) for w in words]
    return first, start, final


def hexes(values):
    return ["{" + ", ".join(f"{v:#x}" for v in row) + "}" for row in values]


def badness_tables():
    sequences = expand(parser.parse(badness.BADNESS_RE.pattern, badness.BADNESS_RE.flags))
    unique = []
    for s in sequences:
        assert START not in s[1:]
        if s not in unique:
            unique.append(s)
    words = lay_out(unique)
    explicit = {p for s in unique for e in s if e != START for i in e[1] if i[0] == "range" for p in range(i[1], i[2] + 1)}
    # Characters that no class names differ only in being white space or part of a word.
    others = {"other": 0xE000, "word": 0x4E00, "space": 0x3000}
    assert not explicit & set(others.values())
    classes, rows = [], {}
    for name in ("other", "word", "space"):
        classes.append(badness_masks(words, others[name]))
    for p in sorted(explicit):
        masks = badness_masks(words, p)
        if masks not in classes:
            classes.append(masks)
        rows[p] = classes.index(masks)
    return words, classes, rows, len(unique)


def clue_bits():
    names = ["utf8_first_of_2", "utf8_first_of_3", "utf8_first_of_4", "utf8_continuation", "utf8_continuation_strict"]
    patterns = [re.compile(f"[{chardata.UTF8_CLUES[n]}]") for n in names]
    bits = {}
    for p in ALL:
        mask = sum(1 << i for i, pattern in enumerate(patterns) if pattern.match(chr(p)))
        if mask:
            bits[p] = mask
    return bits


def encodings():
    """code point -> its byte in each encoding (0: none), for everything but ASCII; byte 1A is told apart by code."""
    rows = {}
    for i, name in enumerate(chardata.CHARMAP_ENCODINGS):
        for p in ALL:
            if p < 0x80:
                possible = chardata.possible_encoding(chr(p), name)
                assert possible == (p != 0x1A or not name.startswith("sloppy")), (name, p)
                assert not possible or chr(p).encode(name) == bytes([p])
            elif p <= 0xFFFF and chardata.possible_encoding(chr(p), name):
                rows.setdefault(p, [0] * len(chardata.CHARMAP_ENCODINGS))[i] = chr(p).encode(name)[0]
    assert all(any(r) for r in rows.values())
    return rows


def replacements():
    rows = {k: v for k, v in chardata.LIGATURES.items()}
    rows.update(chardata.WIDTH_MAP)
    assert not any(ord(x) in rows for v in rows.values() for x in v) and all(len(v) <= 3 for v in rows.values())
    return rows


def main():
    words, classes, rows, count = badness_tables()
    clues = clue_bits()
    first, start, final = constant_masks(words)
    every = sorted(set(rows) | set(clues))
    generic = {p: (2 if chr(p).isspace() else 1 if chr(p).isalnum() or p == 95 else 0) for p in every}
    body = f"// {count} sequences in {len(words)} words\n"
    body += "".join(f"extern const uint64_t kBadness{n}[kBadnessWords] = {v};\n" for n, v in
                    zip(("First", "Start", "Final"), hexes([first, start, final])))
    body += f"static_assert(kBadnessWords == {len(words)});\n"
    body += "// by class of character; 0, 1, 2: not in the table below and neither part of a word nor space, word, space\n"
    body += emit.array("uint64_t", f"kBadnessMasks[{len(classes)}]", hexes(classes)).replace(f"[{len(classes)}][{len(classes)}]", f"[{len(classes)}][kBadnessWords]")
    body += f"// code point, class, clue bits\nextern const size_t kFtfyCharCount = {len(every)};\n"
    body += emit.array("FtfyChar", "kFtfyChars", emit.braces((p, rows.get(p, generic[p]), clues.get(p, 0)) for p in every))
    encoded = encodings()
    body += f"// code point, its byte in each encoding of kFtfyEncodings\nextern const size_t kFtfyEncodedCount = {len(encoded)};\n"
    body += emit.array("FtfyEncoded", "kFtfyEncoded", [f"{{{p}, {{{', '.join(map(str, b))}}}}}" for p, b in sorted(encoded.items())])
    c1 = [bytes([b]).decode("sloppy-windows-1252") for b in range(0x80, 0xA0)]
    body += "// windows-1252 of bytes 80..9F; a byte that it does not define is itself\n"
    body += emit.array("uint16_t", "kWindows1252", [ord(x) for x in c1])
    table = replacements()
    body += f"// code point, what replaces it (0: nothing more)\nextern const size_t kFtfyReplacementCount = {len(table)};\n"
    body += emit.array("FtfyReplacement", "kFtfyReplacements",
                       [f"{{{p}, {{{', '.join(str(ord(x)) for x in v)}}}}}" for p, v in sorted(table.items())])
    names = ", ".join(chardata.CHARMAP_ENCODINGS)
    body += f"// encodings, in the order in which ftfy tries them: {names}\n"
    emit.write(sys.argv[1], "ftfy_tables.py", emit.versions("ftfy"), ['"text/ftfy_tables.h"'], body, NOTICE)
    print(count, "sequences,", len(words), "words,", len(classes), "classes,", len(every), "characters")


if __name__ == "__main__":
    main()
