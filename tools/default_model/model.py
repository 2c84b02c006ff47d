"""The student: open_clip's own CLIP class, so that the export is its format by construction."""
import json

import torch
import torch.nn.functional as F
from open_clip.model import CLIP
from open_clip.transformer import ResidualAttentionBlock

from common import HERE, IMAGE_SIDE
from vocabulary import vocabulary_size

CONTEXT = 32
EMBED = 384  # MiniLM's space, so that each tower is taught by itself


def plain_attention(self, q_x, k_x=None, v_x=None, attn_mask=None):
    """The same attention by plain products: at 40 to 80 tokens PyTorch's fused CPU kernel costs three times as much."""
    attn, (n, length, width) = self.attn, q_x.shape
    heads = attn.num_heads
    qkv = F.linear(q_x, attn.in_proj_weight, attn.in_proj_bias).view(n, length, 3, heads, width // heads).permute(2, 0, 3, 1, 4)
    scores = (qkv[0] * (width // heads) ** -0.5) @ qkv[1].transpose(-1, -2)
    if attn_mask is not None:
        scores = scores + attn_mask
    out = (scores.softmax(-1).to(qkv.dtype) @ qkv[2]).transpose(1, 2).reshape(n, length, width)
    return F.linear(out, attn.out_proj.weight, attn.out_proj.bias)


def use_plain_attention():
    ResidualAttentionBlock.attention = plain_attention


def config():
    return json.loads((HERE / "model.json").read_text())


def build(patch_dropout=0.0, **overrides):
    shape = {**config(), **overrides}
    vision = {"image_size": IMAGE_SIDE, "patch_size": shape["patch_size"], "width": shape["vision_width"],
              "layers": shape["vision_layers"], "head_width": shape["head_width"]}
    text = {"context_length": CONTEXT, "vocab_size": vocabulary_size(shape["merges"]), "width": shape["text_width"],
            "heads": shape["text_width"] // shape["head_width"], "layers": shape["text_layers"]}
    model_cfg = {"embed_dim": EMBED, "vision_cfg": vision, "text_cfg": text}
    model = CLIP(EMBED, {**vision, "patch_dropout": patch_dropout}, dict(text))
    torch.nn.init.normal_(model.visual.conv1.weight, std=0.02)
    return model, model_cfg


def parameter_count(module):
    return sum(p.numel() for p in module.parameters())
