"""Rows of models.py: open_clip's architectures."""
import contextlib
import copy
import json
import pathlib
import subprocess
import tempfile

import numpy as np
import open_clip
import timm
import torch
import transformers
from safetensors.torch import save_file

from reference_models import BLOCK, PRECISIONS, apart, call, calm, calm_tables, cosine, cosines, embed, header_only, peaky, pictures, whole

# What the hub says of the text towers that open_clip names; open_clip would fetch it.
ROBERTA = dict(max_position_embeddings=514, type_vocab_size=1, layer_norm_eps=1e-5, pad_token_id=1)
NLLB = dict(vocab_size=256206, d_model=1024, decoder_layers=1, encoder_attention_heads=16, max_position_embeddings=1024, scale_embedding=True,
            activation_function="relu", pad_token_id=1)
MT5 = dict(vocab_size=250112, num_decoder_layers=1, feed_forward_proj="gated-gelu", pad_token_id=0)
HF_TEXT = {
    "roberta-base": transformers.RobertaConfig(vocab_size=50265, **ROBERTA),
    "xlm-roberta-base": transformers.XLMRobertaConfig(vocab_size=250002, **ROBERTA),
    "xlm-roberta-large": transformers.XLMRobertaConfig(vocab_size=250002, hidden_size=1024, num_hidden_layers=24, num_attention_heads=16,
                                                       intermediate_size=4096, **ROBERTA),
    "facebook/nllb-200-distilled-600M": transformers.M2M100Config(encoder_layers=12, encoder_ffn_dim=4096, **NLLB),
    "facebook/nllb-200-distilled-1.3B": transformers.M2M100Config(encoder_layers=24, encoder_ffn_dim=8192, **NLLB),
    "google/mt5-base": transformers.MT5Config(d_model=768, d_ff=2048, num_layers=12, num_heads=12, **MT5),
    "google/mt5-xl": transformers.MT5Config(d_model=2048, d_ff=5120, num_layers=24, num_heads=32, **MT5),
}


class Cut:
    """The most blocks of a tower and words of a vocabulary that a model is built with."""
    layers, words = 10**6, 10**6


def offline(name, **_):
    """transformers.AutoConfig.from_pretrained without a network."""
    if name not in HF_TEXT:
        raise OSError(f"{name}: no configuration here")
    config = copy.deepcopy(HF_TEXT[name])
    for field in ("num_hidden_layers", "encoder_layers", "num_layers"):
        if field in config.to_dict():
            setattr(config, field, min(getattr(config, field), Cut.layers))
    config.vocab_size = min(config.vocab_size, Cut.words)
    return config


open_clip.hf_model.AutoConfig.from_pretrained = offline
timm_create = open_clip.timm_model.timm.create_model


def create_timm(name, **kwargs):
    if Cut.layers < 10**6 and name.startswith(("vit_", "eva", "naflexvit")):
        kwargs["depth"] = Cut.layers
    return timm_create(name, **kwargs)


open_clip.timm_model.timm.create_model = create_timm


def build(name, device, layers=10**6, words=10**6):
    """The model with open_clip's own classes."""
    Cut.layers, Cut.words = layers, words
    cfg = copy.deepcopy(open_clip.get_model_config(name))
    vision, text = cfg["vision_cfg"], cfg["text_cfg"]
    for tower in (vision, text, cfg.get("multimodal_cfg", {})):
        if isinstance(tower.get("layers"), int):
            tower["layers"] = min(tower["layers"], layers)
    if "hf_model_name" not in text:
        text["vocab_size"] = min(text.get("vocab_size", 49408), words)
    text["hf_model_pretrained"] = False
    custom = cfg.pop("custom_text", False) or "hf_model_name" in text
    with torch.device(device):
        if "multimodal_cfg" in cfg:
            return open_clip.CoCa(**cfg)
        return (open_clip.CustomTextCLIP if custom else open_clip.CLIP)(**cfg)


@contextlib.contextmanager
def uninitialised():
    """Modules leave their weights as they are: the caller sets each of them."""
    names = [n for n in dir(torch.nn.init) if n.endswith("_") and not n.startswith("_")]
    kept = {(owner, n): getattr(owner, n) for owner in (torch.nn.init, timm.layers, timm.models.vision_transformer, timm.models.eva) for n in names if hasattr(owner, n)}
    for owner, n in kept:
        setattr(owner, n, lambda tensor, *_, **__: tensor)
    try:
        yield
    finally:
        for (owner, n), function in kept.items():
            setattr(owner, n, function)


def depths(state):
    """Blocks of the image tower and of the text tower."""
    found = [0, 0]
    for name in state:
        if not name.startswith("text_decoder.") and (match := BLOCK.search(name)):
            tower = 0 if name.startswith("visual.") else 1
            found[tower] = max(found[tower], int(match[1]) + 1)
    return found


def random_ids(cfg, count, words, generator):
    """Texts of different lengths as a tokenizer pads them: an end token where the tower looks for one."""
    text = cfg["text_cfg"]
    hf = HF_TEXT.get(text.get("hf_model_name"))
    vocabulary = min(words, hf.vocab_size if hf else text.get("vocab_size", 49408))
    context = text.get("context_length", 77)
    ids = np.full((count, context), hf.pad_token_id if hf else text.get("pad_id", 0), np.int32)
    for i in range(count):
        length = (3, context, context // 2, 5, context - 1)[i % 5]
        ids[i, :length] = generator.integers(10, vocabulary - 2, length)
        ids[i, length - 1] = vocabulary - 1 if text.get("pool_type", "argmax") == "argmax" else text.get("eos_id", 2)
    return ids


def torch_bf16(model, pixels, ids, references):
    """What PyTorch's own bf16 makes of the same; nothing where its code mixes types."""
    found = []
    for tower, (given, want) in zip(("encode_image", "encode_text"), ((pixels.bfloat16(), references[0]), (torch.from_numpy(ids).long(), references[1]))):
        try:
            found.append(cosine(getattr(model.bfloat16(), tower)(given).float().numpy(), want))
        except RuntimeError:
            found.append(None)
    return found


def measure(driver, name, cfg, folder, kind, layers, words, precisions):
    """precision -> lowest cosines of image and text through converter and towers; or the error."""
    generator = np.random.default_rng(7)
    torch.manual_seed(7)
    with uninitialised() if kind is peaky else contextlib.nullcontext():
        model = build(name, "cpu", layers, words).float()
    model = kind(model, 7)
    save_file(whole(model.state_dict()), folder / "w.safetensors")
    size = model.visual.image_size
    pixels = pictures(3, (size, size) if isinstance(size, int) else size, generator)
    ids = random_ids(cfg, 5, words, generator)
    with torch.no_grad():
        references = [model.encode_image(pixels).numpy(), model.encode_text(torch.from_numpy(ids).long()).numpy()]
        result = {"apart": [apart(r) for r in references]}
        if "bf16" in precisions:
            result["torch"] = torch_bf16(model, pixels, ids, references)
    del model
    for precision in precisions:
        error = call(driver, "write", folder / "cfg.json", folder / "w.safetensors", folder / "m.sclip", layers, words, precision)
        if not error:
            error, *rows = embed(driver, folder / "m.sclip", folder, pixels.numpy(), ids)
        if error:
            return error
        result[precision] = cosines(rows, references)
    return result


def preprocessing(name):
    """What open_clip's pretrained tags of the architecture say, or its default."""
    found = set()
    for tag in open_clip.list_pretrained_tags_by_model(name) or [None]:
        cfg = open_clip.get_pretrained_cfg(name, tag) if tag else {}
        mean = tuple(round(m, 3) for m in cfg.get("mean", open_clip.OPENAI_DATASET_MEAN))
        found.add(f"{cfg.get('interpolation', 'bicubic')} {cfg.get('resize_mode', 'shortest')}, mean {mean[0]}")
    return "; ".join(sorted(found))


def tokenizer(cfg):
    return cfg["text_cfg"].get("hf_tokenizer_name") or "CLIP BPE"


def row(options, name):
    """Plan, schema of the full model, cosines at full or reduced depth."""
    cfg = open_clip.get_model_config(name)
    found = dict(name=name, tags=len(open_clip.list_pretrained_tags_by_model(name)), tokenizer=tokenizer(cfg), preprocess=preprocessing(name),
                 schema=False, gigabytes=0, depth=None, result=None)
    with tempfile.TemporaryDirectory(dir=options.scratch) as scratch:
        folder = pathlib.Path(scratch)
        (folder / "cfg.json").write_text(json.dumps(cfg))
        error = call(options.driver, "plan", folder / "cfg.json")
        if not error:
            state = build(name, "meta").state_dict()
            found["gigabytes"] = sum(v.numel() for v in state.values()) * 4 / 1e9
            header_only(state, folder / "schema.safetensors")
            error = call(options.driver, "schema", folder / "cfg.json", folder / "schema.safetensors")
            found["schema"] = not error
            found["full"] = depths(state)
        if found["schema"] and options.layers:
            whole_model = found["gigabytes"] <= options.gigabytes
            layers, words = (10**6, 10**6) if whole_model else (options.layers, options.words)
            found["depth"] = [min(layers, n) for n in found["full"]]
            vocabulary = HF_TEXT[cfg["text_cfg"]["hf_model_name"]].vocab_size if "hf_model_name" in cfg["text_cfg"] else cfg["text_cfg"].get("vocab_size", 49408)
            found["words"] = [min(words, vocabulary), vocabulary]
            result = measure(options.driver, name, cfg, folder, peaky, layers, words, ["f32"])
            found["result"] = result if isinstance(result, str) else result["f32"]
    found["error"] = error.replace(str(folder) + "/", "")
    return found


def band(options, name):
    """Cosines of bf16 and int8 on calm weights; of models above --band-gigabytes their first --band-layers blocks. "NAME, tables": of calm_tables."""
    name, _, tables = name.partition(", ")
    cfg = open_clip.get_model_config(name)
    state = build(name, "meta").state_dict()
    full = depths(state)
    whole_model = sum(v.numel() for v in state.values()) * 4 / 1e9 <= options.band_gigabytes
    layers = 10**6 if whole_model else options.band_layers
    with tempfile.TemporaryDirectory(dir=options.scratch) as scratch:
        folder = pathlib.Path(scratch)
        (folder / "cfg.json").write_text(json.dumps(cfg))
        result = measure(options.driver, name, cfg, folder, calm_tables if tables else calm, layers, options.words, PRECISIONS)
    error = result if isinstance(result, str) else ""
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=pathlib.Path(__file__).parent, capture_output=True, text=True).stdout.strip()
    return dict(commit=commit, depth=[min(layers, n) for n in full], full=full, result=None if error else result, error=error.replace(str(folder) + "/", ""))
