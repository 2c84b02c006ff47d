"""CLIP's byte pair encoding cut to its first merges.

open_clip's SimpleTokenizer builds its vocabulary as 256 bytes, 256 bytes with </w>, one id per merge, SOT, EOT;
a merges file with fewer lines gives the same construction with fewer ids. merges.txt starts with a version line.
"""
import functools
import gzip
from pathlib import Path

import open_clip.tokenizer

from common import CACHE


def vocabulary_size(merges):
    return 512 + merges + 2


def merges_text(count):
    full = Path(open_clip.tokenizer.__file__).parent / "bpe_simple_vocab_16e6.txt.gz"
    lines = gzip.open(full).read().decode("utf-8").split("\n")
    return "\n".join(["#version: 0.2", *lines[1 : 1 + count]]) + "\n"


@functools.lru_cache(maxsize=2)
def tokenizer(count, context):
    """open_clip's tokenizer over the cut merges (it reads gzip and takes 48,894 merges or all that there are)."""
    path = CACHE / f"merges-{count}.txt.gz"
    if not path.exists():
        with gzip.open(path, "wt", encoding="utf-8") as file:
            file.write(merges_text(count).rstrip("\n"))
    return open_clip.tokenizer.SimpleTokenizer(bpe_path=str(path), context_length=context)
