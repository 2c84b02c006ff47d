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
// Ali Farhadi, Ludwig Schmidt), as the JSON that open_clip_config.json has under model_cfg, and the preprocessing of their
// pretrained tags (open_clip/pretrained.py).
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


def preprocess(name):
    """The different preprocess_cfg of the pretrained tags, each with its tags."""
    groups = {}
    for tag in open_clip.list_pretrained_tags_by_model(name):
        cfg = open_clip.get_pretrained_cfg(name, tag)
        kept = {key: cfg[key] for key in ("mean", "std", "interpolation", "resize_mode")}
        kept["quick_gelu"] = bool(cfg.get("quick_gelu", False))
        groups.setdefault(json.dumps(kept, sort_keys=True), []).append(tag)
    return [dict(json.loads(key), tags=tags) for key, tags in groups.items()]


def compact(value):
    return wrap(json.dumps(value, sort_keys=True, separators=(",", ":")))


def rows():
    folder = pathlib.Path(open_clip.__file__).parent / "model_configs"
    for path in sorted(folder.glob("*.json"), key=lambda p: p.stem):
        yield f'    {{"{path.stem}", R"({compact(json.loads(path.read_text()))})",\n     R"({compact(preprocess(path.stem))})"}},\n'


print(HEAD % open_clip.__version__ + "".join(rows()) + TAIL, end="")
