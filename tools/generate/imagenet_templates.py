#!/usr/bin/env python3
"""src/apps/generated/imagenet_templates.cpp: OpenAI's 80 prompt templates of ImageNet and the 7 best of them.

They are those of CLIP's notebook "Prompt Engineering for ImageNet", published by OpenAI under the MIT licence; read from open_clip.

usage: imagenet_templates.py OUTPUT.cpp   (needs open_clip_torch)
"""
import sys

import open_clip

import emit
from clip_merges import NOTICE


def table(name, templates):
    return f"extern const char* const {name}[{len(templates)}] = {{\n" + "".join(f'    "{t("{}")}",\n' for t in templates) + "};\n"


def main():
    assert len(open_clip.OPENAI_IMAGENET_TEMPLATES) == 80 and len(open_clip.SIMPLE_IMAGENET_TEMPLATES) == 7
    notice = NOTICE.replace("The merges are those of CLIP's vocabulary (bpe_simple_vocab_16e6.txt.gz), distributed with open_clip under this licence:",
                            "The templates are OpenAI's, as distributed with open_clip under this licence:")
    assert "templates" in notice
    body = table("kImagenetTemplates", open_clip.OPENAI_IMAGENET_TEMPLATES) + table("kBestImagenetTemplates", open_clip.SIMPLE_IMAGENET_TEMPLATES)
    emit.write(sys.argv[1], "imagenet_templates.py", emit.versions("open_clip_torch"), ['"apps/imagenet_templates.h"'], body, notice)


if __name__ == "__main__":
    main()
