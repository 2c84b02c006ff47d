"""Step 12: both towers into open_clip's own folder format, with the cut vocabulary beside them.

open_clip_config.json, open_clip_model.safetensors, merges.txt and vocab.json. The folder loads with open_clip
(SimpleTokenizer over merges.txt) and converts with `simdclip convert`.
"""
import json
import math

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file

import split
from common import CACHE, IMAGE_SIDE, fraction
from model import CONTEXT, build, config
from student import MEAN, STD
from vocabulary import merges_text, tokenizer

FOLDER = CACHE / "open_clip"
CENTRED = 0.75  # part of the mean vector that is taken off (chosen on the validation concepts among 0, 0.5, 0.75 and 1)


def student_state():
    clip, model_cfg = build()
    state = clip.state_dict()
    vision = torch.load(CACHE / "vision.pt", map_location="cpu")["average"]
    state.update({"visual." + k: v for k, v in vision.items()})
    state.update(torch.load(CACHE / "text.pt", map_location="cpu")["average"])
    clip.load_state_dict(state)
    return clip.eval(), model_cfg


def load_student():
    """The model as it was exported."""
    clip, _ = student_state()
    clip.load_state_dict({**clip.state_dict(), **load_file(str(FOLDER / "open_clip_model.safetensors"))})
    return clip.eval(), tokenizer(config()["merges"], CONTEXT)


def pixels_of(rows):
    x = torch.from_numpy(np.load(CACHE / "view0.npy", mmap_mode="r")[[r["id"] for r in rows]].copy()).float() / 255
    return ((x - MEAN) / STD).permute(0, 3, 1, 2)


@torch.no_grad()
def centre(clip, tokenize, pictures, texts):
    """Takes these parts of the training data's mean vector off both towers' outputs: the biases of the last layer norms do it."""
    rows = [r for r in split.load() if r["part"] == "train" and not r["caption"].startswith("flag")]
    rows = sorted(rows, key=lambda r: fraction("mean" + r["source"] + r["file"]))[:1200]
    outputs = {}
    hooks = [ln.register_forward_hook(lambda _, __, y, name=name: outputs.setdefault(name, []).append(y))
             for name, ln in (("pictures", clip.visual.ln_post), ("texts", clip.ln_final))]
    tokens = tokenize([r["caption"] for r in rows])
    for start in range(0, len(rows), 100):
        clip.encode_image(pixels_of(rows[start : start + 100]))
    clip.encode_text(tokens)
    for hook in hooks:
        hook.remove()
    pooled = torch.cat(outputs["pictures"])
    at_end = torch.cat(outputs["texts"])[torch.arange(len(tokens)), tokens.argmax(-1)]
    clip.visual.ln_post.bias -= pictures * (pooled if pooled.ndim == 2 else pooled[:, 0]).mean(0)
    clip.ln_final.bias -= texts * at_end.mean(0)


@torch.no_grad()
def validation_vectors(clip, tokenize):
    val = split.retrieval_set(split.load(), "val")
    return clip.encode_image(pixels_of(val), normalize=True), clip.encode_text(tokenize([r["caption"] for r in val]), normalize=True)


def calibrated_scale(clip, tokenize):
    """The temperature that suits the validation concepts best: picture -> caption among all of them."""
    y, t = validation_vectors(clip, tokenize)
    target = torch.arange(len(y))
    return min(np.arange(5, 60, 0.5), key=lambda s: F.cross_entropy(float(s) * y @ t.T, target).item())


def main():
    clip, model_cfg = student_state()
    tokenize = tokenizer(config()["merges"], CONTEXT)
    centre(clip, tokenize, CENTRED, CENTRED)
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
