#!/usr/bin/env python3
"""Holds every family's tokenizer against transformers' AutoTokenizer and open_clip's HFTokenizer: ids of made-up strings, padded and
cut to the context. Run by hand; ctest needs no Python.

usage: compare_tokenizers.py DRIVER FOLDER [--count N] [--seed S] [--only REGEX] [--pieces siglip2_vocab.json] [--small] [--results FILE]
DRIVER is the built tokenizer_driver; text_driver beside it has CLIP's two dialects. FOLDER is filled by tokenizer_files.py where it is
empty. FILE (JSON) takes the rows, for models.py. Exit status 1 if anything differs.
"""
import argparse
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"
HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "text")]

import ftfy  # noqa: E402,F401  registers the sloppy codecs
from text_cases import Cases  # noqa: E402

MARK = "\u2581"
# name, folder, reference, context; of open_clip: name of the tokenizer, clean, strip_sep
ROWS = [("CLIP", "clip", "clip", 77, "open_clip"), ("CLIP", "clip", "clip", 77, "transformers"), ("Long-CLIP", "clip", "clip", 248, "open_clip"),
        ("SigLIP", "siglip", "transformers", 64), ("T5 (c4-en)", "t5_c4", "transformers", 64), ("T5 (tokenizer.json)", "t5_c4_json", "transformers", 64),
        ("mT5", "mt5", "transformers", 77), ("mT5 (tokenizer.json)", "mt5_json", "transformers", 77),
        ("XLM-RoBERTa", "xlm_roberta", "transformers", 77), ("XLM-RoBERTa (tokenizer.json)", "xlm_roberta_json", "transformers", 77),
        ("NLLB", "nllb", "transformers", 77), ("NLLB (sentencepiece)", "nllb_spiece", "transformers", 77),
        ("Gemma", "gemma", "transformers", 64), ("Gemma, padded left", "gemma_left", "transformers", 64),
        ("SigLIP 2", "siglip2", "transformers", 64), ("tokenizer.json as it is", "verbatim_bpe", "transformers", 64),
        ("BERT", "bert", "transformers", 52), ("BERT (tokenizer.json)", "bert_json", "transformers", 52),
        ("BERT, cased", "bert_cased", "transformers", 77), ("ChineseCLIP", "chinese_clip", "transformers", 52),
        ("RoBERTa", "roberta", "transformers", 77), ("RoBERTa (tokenizer.json)", "roberta_json", "transformers", 77),
        ("open_clip SigLIP", "t5_c4", "open_clip", 64, "timm/ViT-B-16-SigLIP", "canonicalize"),
        ("open_clip SigLIP i18n", "mt5_json", "open_clip", 64, "timm/ViT-B-16-SigLIP-i18n-256", "canonicalize"),
        ("open_clip SigLIP2", "gemma", "open_clip", 64, "timm/ViT-B-16-SigLIP2", "canonicalize"),
        ("open_clip CLIPA", "bert", "open_clip", 32, "bert-base-uncased", "", True),
        ("open_clip mt5", "mt5", "open_clip", 77, "google/mt5-base", ""),
        ("open_clip worldwide", "xlm_roberta", "open_clip", 77, "facebook/xlm-v-base", ""),
        ("open_clip worldwide, XLM-V", "xlm_v", "open_clip", 77, "facebook/xlm-v-base", ""),
        ("open_clip roberta", "roberta", "open_clip", 77, "roberta-base", ""),
        ("open_clip nllb", "nllb", "open_clip", 77, "facebook/nllb-200-distilled-600M", "")]
SPECIALS = ["</s>", "<s>", "<pad>", "<unk>", "<mask>", "<eos>", "<bos>", "[SEP]", "[CLS]", "[PAD]", "[MASK]", "[UNK]", "<extra_id_7>", "eng_Latn",
            "deu_Latn", "<0x41>", "<unused3>", "##a", MARK, " ", "  ", "\t", "a", "Z", "é", "!", "_", "你好", "\u00a0", "\u3000", "dog", "</S>"]


class TokenizerCases(Cases):
    def __init__(self, seed):
        super().__init__(seed)
        self.kinds += [self.tokens, self.tokens, self.captions, self.captions, self.clusters, self.words]

    def tokens(self):
        return "".join(self.r.choice(SPECIALS) for _ in range(self.r.randint(1, 12)))

    def captions(self):
        return " ".join(self.caption() for _ in range(self.r.randint(1, 4)))

    def clusters(self):
        """Short grapheme clusters, which SentencePiece's table is asked about whole."""
        marks = "\u0300\u0301\u0345\u200d\u200c\ufe0f\u0600\u06dd\u093f\u094d\u0e33\u1f1e6\u0903\r\n"
        bases = "aeAﬁ½ⅷ①ｱﾞㇰ가가\u11a8क़\u0958ｆ№㌔™\u212b\u1e9b\u0344\u2126\u00a0\u3000©🇩🇪"
        return "".join(self.r.choice(self.r.choice([bases, bases, marks])) for _ in range(self.r.randint(1, 14)))

    def words(self):
        return self.r.choice(["", " ", "  "]).join(self.r.choice("aeiounrst") * self.r.randint(1, 3) for _ in range(self.r.randint(1, 40)))


def clip_reference(folder, dialect, context):
    """CLIP's own vocabulary, which open_clip carries; padded as the library does it."""
    from open_clip.tokenizer import SimpleTokenizer
    simple = SimpleTokenizer(context_length=context)
    if dialect == "open_clip":
        return lambda text: simple([text])[0].tolist(), simple.vocab_size
    import gzip
    import open_clip.tokenizer
    from transformers import CLIPTokenizer
    if not (folder / "vocab.json").exists():
        folder.mkdir(parents=True, exist_ok=True)
        names = {49406: "<|startoftext|>", 49407: "<|endoftext|>"}
        (folder / "vocab.json").write_text(json.dumps({names.get(i, t): i for t, i in simple.encoder.items()}))
        merges = gzip.open(open_clip.tokenizer.default_bpe()).read().decode().split("\n")[1:49152 - 256 - 2 + 1]
        (folder / "merges.txt").write_text("#version: 0.2\n" + "\n".join(merges) + "\n")
    tokenizer = CLIPTokenizer.from_pretrained(folder)
    return lambda text: tokenizer(text, padding="max_length", truncation=True, max_length=context)["input_ids"], len(tokenizer)


def reference(row, folder):
    context = row[3]
    if row[2] == "clip":
        return clip_reference(Path(folder), row[4], context)
    if row[2] == "open_clip":
        import functools
        import open_clip.tokenizer
        from open_clip.tokenizer import HFTokenizer
        if not hasattr(open_clip.tokenizer.basic_clean, "cache_info"):  # ftfy is the slowest part, and the same in every row
            open_clip.tokenizer.basic_clean = functools.lru_cache(None)(open_clip.tokenizer.basic_clean)
        kwargs = {"clean": row[5]} if row[5] else {}
        tokenizer = HFTokenizer(folder, context_length=context, strip_sep_token=len(row) > 6, **kwargs)
        return lambda text: tokenizer([text])[0].tolist(), len(tokenizer.tokenizer)
    from transformers import AutoTokenizer
    tokenizer = AutoTokenizer.from_pretrained(folder)
    return lambda text: tokenizer(text, padding="max_length", truncation=True, max_length=context)["input_ids"], len(tokenizer)


def compare(row, a, texts):
    from compare_python import drive
    folder = str(a.folder / row[1])
    encode, size = reference(row, folder)
    command = [a.driver, row[2], folder, str(size), str(row[3]), *(row[4:6] if row[2] == "open_clip" else []),
               *(["strip_sep"] if len(row) > 6 else [])]
    pad = None
    if row[2] == "clip":  # whose driver does not pad
        pad = 49407 if row[4] == "transformers" else 0
        command = [str(Path(a.driver).with_name("text_driver")), row[4], folder if pad else "", str(row[3])]
    different, started = 0, time.time()
    for text, ids in zip(texts, drive(command, texts)):
        want = encode(text.decode())
        if pad is not None:
            ids = ids + [pad] * (row[3] - len(ids))
        if ids == want:
            continue
        different += 1
        if different <= a.show:
            print(f"  DIFFERENT {text.decode()!r:.300}\n    want {want!s:.300}\n    got  {ids!s:.300}")
    timing = "" if row[2] == "clip" else subprocess.run([a.driver, "time", *command[2:5]], capture_output=True, text=True).stdout.strip()
    print(f"{row[0]:30} {size:7} ids  context {row[3]}  {len(texts)} strings, {different} different  ({time.time() - started:.0f} s)  {timing}", flush=True)
    return dict(name=row[0], reference=f"open_clip, {row[4]}" if row[2] == "open_clip" else row[4] if row[2] == "clip" else row[2], files=row[1], pieces=size,
                context=row[3], strings=len(texts), different=different, seed=a.seed)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("driver")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=10000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="")
    parser.add_argument("--pieces")
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--show", type=int, default=4)
    parser.add_argument("--results", type=Path, help="JSON of the rows: those of this run replace their own")
    a = parser.parse_args()
    if not a.folder.is_dir():
        import tokenizer_files
        tokenizer_files.make(a.folder, a.pieces, 4000 if a.small else 0)
    cases = TokenizerCases(a.seed)
    texts = [cases.one().decode("utf-8", errors="replace").encode() for _ in range(a.count)]
    rows = [row for row in ROWS if re.search(a.only, row[0], re.IGNORECASE)]
    failed = not rows
    for row in rows:
        found = compare(row, a, texts)
        failed |= found["different"] > 0
        if a.results:
            kept = json.loads(a.results.read_text()) if a.results.exists() else []
            same = [i for i, r in enumerate(kept) if (r["name"], r["reference"]) == (found["name"], found["reference"])]
            kept[same[0] if same else len(kept):same[0] + 1 if same else len(kept)] = [found]
            a.results.write_text(json.dumps(kept))
    sys.exit(failed)


if __name__ == "__main__":
    main()
