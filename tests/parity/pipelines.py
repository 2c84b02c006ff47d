#!/usr/bin/env python3
"""examples/stable_diffusion.py on small pipelines with random weights: the pictures equal those of diffusers' own text encoding.

    python3 tests/parity/pipelines.py --program build/tools/simdclip

Needs torch, diffusers, transformers and compel from pip. Not part of ctest: docs/applications.md.
"""
import argparse
import pathlib
import subprocess
import sys
import tempfile

import compel
import diffusers
import numpy as np
import torch

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "fixtures"), str(HERE.parent.parent / "examples")]
import stable_diffusion  # noqa: E402
from conditioning import Sd, plain_text_model  # noqa: E402

NEGATIVE = "blurry, low quality"


class Folder:
    """What conditioning.Sd asks of applications.Bench."""

    def __init__(self, program, folder):
        self.program, self.folder = program, folder

    def run(self, *words):
        subprocess.run([self.program, *map(str, words)], check=True, stdout=subprocess.DEVNULL)


def small_unet(text_width, **more):
    torch.manual_seed(3)
    return diffusers.UNet2DConditionModel(sample_size=16, block_out_channels=(32, 64), layers_per_block=1, norm_num_groups=8, attention_head_dim=8,
                                          down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"), up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"),
                                          cross_attention_dim=text_width, **more).eval()


def small_vae():
    torch.manual_seed(4)
    return diffusers.AutoencoderKL(block_out_channels=(16, 32), norm_num_groups=8, down_block_types=("DownEncoderBlock2D",) * 2, up_block_types=("UpDecoderBlock2D",) * 2).eval()


def pipelines(bench):
    """(name, pipeline): Stable Diffusion 1.x, and XL with its two encoders."""
    large, big = Sd(bench, "l", 64, 48, "<|endoftext|>"), Sd(bench, "g", 96, 80, "!", activation="gelu")
    scheduler = diffusers.DDIMScheduler(beta_schedule="scaled_linear", clip_sample=False)
    yield "sd1", diffusers.StableDiffusionPipeline(vae=small_vae(), text_encoder=plain_text_model(large), tokenizer=large.tokenizer, unet=small_unet(64), scheduler=scheduler,
                                                   safety_checker=None, feature_extractor=None, requires_safety_checker=False)
    unet = small_unet(160, addition_embed_type="text_time", addition_time_embed_dim=8, projection_class_embeddings_input_dim=6 * 8 + 80)
    yield "sdxl", diffusers.StableDiffusionXLPipeline(vae=small_vae(), text_encoder=plain_text_model(large), text_encoder_2=big.model, tokenizer=large.tokenizer,
                                                      tokenizer_2=big.tokenizer, unet=unet, scheduler=scheduler, add_watermarker=False)


def picture(pipeline, **words):
    pipeline.set_progress_bar_config(disable=True)
    return pipeline(**words, num_inference_steps=2, guidance_scale=7.5, generator=torch.Generator().manual_seed(1), output_type="np").images[0]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", required=True)
    program = str(pathlib.Path(parser.parse_args().program).resolve())
    torch.set_num_threads(2)
    failed = False
    with tempfile.TemporaryDirectory() as temporary:
        for name, whole in pipelines(Folder(program, pathlib.Path(temporary))):
            folder = pathlib.Path(temporary) / (name + "-pipeline")
            whole.save_pretrained(folder)
            without = stable_diffusion.load_pipeline(folder)
            cases = [("a prompt", "a red fox in the snow", None, "plain"), ("with a negative one", "a red fox in the snow", NEGATIVE, "plain")]
            cases += [("compel's weights", "a red++ fox, (deep snow)0.6", NEGATIVE, "compel")] if name == "sd1" else []
            for what, prompt, negative, dialect in cases:
                if dialect == "compel":
                    encoder = compel.Compel(tokenizer=whole.tokenizer, text_encoder=whole.text_encoder)
                    expected = picture(whole, prompt_embeds=encoder(prompt), negative_prompt_embeds=encoder(negative))
                else:
                    expected = picture(whole, prompt=prompt, negative_prompt=negative)
                got = picture(without, **stable_diffusion.encode(folder, prompt, negative, dialect, program))
                other = picture(without, **stable_diffusion.encode(folder, "a blue car", negative, dialect, program))
                difference, matters = np.abs(got - expected).max(), np.abs(other - expected).max()
                good = difference <= 1e-3 < matters  # another prompt's picture differs
                failed |= not good
                print(f"{name}, {what:20s} largest difference of a pixel {difference:9.2g} of 1   bound 0.001   another prompt's {matters:7.2g}   {'ok' if good else 'MISSED'}", flush=True)
        subprocess.run([sys.executable, stable_diffusion.__file__, folder, "--prompt", "a (red:1.3) fox", "--dialect", "a1111", "--steps", "2", "--program", program, "-o",
                        folder / "fox.png"], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        print(f"the example as a program: {(folder / 'fox.png').stat().st_size} bytes of PNG")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
