#!/usr/bin/env python3
"""Writes src/convert/arch_table.cpp from the model_configs/*.json of an installed open_clip_torch (MIT licence).

Run by hand when open_clip brings new architectures: python3 tools/arch_table/make_arch_table.py > src/convert/arch_table.cpp
"""
import json
import pathlib

import open_clip

HEAD = """// Made by tools/arch_table/make_arch_table.py from open_clip_torch %s: do not edit.
// The architectures that open_clip knows by name (open_clip/model_configs; MIT License, Copyright (c) 2012-2021 Gabriel Ilharco,
// Mitchell Wortsman, Nicholas Carlini, Rohan Taori, Achal Dave, Vaishaal Shankar, John Miller, Hongseok Namkoong, Hannaneh Hajishirzi,
// Ali Farhadi, Ludwig Schmidt), as the JSON that open_clip_config.json has under model_cfg.
#include "convert/arch_table.h"

namespace simdclip {
namespace {

constexpr ArchEntry kArchs[] = {
"""
TAIL = """};

}  // namespace

std::span<const ArchEntry> arch_table() noexcept { return kArchs; }

}  // namespace simdclip
"""


def wrap(text, width=100):
    """Breaks after commas: white space between JSON's tokens means nothing."""
    lines, line = [], ""
    for part in text.split(","):
        part = part if line == "" and not lines else "," + part
        if len(line) + len(part) > width:
            lines.append(line)
            line = ""
        line += part
    return "\n".join(lines + [line])


def rows():
    folder = pathlib.Path(open_clip.__file__).parent / "model_configs"
    for path in sorted(folder.glob("*.json"), key=lambda p: p.stem):
        text = json.dumps(json.loads(path.read_text()), sort_keys=True, separators=(",", ":"))
        yield f'    {{"{path.stem}", R"({wrap(text)})"}},\n'


print(HEAD % open_clip.__version__ + "".join(rows()) + TAIL, end="")
