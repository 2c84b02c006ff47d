#!/usr/bin/env python3
"""Makes a picture with diffusers from a prompt that simdclip encodes: weights in AUTOMATIC1111's, ComfyUI's or compel's way, and no text
encoder in memory while the U-Net runs.

    python3 examples/stable_diffusion.py stable-diffusion-v1-5 --prompt "a (red:1.3) fox, [blurry]" --dialect a1111 -o fox.png
    python3 examples/stable_diffusion.py stable-diffusion-xl-base-1.0 --prompt "a fox++ in snow" --dialect compel -o fox.png

The first argument is the folder of a pipeline as diffusers saves it: Stable Diffusion 1.x, 2.x or XL. Its text encoders are converted once, to
CLIP-NAME.sclip beside them (or in --work). Needs diffusers and safetensors from pip, and the program simdclip (--program).
"""
import argparse
import json
import pathlib
import subprocess

import torch
from diffusers import DiffusionPipeline
from safetensors.torch import load_file


def target_of(folder):
    """simdclip's name of the generator, and whether it has two text encoders."""
    index = json.loads((folder / "model_index.json").read_text())
    if index["_class_name"].startswith("StableDiffusionXL"):
        return "sdxl", True
    width = json.loads((folder / "text_encoder/config.json").read_text())["hidden_size"]
    return ("sd2" if width == 1024 else "sd1"), False


def encode(folder, prompt, negative=None, dialect="plain", program="simdclip", work=None, more=()):
    """prompt_embeds and their like, as the pipeline's call takes them."""
    folder = pathlib.Path(folder)
    work = pathlib.Path(work or folder)
    target, two = target_of(folder)
    models = []
    for name in ("text_encoder", "text_encoder_2")[:2 if two else 1]:
        models.append(work / f"CLIP-{name}.sclip")
        if not models[-1].exists():
            subprocess.run([program, "convert", folder / name, "-o", models[-1]], check=True, stdout=subprocess.DEVNULL)
    words = [program, "condition", "--target", target, "-m", models[0], "--prompt", prompt, "--negative", negative or "", "--dialect", dialect]
    words += ["--second", models[1]] if two else []
    words += [*more, "-o", work / "prompt.safetensors"]
    subprocess.run(list(map(str, words)), check=True, stdout=subprocess.DEVNULL)
    tensors = load_file(work / "prompt.safetensors")
    if two and negative is None:  # SDXL's pipeline takes zeros for a negative prompt that is not there
        tensors = {name: tensor for name, tensor in tensors.items() if not name.startswith("negative_")}
    return tensors


def load_pipeline(folder, **options):
    without = dict(text_encoder=None, tokenizer=None)
    if target_of(pathlib.Path(folder))[1]:
        without |= dict(text_encoder_2=None, tokenizer_2=None)
    return DiffusionPipeline.from_pretrained(folder, **without, **options)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--prompt", required=True)
    parser.add_argument("--negative")
    parser.add_argument("--dialect", default="plain", choices=("plain", "a1111", "comfyui", "compel"))
    parser.add_argument("--steps", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--program", default="simdclip")
    parser.add_argument("--work", help="where the converted text encoders are kept (default: in the pipeline's folder)")
    parser.add_argument("-o", "--output", default="out.png")
    given = parser.parse_args()
    tensors = encode(given.folder, given.prompt, given.negative, given.dialect, given.program, given.work)
    pipeline = load_pipeline(given.folder)
    picture = pipeline(**tensors, num_inference_steps=given.steps, generator=torch.Generator().manual_seed(given.seed)).images[0]
    picture.save(given.output)


if __name__ == "__main__":
    main()
