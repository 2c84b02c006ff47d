#!/usr/bin/env python3
"""Makes docs/models.md: every architecture of open_clip and every CLIP of transformers, what simdclip makes of it, and how near.

    python3 tests/parity/models.py --driver build/tests/parity/parity_towers --program build/tools/simdclip [--only NAME,...] > docs/models.md

For each open_clip architecture: its description goes through the converter's plan; with --schema, or where it is measured, the names and shapes of
the full model (without memory for its weights) go through its tables; and a full-size model with random peaky weights through converter and towers,
against PyTorch, where its weights fit --gigabytes. --results keeps what was measured, so that a run can go on another day; the table says of every
row how far it came.
Needs torch, open_clip_torch, timm, transformers, safetensors, numpy. Not part of ctest: docs/convert.md.
"""
import argparse
import copy
import json
import pathlib
import struct
import subprocess
import sys
import tempfile

import numpy as np
import open_clip
import torch
import transformers
from safetensors.torch import save_file

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "fixtures"))
from make_fixtures import peaky  # noqa: E402

# What the hub says of the text towers that open_clip names; open_clip would fetch it.
HF_TEXT = {
    "roberta-base": transformers.RobertaConfig(vocab_size=50265, max_position_embeddings=514, type_vocab_size=1, layer_norm_eps=1e-5, pad_token_id=1),
    "xlm-roberta-base": transformers.XLMRobertaConfig(vocab_size=250002, max_position_embeddings=514, type_vocab_size=1, layer_norm_eps=1e-5, pad_token_id=1),
    "xlm-roberta-large": transformers.XLMRobertaConfig(vocab_size=250002, max_position_embeddings=514, type_vocab_size=1, layer_norm_eps=1e-5, pad_token_id=1, hidden_size=1024,
                                                       num_hidden_layers=24, num_attention_heads=16, intermediate_size=4096),
    "facebook/nllb-200-distilled-600M": transformers.M2M100Config(vocab_size=256206, d_model=1024, encoder_layers=12, decoder_layers=1, encoder_attention_heads=16, encoder_ffn_dim=4096,
                                                                  max_position_embeddings=1024, scale_embedding=True, activation_function="relu", pad_token_id=1),
    "facebook/nllb-200-distilled-1.3B": transformers.M2M100Config(vocab_size=256206, d_model=1024, encoder_layers=24, decoder_layers=1, encoder_attention_heads=16, encoder_ffn_dim=8192,
                                                                  max_position_embeddings=1024, scale_embedding=True, activation_function="relu", pad_token_id=1),
    "google/mt5-base": transformers.MT5Config(vocab_size=250112, d_model=768, d_ff=2048, num_layers=12, num_decoder_layers=1, num_heads=12, feed_forward_proj="gated-gelu", pad_token_id=0),
    "google/mt5-xl": transformers.MT5Config(vocab_size=250112, d_model=2048, d_ff=5120, num_layers=24, num_decoder_layers=1, num_heads=32, feed_forward_proj="gated-gelu", pad_token_id=0),
}


def offline(name, **_):
    """transformers.AutoConfig.from_pretrained without a network."""
    if name not in HF_TEXT:
        raise OSError(f"{name}: no configuration here")
    return copy.deepcopy(HF_TEXT[name])


open_clip.hf_model.AutoConfig.from_pretrained = offline


def build(name, device):
    """The model with open_clip's own classes, weights uninitialised on the meta device."""
    cfg = open_clip.get_model_config(name)
    custom = cfg.pop("custom_text", False)
    cfg["text_cfg"]["hf_model_pretrained"] = False
    if "hf_model_name" in cfg["text_cfg"] or "timm_model_name" in cfg["vision_cfg"]:
        custom = custom or "hf_model_name" in cfg["text_cfg"]
    with torch.device(device):
        if "multimodal_cfg" in cfg:
            return open_clip.CoCa(**cfg)
        return (open_clip.CustomTextCLIP if custom else open_clip.CLIP)(**cfg)


def header_only(state, path):
    """A safetensors file of the right names, shapes and size whose weights are a hole."""
    header, at = {}, 0
    for name in sorted(state):
        size = state[name].numel() * 4
        header[name] = dict(dtype="F32", shape=list(state[name].shape), data_offsets=[at, at + size])
        at += size
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        file.truncate(8 + len(text) + at)


def call(*arguments):
    done = subprocess.run([str(a) for a in arguments], capture_output=True, text=True)
    return "" if done.returncode == 0 else done.stderr.strip().split("\n")[-1]


def cosine(a, b):
    a, b = a.astype(np.float64), b.astype(np.float64)
    return float(((a * b).sum(-1) / np.linalg.norm(a, axis=-1) / np.linalg.norm(b, axis=-1)).min())


def random_ids(model, cfg, count, generator):
    """Texts of different lengths as a tokenizer pads them: an end token where the tower looks for one."""
    text = cfg["text_cfg"]
    hf = "hf_model_name" in text
    vocabulary, context = (HF_TEXT[text["hf_model_name"]].vocab_size if hf else text.get("vocab_size", 49408)), text.get("context_length", 77)
    pad = 1 if hf else text.get("pad_id", 0)
    ids = np.full((count, context), pad, np.int32)
    for i in range(count):
        length = (3, context, context // 2, 5, context - 1)[i % 5]
        ids[i, :length] = generator.integers(10, vocabulary - 2, length)
        ids[i, length - 1] = vocabulary - 1 if text.get("pool_type", "argmax") == "argmax" else text.get("eos_id", 2)
    return ids


def measure(driver, name, cfg, folder):
    """Cosines of image and text, through converter and towers."""
    generator = np.random.default_rng(7)
    model = peaky(build(name, "cpu").float(), 7).eval()
    with torch.no_grad():
        for parameter_name, p in model.named_parameters():
            if parameter_name.endswith("qkv.weight"):
                p[: p.shape[0] // 3 * 2] *= 2  # attention has peaks
        for module in model.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                module.running_mean.normal_(0, 0.3)
                module.running_var.uniform_(0.5, 2)
    save_file({k: v.contiguous().clone() for k, v in model.state_dict().items()}, folder / "w.safetensors")
    size = model.visual.image_size
    size = (size, size) if isinstance(size, int) else size
    pixels = generator.standard_normal((3, 3, *size), np.float32)
    ids = random_ids(model, cfg, 5, generator)
    np.save(folder / "pixels.npy", pixels)
    np.save(folder / "ids.npy", ids)
    with torch.no_grad():
        image = model.encode_image(torch.from_numpy(pixels)).numpy()
        text = model.encode_text(torch.from_numpy(ids).long()).numpy()
    del model
    error = call(driver, "run", folder / "cfg.json", folder / "w.safetensors", folder / "m.sclip", folder / "pixels.npy", folder / "ids.npy", folder / "i.f32", folder / "t.f32")
    if error:
        return error
    return tuple(cosine(np.fromfile(folder / f, np.float32).reshape(r.shape), r) for f, r in (("i.f32", image), ("t.f32", text)))


def preprocessing(name):
    """What open_clip's pretrained tags of the architecture say, or its default."""
    found = set()
    for tag in open_clip.list_pretrained_tags_by_model(name) or [None]:
        cfg = open_clip.get_pretrained_cfg(name, tag) if tag else {}
        mean = tuple(round(m, 3) for m in cfg.get("mean", open_clip.OPENAI_DATASET_MEAN))
        found.add(f"{cfg.get('interpolation', 'bicubic')} {cfg.get('resize_mode', 'shortest')}, mean {mean[0]}")
    return "; ".join(sorted(found))


def tokenizer(cfg):
    text = cfg["text_cfg"]
    return text.get("hf_tokenizer_name") or "CLIP BPE"


def open_clip_row(options, name):
    cfg = open_clip.get_model_config(name)
    tags = len(open_clip.list_pretrained_tags_by_model(name))
    with tempfile.TemporaryDirectory(dir=options.scratch) as scratch:
        folder = pathlib.Path(scratch)
        (folder / "cfg.json").write_text(json.dumps(open_clip.get_model_config(name)))
        error, gigabytes, result, schema = call(options.driver, "plan", folder / "cfg.json"), 0, None, False
        if not error and (options.schema or name in options.only):
            state = build(name, "meta").state_dict()
            gigabytes = sum(v.numel() for v in state.values()) * 4 / 1e9
            header_only(state, folder / "schema.safetensors")
            error = call(options.driver, "schema", folder / "cfg.json", folder / "schema.safetensors")
            schema = not error
            if schema and gigabytes <= options.gigabytes:
                result = measure(options.driver, name, cfg, folder)
    return dict(name=name, schema=schema, tags=tags, error=error.replace(str(folder) + "/", ""), gigabytes=gigabytes, result=result, tokenizer=tokenizer(cfg), preprocess=preprocessing(name))


def shown(result):
    if result is None:
        return "not measured", "not measured"
    if isinstance(result, str):
        return result, ""
    return tuple(f"1 - {max(0.0, 1 - c):.1e}" for c in result)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--driver", required=True, type=pathlib.Path)
    parser.add_argument("--only", default="", type=lambda s: [n for n in s.split(",") if n])
    parser.add_argument("--gigabytes", default=1.0, type=float, help="f32 weights above which only the schema is checked")
    parser.add_argument("--schema", action="store_true", help="check names and shapes of every architecture, measure those that fit")
    parser.add_argument("--scratch", default=None)
    parser.add_argument("--results", default=None, type=pathlib.Path, help="JSON of rows: read where there, so that a run can go on, and written")
    options = parser.parse_args()
    torch.set_num_threads(2)
    rows = json.loads(options.results.read_text()) if options.results and options.results.exists() else {}
    for name in options.only or open_clip.list_models():
        if name in rows and not options.only and not (options.schema and not rows[name]["error"] and not rows[name].get("schema")):
            continue
        try:
            rows[name] = open_clip_row(options, name)
        except Exception as error:  # the reference's own
            rows[name] = dict(name=name, tags=0, error=f"open_clip: {type(error).__name__}: {str(error)[:150]}", gigabytes=0, result=None, tokenizer=tokenizer(open_clip.get_model_config(name)), preprocess="")
        r = rows[name]
        print(name, r["error"] or shown(r["result"]), f"{r['gigabytes']:.1f} GB", file=sys.stderr, flush=True)
        if options.results:
            options.results.write_text(json.dumps(rows))
    ordered = [rows[n] for n in sorted(rows, key=str.lower)]
    good = [r for r in ordered if not r["error"]]
    print("# Models\n\nMade by `tests/parity/models.py`; nothing here is typed by hand. Reference: "
          f"open_clip_torch {open_clip.__version__}, timm {__import__('timm').__version__}, transformers {transformers.__version__}, torch {torch.__version__.split('+')[0]}.\n")
    print(f"## open_clip: {len(good)} of {len(ordered)} architectures, {sum(r['tags'] for r in good)} of {sum(r['tags'] for r in ordered)} pretrained tags\n")
    print("`described`: the converter makes a configuration of it. `names checked`: each tensor of the full model was found under its name and with its shape. Cosines: the smallest of 3 pictures "
          "and 5 texts against PyTorch, f32, random peaky weights, full size.\n")
    print("| architecture | tags | supported | tokenizer | preprocessing | cosine, image | cosine, text |\n|---|---|---|---|---|---|---|")
    for r in ordered:
        image, text = ("", "") if r["error"] else shown(r["result"])
        reason = r["error"].replace("cfg.json: ", "").replace("|", "\\|")
        print(f"| {r['name']} | {r['tags']} | {'no: ' + reason if reason else 'names checked' if r.get('schema') or r['result'] else 'described'} | {r['tokenizer']} | {r['preprocess']} | {image} | {text} |")


if __name__ == "__main__":
    main()
