#!/usr/bin/env python3
"""Builds full-size models with open_clip and transformers, saves them in the formats that people download, and compares what the
simdclip program makes of them with what PyTorch makes of them: embeddings, token ids, pixels.

    python3 tests/parity/run_parity.py --program build/tools/simdclip [--models b32,l14] [--photos FOLDER] [--seed 7]

Also: the peak memory of the conversion beyond the largest tensor (f32), which stays below 200 MB, and the time to open the result.
Random weights, peaky as in tests/fixtures. Prints a table; the exit status is 1 when a row misses its bound. A tower that differs is
searched for the first layer that does (--layers searches in any case): the model is cut to its first 1, 2, 4 ... blocks.
Needs torch, open_clip_torch, transformers, safetensors, pillow, numpy. Not part of ctest: docs/convert.md.
"""
import argparse
import copy
import json
import pathlib
import subprocess
import sys
import tempfile
import time

import numpy as np
import open_clip
import torch
import transformers
from PIL import Image
from safetensors.torch import save_file

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "fixtures"))
from make_fixtures import OPENAI, peaky, pooled  # noqa: E402

TEXTS = ["a photo of a cat", "a diagram", "two dogs playing in the snow, oil on canvas", "Grüße aus München!", "東京の夜景", "фото кота на диване",
         "¿dónde está la biblioteca?", "I'm sure they'll say it's 100% fine &amp; dandy", "a\tb\n  c", "", "😀👩‍👩‍👧‍👦 emoji", "naïve café façade",
         "١٢٣ مرحبا", "ﬁne ｆｕｌｌｗｉｄｔｈ", "x" * 200, "the quick brown fox jumps over the lazy dog " * 12, "A PHOTO OF A DOG", "don't isn't we've"]
BOUNDS = {"f32": 1 - 1e-6, "bf16": 0.9}  # random peaky weights amplify every rounding of bf16; docs/numerics.md has its bands


# --- models, by the format they are saved in ---

class OpenClip:
    """A folder with open_clip_config.json."""

    def __init__(self, arch, weights="safetensors"):
        self.arch, self.weights = arch, weights

    def build(self, seed):
        self.config = copy.deepcopy(open_clip.get_model_config(self.arch))
        self.model = peaky(open_clip.create_model(self.arch), seed)
        self.tokenizer = open_clip.get_tokenizer(self.arch)
        self.size = self.model.visual.image_size

    def cut(self, layers):
        other = copy.copy(self)
        other.config = copy.deepcopy(self.config)
        other.model = copy.deepcopy(self.model)
        for blocks, cfg in ((other.model.visual.transformer, "vision_cfg"), (other.model.transformer, "text_cfg")):
            blocks.resblocks = blocks.resblocks[:layers]
            other.config[cfg]["layers"] = min(layers, self.config[cfg]["layers"])
        return other

    def depth(self):
        return max(len(self.model.visual.transformer.resblocks), len(self.model.transformer.resblocks))

    def save(self, folder):
        state = {k: v.contiguous() for k, v in self.model.state_dict().items()}
        if self.weights == "safetensors":
            save_file(state, folder / "open_clip_model.safetensors")
        else:
            torch.save(state, folder / "open_clip_pytorch_model.bin")
        (folder / "open_clip_config.json").write_text(json.dumps(dict(model_cfg=self.config, preprocess_cfg=OPENAI)))
        return folder

    def ids(self, texts):
        return self.tokenizer(texts)

    def pixels(self, path):
        cfg = open_clip.transform.PreprocessCfg(size=self.size, **OPENAI)
        return open_clip.transform.image_transform_v2(cfg, is_train=False)(Image.open(path))

    def image(self, pixels):
        return self.model.encode_image(pixels)

    def text(self, ids):
        return self.model.encode_text(ids)


class Training(OpenClip):
    """A training checkpoint, one file, with --arch."""

    def save(self, folder):
        torch.save(dict(epoch=1, name="run", state_dict={"module." + k: v for k, v in self.model.state_dict().items()},
                        optimizer={"state": {0: {"step": torch.tensor(3.0)}}, "param_groups": []}), folder / "epoch_1.pt")
        return folder / "epoch_1.pt"

    def arguments(self):
        return ["--arch", self.arch]


class OpenAI(OpenClip):
    """A TorchScript archive as OpenAI's: mixed fp16, three extra entries; the reference is open_clip's own loader."""

    def cut(self, layers):
        other = super().cut(layers)
        other.model = copy.deepcopy(other.model)
        return other

    def save(self, folder):
        model, mask = self.model, self.model.attn_mask

        class Archive(torch.nn.Module):
            def __init__(self):
                super().__init__()
                for name in ("visual", "transformer", "token_embedding", "ln_final", "positional_embedding", "text_projection", "logit_scale"):
                    setattr(self, name, getattr(model, name))
                for name, value in (("input_resolution", model.visual.image_size[0]), ("context_length", 77), ("vocab_size", 49408)):
                    self.register_buffer(name, torch.tensor(value))

            def forward(self, image, text):
                x = self.ln_final(self.transformer(self.token_embedding(text) + self.positional_embedding, attn_mask=mask))
                return self.visual(image), x[torch.arange(x.shape[0]), text.argmax(-1)] @ self.text_projection

        example = (torch.randn(1, 3, *self.size), self.tokenizer(["x"]))
        traced = torch.jit.trace(Archive().eval(), example, check_trace=False)
        for name, p in traced.named_parameters():
            if "ln_" not in name and "embedding" not in name:
                p.data = p.data.half()
        path = folder / "ViT.pt"
        torch.jit.save(traced, str(path))
        self.model = open_clip.load_openai_model(str(path), precision="fp32", device="cpu").eval()
        return path


class Transformers:
    """A CLIPModel folder as transformers saves it."""

    def __init__(self, vision, text, projection, shard=None, eos=2):
        self.vision, self.text_cfg, self.projection, self.shard, self.eos = vision, text, projection, shard, eos

    def build(self, seed):
        text = dict(eos_token_id=self.eos, projection_dim=self.projection, **self.text_cfg)
        vision = dict(projection_dim=self.projection, **self.vision)
        self.model = peaky(transformers.CLIPModel(transformers.CLIPConfig(text_config=text, vision_config=vision, projection_dim=self.projection)), seed)
        folder = pathlib.Path(open_clip.__file__).parent
        merges = [tuple(m.split()) for m in open_clip.tokenizer.gzip.open(folder / "bpe_simple_vocab_16e6.txt.gz").read().decode().split("\n")[1:48895]]
        simple = open_clip.SimpleTokenizer()
        self.tokenizer = transformers.CLIPTokenizer(vocab={("<|startoftext|>" if i == 49406 else "<|endoftext|>" if i == 49407 else t): i for t, i in simple.encoder.items()},
                                                    merges=merges, model_max_length=77)
        self.processor = transformers.CLIPImageProcessorPil() if hasattr(transformers, "CLIPImageProcessorPil") else transformers.CLIPImageProcessor(backend="pil")

    def cut(self, layers):
        other = copy.copy(self)
        other.model = copy.deepcopy(self.model)
        for tower, cfg in ((other.model.vision_model, other.model.config.vision_config), (other.model.text_model, other.model.config.text_config)):
            tower.encoder.layers = tower.encoder.layers[:layers]
            cfg.num_hidden_layers = len(tower.encoder.layers)
        return other

    def depth(self):
        return max(len(self.model.vision_model.encoder.layers), len(self.model.text_model.encoder.layers))

    def save(self, folder):
        self.model.save_pretrained(folder, **({"max_shard_size": self.shard} if self.shard else {}))
        self.tokenizer.save_pretrained(folder)
        self.processor.save_pretrained(folder)
        return folder

    def ids(self, texts):
        return self.tokenizer(texts, padding="max_length", truncation=True, max_length=77, return_tensors="pt").input_ids

    def pixels(self, path):
        return torch.as_tensor(np.asarray(self.processor(Image.open(path), return_tensors="np").pixel_values[0]))

    def image(self, pixels):
        return pooled(self.model.get_image_features(pixel_values=pixels))

    def text(self, ids):
        return pooled(self.model.get_text_features(input_ids=ids))


B_TEXT = dict(hidden_size=512, intermediate_size=2048, num_hidden_layers=12, num_attention_heads=8)
L_TEXT = dict(hidden_size=768, intermediate_size=3072, num_hidden_layers=12, num_attention_heads=12)
MODELS = {
    "open_clip-b32": OpenClip("ViT-B-32"),
    "open_clip-b16": OpenClip("ViT-B-16", "bin"),
    "open_clip-l14": OpenClip("ViT-L-14"),
    "training-b32": Training("ViT-B-32-quickgelu"),
    "openai-b32": OpenAI("ViT-B-32-quickgelu"),
    "openai-b16": OpenAI("ViT-B-16-quickgelu"),
    "openai-l14": OpenAI("ViT-L-14-quickgelu"),
    "transformers-b32": Transformers(dict(patch_size=32), B_TEXT, 512),
    "transformers-b16": Transformers(dict(patch_size=16), B_TEXT, 512, shard="200MB", eos=49407),
    "transformers-l14": Transformers(dict(patch_size=14, hidden_size=1024, intermediate_size=4096, num_hidden_layers=24, num_attention_heads=16), L_TEXT, 768),
}


# --- the program ---

class Program:
    def __init__(self, path):
        self.path = str(path)

    def run(self, *arguments):
        done = subprocess.run([self.path, *map(str, arguments)], capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"simdclip {' '.join(map(str, arguments))[:300]}\n{done.stderr.strip()}")
        return done.stdout

    def convert(self, source, out, precision, extra=()):
        """Its peak memory, MB. A small process between us and it: a child's peak begins with what its parent holds."""
        peak = ("import resource, subprocess, sys; status = subprocess.call(sys.argv[1:], stdout=subprocess.DEVNULL); "
                "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss); sys.exit(status)")
        arguments = [self.path, "convert", source, "-o", out, "--precision", precision, *extra]
        done = subprocess.run([sys.executable, "-c", peak, *map(str, arguments)], capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"simdclip convert {source}\n{done.stderr.strip()}")
        return int(done.stdout) / 1024

    def opening(self, model):
        """Milliseconds to open a model whose pages are in memory, best of five."""
        return min(json.loads(self.run("bench", "-m", model, "--tower", "text", "--secs", "0.01", "--json"))["load_ms"] for _ in range(5))

    def images(self, model, paths, folder):
        self.run("embed", "-m", model, "-o", folder / "i.npy", *self.plain("embed"), *paths)
        return np.load(folder / "i.npy")

    def texts(self, model, texts, folder):
        self.run("embed", "-m", model, "-o", folder / "t.npy", "--text", *texts)
        return np.load(folder / "t.npy")

    def ids(self, model, texts):
        return np.array(json.loads(self.run("tokenize", "-m", model, "--json", *texts))["ids"])

    def pixels(self, model, path, folder):
        self.run("preprocess", "-m", model, path, "-o", folder / "p.npy", *self.plain("preprocess"))
        return np.load(folder / "p.npy")

    def plain(self, command):
        """No reference applies the EXIF orientation."""
        return ["--exif", "off"] if "--exif" in self.run(command, "--help") else []


def cosines(a, b):
    a, b = a.astype(np.float64), b.astype(np.float64)
    return (a * b).sum(-1) / np.linalg.norm(a, axis=-1) / np.linalg.norm(b, axis=-1)


def compare(program, model, photos, texts, precision, pictures_of_pixels=6):
    """One model's figures: the smallest cosines, ids that differ, the largest pixel difference."""
    with tempfile.TemporaryDirectory() as name, torch.no_grad():
        folder = pathlib.Path(name)
        (folder / "source").mkdir()
        source = model.save(folder / "source")
        out = folder / "model.sclip"
        begin = time.time()
        peak = program.convert(source, out, precision, getattr(model, "arguments", lambda: [])())
        seconds = time.time() - begin
        pixels = [model.pixels(p) for p in photos]
        images = torch.cat([model.image(torch.stack(pixels[i:i + 8])) for i in range(0, len(pixels), 8)]).numpy()
        ids = model.ids(texts)
        largest = max(t.numel() for t in model.model.state_dict().values()) * 4 / 2**20
        result = dict(seconds=seconds, over=peak - largest, opening=program.opening(out), megabytes=out.stat().st_size / 1e6,
                      image=cosines(program.images(out, photos, folder), images).min(),
                      text=cosines(program.texts(out, texts, folder), model.text(ids.long()).numpy()).min(),
                      ids=int((program.ids(out, texts) != ids.numpy()).any(-1).sum()))
        result["pixels"] = max(np.abs(program.pixels(out, p, folder) - px.numpy()).max() for p, px in zip(photos[:pictures_of_pixels], pixels))
        return result


def search_layers(program, model, photos, texts, precision):
    """The same comparison for the model cut to its first n blocks: where does a difference begin?"""
    depths = sorted({n for n in (1, 2, 3, 4, 6, 8, 12, 16, 20, 24, 32) if n < model.depth()} | {model.depth()})
    for n in depths:
        r = compare(program, model.cut(n), photos[:4], texts[:6], precision, 1)
        print(f"    first {n:2d} blocks: image 1 - {1 - r['image']:.2e}, text 1 - {1 - r['text']:.2e}", flush=True)


def find_photos(folder, count):
    paths = sorted(p for p in pathlib.Path(folder).rglob("*") if p.suffix.lower() in (".jpg", ".jpeg", ".png"))
    if not paths:
        raise SystemExit(f"{folder}: no pictures")
    return paths[:: max(1, len(paths) // count)][:count]


def main():
    here = pathlib.Path(__file__).resolve().parent
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default=here.parent.parent / "build" / "tools" / "simdclip", type=pathlib.Path)
    parser.add_argument("--models", default="", help="parts of names, comma separated: " + ", ".join(MODELS))
    parser.add_argument("--photos", default=here.parent / "fixtures", help="folder of pictures (default: the fixtures' one picture)")
    parser.add_argument("--count", default=16, type=int, help="pictures to compare")
    parser.add_argument("--seed", default=7, type=int)
    parser.add_argument("--precision", default="f32", choices=list(BOUNDS))
    parser.add_argument("--layers", action="store_true", help="compare layer by layer even where nothing differs")
    parser.add_argument("--threads", default=2, type=int, help="of PyTorch")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    program, photos = Program(options.program.resolve()), find_photos(options.photos, options.count)
    wanted = [w for w in options.models.split(",") if w]
    names = [n for n in MODELS if not wanted or any(w in n for w in wanted)]
    bound, failures = BOUNDS[options.precision], 0
    print(f"{options.precision}, seed {options.seed}, {len(photos)} pictures, {len(TEXTS)} texts; worst of each")
    print(f"{'model':18s} {'1 - cos image':>14s} {'1 - cos text':>14s} {'ids differ':>10s} {'pixels max':>11s} {'MB':>7s} {'convert s':>9s} {'+MB':>5s} {'open ms':>8s}  verdict", flush=True)
    for name in names:
        model = MODELS[name]
        model.build(options.seed)
        r = compare(program, model, photos, TEXTS, options.precision)
        good = r["image"] >= bound and r["text"] >= bound and r["ids"] == 0 and r["pixels"] < 1e-5 and r["over"] < 200
        failures += not good
        print(f"{name:18s} {1 - r['image']:14.2e} {1 - r['text']:14.2e} {r['ids']:10d} {r['pixels']:11.2e} {r['megabytes']:7.0f} {r['seconds']:9.1f} {r['over']:5.0f} {r['opening']:8.2f}  {'ok' if good else 'FAILED'}", flush=True)
        if options.layers or r["image"] < bound or r["text"] < bound:
            search_layers(program, model, photos, TEXTS, options.precision)
        MODELS[name] = None  # its memory
    print(f"{len(names) - failures} of {len(names)} ok")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
