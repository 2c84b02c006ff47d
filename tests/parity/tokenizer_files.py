"""Tokenizer files of the kinds and sizes that the model families use, made here because the real ones cannot be committed.

Every family is a folder as transformers or open_clip would load it. The pieces come from a file of pieces (Gemma's, one JSON list,
where it is there), else from the words of Python's own library: what matters is the kind of file, the size and the scripts in it.

usage: tokenizer_files.py FOLDER [--pieces siglip2_vocab.json] [--small]
"""
import argparse
import inspect
import json
import random
import sys
import sysconfig
import tempfile
from pathlib import Path

import sentencepiece
from sentencepiece import sentencepiece_model_pb2 as spm

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "text"))
from text_cases import CAPTIONS, SENTENCES  # noqa: E402

MARK = "\u2581"
CODES = ["ace_Arab", "deu_Latn", "eng_Latn", "fra_Latn", "jpn_Jpan", "zho_Hans"]


def words_of_library():
    text = []
    for path in sorted(Path(sysconfig.get_path("stdlib")).glob("*.py"))[:120]:
        text.append(path.read_text(errors="ignore"))
    return text


def pieces_of(path, count, seed):
    """Normal pieces (no specials, no bytes), most useful first, every caption's characters among them."""
    r, seen, out = random.Random(seed), set(), []

    def put(piece):
        if piece and piece not in seen and "\x00" not in piece and " " not in piece and not piece.startswith("<"):
            seen.add(piece)
            out.append(piece)
    for sentence in CAPTIONS + SENTENCES:
        for c in sentence:
            put(c)
    put(MARK)
    if path:
        source = [p for p in json.loads(Path(path).read_text())[260:] if p.strip("\n\t ") == p and p]
    else:
        source = [w[i:j] for t in words_of_library() + SENTENCES * 3 for w in (MARK + t.replace(" ", " " + MARK)).split()[:4000]
                  for i in range(0, min(len(w), 12)) for j in range(i + 1, min(len(w), i + 9) + 1)]
    for piece in source:
        if len(out) >= count:
            break
        put(piece.lower() if r.random() < 0.3 else piece)
    while len(out) < count:
        put(r.choice(source) + r.choice(source))
    return out[:count]


def charsmap(rule):
    """sentencepiece's own precompiled table of a named rule, or of {from: to}, out of a model trained for it."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "text").write_text("a small text\nof some words\n" * 20)
        options = {"normalization_rule_name": rule}
        if isinstance(rule, dict):
            points = lambda text: " ".join(f"{ord(c):X}" for c in text)  # noqa: E731
            (Path(folder) / "rules.tsv").write_text("".join(f"{points(a)}\t{points(b)}\n" for a, b in rule.items()))
            options = {"normalization_rule_tsv": f"{folder}/rules.tsv"}
        sentencepiece.SentencePieceTrainer.train(input=f"{folder}/text", model_prefix=f"{folder}/m", vocab_size=22, minloglevel=2,
                                                 hard_vocab_limit=False, **options)
        return spm.ModelProto.FromString((Path(folder) / "m.model").read_bytes()).normalizer_spec


def spiece(specials, pieces, kind="unigram", rule="nmt_nfkc", seed=1, tail=(), byte_fallback=False, dummy_prefix=True):
    """specials: [(text, type)] from id 0. Unigram scores fall with the rank, ties and noise among them; BPE scores are ranks."""
    r, proto = random.Random(seed), spm.ModelProto()
    types = {"normal": 1, "unknown": 2, "control": 3, "user": 4, "byte": 6}
    for text, name in specials:
        proto.pieces.add(piece=text, score=0.0, type=types[name])
    for rank, piece in enumerate(pieces):
        score = -float(rank) if kind == "bpe" else -3.0 - len(pieces) ** 0.2 - 12.0 * (rank / len(pieces)) ** 0.5 - r.random()
        if kind != "bpe":
            score = score * 0.6 - 2.4 if len(piece) == 1 else round(score, 2) - 0.2 / len(piece)
        proto.pieces.add(piece=piece, score=score, type=1)
    for text in tail:
        proto.pieces.add(piece=text, score=0.0, type=4)
    trainer, normalizer = proto.trainer_spec, proto.normalizer_spec
    trainer.model_type = 2 if kind == "bpe" else 1
    trainer.vocab_size = len(proto.pieces)
    trainer.byte_fallback = byte_fallback
    for i, (text, name) in enumerate(specials):
        if name == "unknown":
            trainer.unk_id, trainer.unk_piece = i, text
    if rule:
        normalizer.CopyFrom(charsmap(rule))
        normalizer.ClearField("normalization_rule_tsv")  # a path
    else:
        normalizer.name = "identity"
    normalizer.add_dummy_prefix = dummy_prefix
    return proto.SerializeToString()


def write(folder, **files):
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        name = name.replace("__", ".").replace("_dot_", ".")
        path = folder / name
        path.write_bytes(content) if isinstance(content, bytes) else path.write_text(content)
    return folder


def settings(name, **more):
    return json.dumps({"tokenizer_class": name, **more})


def saved(folder, source, **kwargs):
    """The same tokenizer as save_pretrained writes it: tokenizer.json."""
    from transformers import AutoTokenizer
    AutoTokenizer.from_pretrained(source, **kwargs).save_pretrained(folder)
    return folder


def make(root, pieces_file, limit=0, rule="nmt_nfkc"):
    """limit: pieces of a family at most; 0: as many as the real ones have."""
    n = (lambda size: min(size, limit)) if limit else (lambda size: size)
    t5 = [("<pad>", "control"), ("</s>", "control"), ("<unk>", "unknown")]
    c4 = spiece(t5, pieces_of(pieces_file, n(31997), 1), seed=1, rule=rule)
    write(root / "siglip", spiece__model=c4, tokenizer_config__json=settings("SiglipTokenizer"), config__json='{"model_type": "siglip"}')
    write(root / "t5_c4", spiece__model=c4, tokenizer_config__json=settings("T5Tokenizer", extra_ids=0, pad_token="</s>"))
    saved(root / "t5_c4_json", root / "t5_c4")
    mc4 = spiece(t5, pieces_of(pieces_file, n(250000), 2), seed=2, rule=rule)
    write(root / "mt5", spiece__model=mc4, tokenizer_config__json=settings("T5Tokenizer"))
    saved(root / "mt5_json", root / "mt5")
    fairseq = [("<unk>", "unknown"), ("<s>", "control"), ("</s>", "control")]
    write(root / "xlm_roberta", sentencepiece__bpe__model=spiece(fairseq, pieces_of(pieces_file, n(249997), 3), seed=3, rule=rule),
          tokenizer_config__json=settings("XLMRobertaTokenizer"))
    saved(root / "xlm_roberta_json", root / "xlm_roberta")
    write(root / "xlm_v", sentencepiece__bpe__model=spiece(fairseq, pieces_of(pieces_file, n(901624), 6), seed=6, rule=rule),
          tokenizer_config__json=settings("XLMRobertaTokenizer"))
    make_bpe(root, pieces_file, n, rule)
    make_words(root, pieces_file, n)


def make_bpe(root, pieces_file, n, rule):
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
    from transformers.tokenization_utils_base import generate_merges
    fairseq = [("<unk>", "unknown"), ("<s>", "control"), ("</s>", "control")]
    write(root / "nllb_spiece", sentencepiece__bpe__model=spiece(fairseq, pieces_of(pieces_file, n(255997), 4), "bpe", seed=4, rule=rule),
          tokenizer_config__json=settings("NllbTokenizer", extra_special_tokens=CODES))
    saved(root / "nllb", root / "nllb_spiece")
    # Gemma: pieces in the order of their ids, bytes among them
    specials = ["<pad>", "<eos>", "<bos>", "<unk>", "<mask>"] + [f"<unused{i}>" for i in range(7)]
    if pieces_file:
        pieces = json.loads(Path(pieces_file).read_text())[:n(256000)]
        added = [p for p in pieces[:260] if p.startswith("<") and not p.startswith("<0x")]
    else:
        pieces = specials + [f"<0x{b:02X}>" for b in range(256)] + pieces_of(None, max(n(256000) - 268, 300), 5)
        added = specials
    vocab = {p: i for i, p in enumerate(pieces)}
    tokenizer = Tokenizer(models.BPE(vocab=vocab, merges=generate_merges(vocab), unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    tokenizer.normalizer = normalizers.Replace(" ", MARK)
    tokenizer.pre_tokenizer = pre_tokenizers.Split(" ", "merged_with_previous")
    tokenizer.decoder = decoders.Sequence([decoders.Replace(MARK, " "), decoders.ByteFallback(), decoders.Fuse()])
    tokenizer.post_processor = processors.TemplateProcessing(single="$A:0 <eos>:0", pair="$A:0 <eos>:0 $B:1 <eos>:1",
                                                             special_tokens=[("<eos>", 1)])
    tokenizer.add_special_tokens(added)
    gemma = settings("GemmaTokenizer", padding_side="right", add_bos_token=False, add_eos_token=True)
    write(root / "gemma", tokenizer__json=tokenizer.to_str(), tokenizer_config__json=gemma)
    write(root / "siglip2", tokenizer__json=tokenizer.to_str(), tokenizer_config__json=gemma, config__json='{"model_type": "siglip2"}')
    write(root / "gemma_left", tokenizer__json=tokenizer.to_str(), tokenizer_config__json=settings("GemmaTokenizer"))
    write(root / "verbatim_bpe", tokenizer__json=tokenizer.to_str(),
          tokenizer_config__json=settings("PreTrainedTokenizerFast", pad_token="<pad>", eos_token="<eos>", unk_token="<unk>"))


def make_words(root, pieces_file, n):
    from tokenizers import ByteLevelBPETokenizer
    words = [p for p in pieces_of(pieces_file, n(60000), 6)]
    lower = [w.lower().strip(MARK) for w in words]
    characters = sorted({c for w in lower for c in w})[:6000]
    vocab = ["[PAD]"] + [f"[unused{i}]" for i in range(99)] + ["[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    seen = set(vocab)
    for piece in characters + ["##" + c for c in characters] + [(w if i % 3 else "##" + w) for i, w in enumerate(lower)]:
        if len(vocab) < n(30522) and piece and piece not in seen and piece.isprintable() and piece.split() == [piece]:
            seen.add(piece)
            vocab.append(piece)
    text = "\n".join(vocab) + "\n"
    write(root / "bert", vocab__txt=text, tokenizer_config__json=settings("BertTokenizer", do_lower_case=True))
    saved(root / "bert_json", root / "bert")
    write(root / "bert_cased", vocab__txt=text, tokenizer_config__json=settings("BertTokenizer", do_lower_case=False))
    write(root / "chinese_clip", vocab__txt=text, tokenizer_config__json=settings("BertTokenizer"), config__json='{"model_type": "chinese_clip"}')
    tokenizer = ByteLevelBPETokenizer()
    corpus = CAPTIONS * 3 + SENTENCES * 3 + [" ".join(words[i:i + 8]).replace(MARK, " ") for i in range(0, len(words), 8)]
    tokenizer.train_from_iterator(corpus, vocab_size=n(50265), min_frequency=1, show_progress=False,
                                  special_tokens=["<s>", "<pad>", "</s>", "<unk>", "<mask>"])
    folder = write(root / "roberta", tokenizer_config__json=settings("RobertaTokenizer"))
    tokenizer.save_model(str(folder))
    saved(root / "roberta_json", folder)


def main():
    parser = argparse.ArgumentParser(description=inspect.cleandoc(__doc__))
    parser.add_argument("folder", type=Path)
    parser.add_argument("--pieces", help="a JSON list of pieces by id")
    parser.add_argument("--small", action="store_true")
    a = parser.parse_args()
    make(a.folder, a.pieces, 4000 if a.small else 0)


if __name__ == "__main__":
    main()
