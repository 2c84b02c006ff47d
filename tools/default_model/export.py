"""Step 12: both towers into open_clip's own folder format, with the cut vocabulary beside them.

open_clip_config.json, open_clip_model.safetensors, merges.txt and vocab.json. The folder loads with open_clip
(SimpleTokenizer over merges.txt) and converts with `simdclip convert`.
"""
import json
import math

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import save_file

import split
from common import CACHE, IMAGE_SIDE
from model import CONTEXT, build, config
from student import MEAN, STD
from vocabulary import merges_text, tokenizer

FOLDER = CACHE / "open_clip"


def student_state():
    clip, model_cfg = build()
    state = clip.state_dict()
    vision = torch.load(CACHE / "vision.pt", map_location="cpu")["average"]
    state.update({"visual." + k: v for k, v in vision.items()})
    state.update(torch.load(CACHE / "text.pt", map_location="cpu")["average"])
    clip.load_state_dict(state)
    return clip.eval(), model_cfg


def load_student():
    clip, _ = student_state()
    return clip, tokenizer(config()["merges"], CONTEXT)


@torch.no_grad()
def calibrated_scale(clip, tokenize):
    """The temperature that suits the validation concepts best: picture -> caption among all of them."""
    val = split.retrieval_set(split.load(), "val")
    pixels = torch.from_numpy(np.load(CACHE / "view0.npy", mmap_mode="r")[[r["id"] for r in val]].copy()).float() / 255
    y = clip.encode_image(((pixels - MEAN) / STD).permute(0, 3, 1, 2), normalize=True)
    t = clip.encode_text(tokenize([r["caption"] for r in val]), normalize=True)
    target = torch.arange(len(val))
    return min(np.arange(5, 60, 0.5), key=lambda s: F.cross_entropy(float(s) * y @ t.T, target).item())


def main():
    clip, model_cfg = student_state()
    tokenize = tokenizer(config()["merges"], CONTEXT)
    scale = calibrated_scale(clip, tokenize)
    clip.logit_scale.data.fill_(math.log(scale))
    FOLDER.mkdir(exist_ok=True)
    preprocess = {"size": [IMAGE_SIDE, IMAGE_SIDE], "mode": "RGB", "mean": MEAN.tolist(), "std": STD.tolist(),
                  "interpolation": "bicubic", "resize_mode": "squash", "fill_color": 0}
    (FOLDER / "open_clip_config.json").write_text(json.dumps({"model_cfg": model_cfg, "preprocess_cfg": preprocess}, indent=2) + "\n")
    state = {k: v.float().contiguous() for k, v in clip.state_dict().items() if k != "attn_mask"}
    save_file(state, str(FOLDER / "open_clip_model.safetensors"))
    (FOLDER / "merges.txt").write_text(merges_text(config()["merges"]), encoding="utf-8")
    (FOLDER / "vocab.json").write_text(json.dumps({k.replace("<start_of_text>", "<|startoftext|>").replace("<end_of_text>", "<|endoftext|>"): v
                                                   for k, v in tokenize.encoder.items()}, ensure_ascii=False), encoding="utf-8")
    print(f"{FOLDER}: logit scale {scale:.1f}, {sum(v.numel() for v in state.values()) / 1e6:.2f} M parameters")


if __name__ == "__main__":
    main()
