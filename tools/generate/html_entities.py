#!/usr/bin/env python3
"""src/text/generated/html_entities.cpp: the named character references of HTML5 as Python's html module has them, and the upper-cased ones
that ftfy adds.

usage: html_entities.py OUTPUT.cpp   (needs ftfy)
"""
import html.entities
import sys

from ftfy.chardata import HTML_ENTITIES

import emit


def table(name, entities):
    """Names in one string, sorted as bytes, and for each its place there and up to three code points."""
    names = sorted(entities)
    blob, rows = "", []
    for n in names:
        points = [ord(c) for c in entities[n]]
        assert 1 <= len(points) <= 3 and n.isascii()
        rows.append((len(blob), len(n), "{" + ", ".join(map(str, points)) + "}"))
        blob += n
    lines = "\n".join(f'    "{blob[i:i + 100]}"' for i in range(0, len(blob), 100))
    return (f"extern const size_t {name}Count = {len(rows)};\nextern const char {name}Names[] =\n{lines};\n"
            + emit.array("HtmlEntity", name + "Table", emit.braces(rows)))


def main():
    html5 = html.entities.html5
    extra = {k[1:]: v for k, v in HTML_ENTITIES.items() if k[1:] not in html5}
    assert all(HTML_ENTITIES["&" + k] == v for k, v in html5.items() if k.endswith(";"))
    body = table("kHtml5", html5) + table("kFtfyEntity", extra)
    emit.write(sys.argv[1], "html_entities.py", emit.versions("ftfy"), ['"text/html.h"'], body)


if __name__ == "__main__":
    main()
