"""The weights that every peer of one run shares: an open_clip model with random weights, saved as an open_clip folder.

Real checkpoints differ from a fresh initialisation in what matters for a fair comparison: layer-norm gains are spread and attention
looks somewhere. Speed does not depend on the values, but the check that all peers compute the same thing does.
"""
import json
import pathlib

import numpy as np
import open_clip
import torch
from PIL import Image
from safetensors.torch import save_file


def make_model(arch: str, seed: int) -> torch.nn.Module:
    torch.manual_seed(seed)
    model = open_clip.create_model(arch, pretrained=None).eval()
    norms = {id(p) for m in model.modules() if isinstance(m, torch.nn.LayerNorm) for p in m.parameters()}
    with torch.no_grad():
        for name, p in model.named_parameters():
            if id(p) in norms:
                spread = torch.randn_like(p)
                p.copy_(torch.exp(0.2 * spread) if name.endswith("weight") else 0.1 * spread)
            elif name.endswith("bias"):
                p.add_(0.02 * torch.randn_like(p))
            elif name.endswith(("in_proj_weight", "qkv.weight")):
                p[: 2 * p.shape[0] // 3].mul_(1.5)
    return model


def preprocessing(arch: str) -> dict:
    """As the first pretrained weights of the architecture have it; CLIP's own where there are none."""
    tags = open_clip.list_pretrained_tags_by_model(arch)
    cfg = open_clip.get_pretrained_cfg(arch, tags[0]) if tags else {}
    return {"mean": list(cfg.get("mean", open_clip.OPENAI_DATASET_MEAN)), "std": list(cfg.get("std", open_clip.OPENAI_DATASET_STD)),
            "interpolation": cfg.get("interpolation", "bicubic"), "resize_mode": cfg.get("resize_mode", "shortest")}


def transform(arch: str, size: int):
    cfg = preprocessing(arch)
    return open_clip.image_transform(size, is_train=False, mean=cfg["mean"], std=cfg["std"], interpolation=cfg["interpolation"],
                                     resize_mode=cfg["resize_mode"])


def save_open_clip_folder(model: torch.nn.Module, arch: str, folder: pathlib.Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    config = {"model_cfg": open_clip.get_model_config(arch), "preprocess_cfg": preprocessing(arch)}
    (folder / "open_clip_config.json").write_text(json.dumps(config, indent=2))
    save_file({k: v.contiguous() for k, v in model.state_dict().items()}, folder / "open_clip_model.safetensors")


def make_pictures(folder: pathlib.Path, count: int, size: int, seed: int) -> list[pathlib.Path]:
    """Smooth random pictures, lossless, of the model's own size: decoding and resizing change nothing."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    paths = []
    for i in range(count):
        coarse = rng.integers(0, 256, (7, 7, 3), dtype=np.uint8)
        path = folder / f"{i:03}.png"
        Image.fromarray(coarse).resize((size, size), Image.BICUBIC).save(path)
        paths.append(path)
    return paths


PROMPT_WORDS = "dog cat house tree river bridge train bottle guitar window".split()


def make_prompts(count: int) -> list[str]:
    """Ten ids each with the begin and end tokens, as most prompts have (a photo of a ... on a ...)."""
    return [f"a photo of a {PROMPT_WORDS[i % 10]} and {PROMPT_WORDS[i // 10 % 10]}" + " ." for i in range(count)]
