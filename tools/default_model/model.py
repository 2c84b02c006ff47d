"""The student: open_clip's own CLIP class, so that the export is its format by construction."""
import json

import torch
from open_clip.model import CLIP

from common import HERE, IMAGE_SIDE
from vocabulary import vocabulary_size

CONTEXT = 32
EMBED = 384  # MiniLM's space, so that each tower is taught by itself


def config():
    return json.loads((HERE / "model.json").read_text())


def build(**overrides):
    shape = {**config(), **overrides}
    vision = {"image_size": IMAGE_SIDE, "patch_size": shape["patch_size"], "width": shape["vision_width"],
              "layers": shape["vision_layers"], "head_width": shape["head_width"]}
    text = {"context_length": CONTEXT, "vocab_size": vocabulary_size(shape["merges"]), "width": shape["text_width"],
            "heads": shape["text_width"] // shape["head_width"], "layers": shape["text_layers"]}
    model_cfg = {"embed_dim": EMBED, "vision_cfg": vision, "text_cfg": text}
    model = CLIP(EMBED, dict(vision), dict(text))
    torch.nn.init.normal_(model.visual.conv1.weight, std=0.02)
    return model, model_cfg


def parameter_count(module):
    return sum(p.numel() for p in module.parameters())
