#!/usr/bin/env python3
"""Writes src/convert/timm_table.cpp: what the timm image towers that open_clip names are made of, read from the modules that an installed
timm (Apache-2.0) builds without memory for their weights.

Run by hand when open_clip brings new architectures: python3 tools/arch_table/make_timm_table.py > src/convert/timm_table.cpp
"""
import json
import pathlib

import open_clip
import timm
import torch

HEAD = """// Made by tools/arch_table/make_timm_table.py from timm %s: do not edit.
// The image towers that open_clip takes from timm, by name: sizes and switches as the modules have them.
#include "convert/timm_table.h"

namespace simdclip {
namespace {

constexpr TimmEntry kModels[] = {
"""
TAIL = """};

}  // namespace

std::span<const TimmEntry> timm_table() noexcept { return kModels; }

}  // namespace simdclip
"""


class Unknown(Exception):
    """A part that simdclip has no switch for."""


def need(holds, what):
    if not holds:
        raise Unknown(what)


def is_identity(module):
    return module is None or isinstance(module, torch.nn.Identity)


def activation(module):
    name = type(module).__name__
    if name == "GELU":
        return "gelu_tanh" if getattr(module, "approximate", "none") == "tanh" else "gelu"
    if name == "GELUTanh":
        return "gelu_tanh"
    need(name == "SiLU", f"activation {name}")
    return "silu"


def attention(a):
    need(is_identity(getattr(a, "q_norm", None)) and is_identity(getattr(a, "k_norm", None)), "qk_norm")
    need(getattr(a, "gate", None) is None, "a gated attention")
    need(not getattr(a, "rotate_half", False), "rotate_half")
    if getattr(a, "qkv", None) is None:
        names = "split_no_k_bias"
    elif getattr(a, "q_bias", None) is not None:
        names = "fused_no_k_bias"
    else:
        names = "fused" if a.qkv.bias is not None else "fused_no_bias"
    return names, not is_identity(getattr(a, "norm", None))


def block(b):
    need(type(b).__name__ in ("Block", "EvaBlock", "EvaBlockPostNorm"), f"blocks of type {type(b).__name__}")
    names, attention_norm = attention(b.attn)
    mlp = b.mlp
    gated = type(mlp).__name__ == "SwiGLU"
    need(gated or type(mlp).__name__ == "Mlp", f"an mlp of type {type(mlp).__name__}")
    return dict(heads=b.attn.num_heads, mlp_width=mlp.fc2.in_features, activation=activation(mlp.act), norm_eps=b.norm1.eps, qkv=names,
                attention_norm=attention_norm, mlp_norm=not is_identity(mlp.norm), gated_mlp=gated,
                norm="branch" if type(b).__name__ == "EvaBlockPostNorm" else "before",
                layer_scale=not is_identity(getattr(b, "ls1", None)) or getattr(b, "gamma_1", None) is not None)


def patches(m):
    if type(m.patch_embed).__name__ == "HybridEmbed":
        stem = m.patch_embed.backbone
        need(type(stem).__name__ == "ConvStem", f"a stem of type {type(stem).__name__}")
        shapes = [(tuple(s.conv.kernel_size), tuple(s.conv.stride)) for s in stem]
        need(shapes == [((k, k), (k, k)) for k in (4, 2, 2)], f"a stem of {shapes}")
        need(all(activation(s.bn.act) == "gelu" and s.bn.eps == 1e-5 for s in list(stem)[:2]), "this stem's norms")
        return dict(patch_size=16, patch_bias=True, stem_width=stem[0].conv.out_channels)
    size = m.patch_embed.patch_size
    need(size[0] == size[1], "patches that are not square")
    return dict(patch_size=size[0], patch_bias=m.patch_embed.proj.bias is not None)


def pool(p):
    need(p.latent_len == 1 and p.pool == "token" and p.pos_embed is None, "this attention pool")
    return dict(heads=p.num_heads, mlp_width=p.mlp.fc1.out_features, activation=activation(p.mlp.act), norm_eps=p.norm.eps)


def rotary(m):
    rope = getattr(m, "rope", None)
    if rope is None:
        return {}
    need(type(rope).__name__ == "RotaryEmbeddingCat", f"rope of type {type(rope).__name__}")
    need(not rope.in_pixels, "rope in pixels")
    return dict(rotary=dict(temperature=float(rope.temperature), offset=float(rope.grid_offset), xy=rope.grid_indexing == "xy",
                            reference=list(rope.ref_feat_shape) if rope.ref_feat_shape else list(rope.feat_shape)))


def describe(name, vision):
    kwargs = dict(global_pool=vision["timm_pool"]) if vision.get("timm_proj") != "linear" else {}
    with torch.device("meta"):
        m = timm.create_model(name, num_classes=0 if vision.get("timm_proj") in ("none", "linear") else 8, **kwargs)
    need(type(m).__name__ in ("VisionTransformer", "Eva"), f"timm's {type(m).__name__}")
    first = block(m.blocks[0])
    need(all(block(b) == first for b in m.blocks), "blocks that differ")
    need(getattr(m, "num_reg_tokens", 0) == 0, "register tokens")
    need(is_identity(getattr(m, "fc_norm", None)), "fc_norm")
    eps = {n.eps for n in (m.norm, m.norm_pre) if not is_identity(n)} | {first["norm_eps"]}
    need(len(eps) == 1, "norms of different eps")
    facts = dict(width=m.embed_dim, layers=len(m.blocks), class_token=m.cls_token is not None, pre_norm=not is_identity(m.norm_pre),
                 image_size=m.patch_embed.img_size[0], class_position=not getattr(m, "no_embed_class", False), **first, **patches(m), **rotary(m))
    if m.attn_pool is not None:
        facts["attention_pool"] = pool(m.attn_pool)
    return facts


def rows():
    seen = {}
    for path in sorted((pathlib.Path(open_clip.__file__).parent / "model_configs").glob("*.json")):
        vision = json.loads(path.read_text())["vision_cfg"]
        if "timm_model_name" in vision:
            seen.setdefault(vision["timm_model_name"], vision)
    for name, vision in sorted(seen.items()):
        try:
            text = describe(name, vision)
        except Unknown as unknown:
            text = dict(unsupported=str(unknown))
        text = json.dumps(text, sort_keys=True, separators=(",", ":")).replace(',"layers"', '\n,"layers"').replace(',"patch', '\n,"patch', 1)
        yield f'    {{"{name}", R"({text})"}},\n'


print(HEAD % timm.__version__ + "".join(rows()) + TAIL, end="")
