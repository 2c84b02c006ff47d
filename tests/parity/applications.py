#!/usr/bin/env python3
"""Compares the commands classify, score, interrogate and condition with the libraries that people use for the same: open_clip, torchmetrics,
clip-interrogator, diffusers, compel; CMMD, CLIP-IQA's and ComfyUI's rules are written down again here.

    python3 tests/parity/applications.py --program build/tools/simdclip [--only classify,score] [--lists FOLDER] [--photos FOLDER]

A small CLIP with random weights, so that everything runs in seconds; the references see the same weights. --lists is a folder with
clip-interrogator's lists. Prints a table; the exit status is 1 when a row misses its bound. Not part of ctest: docs/applications.md.
"""
import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import open_clip
import torch
from safetensors.torch import save_file

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "fixtures"))
from make_fixtures import OPENAI, peaky  # noqa: E402
from conditioning import condition  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
CONFIG = dict(embed_dim=64, vision_cfg=dict(image_size=64, layers=3, width=128, head_width=32, patch_size=16),
              text_cfg=dict(context_length=77, vocab_size=49408, width=96, heads=3, layers=4))
CLASSES = ["tench", "great white shark", "ice bear", "crane (bird)", "crane (machine)", "Granny Smith", "東京", "a"]


class Bench:
    """The model on both sides, and the rows of the table."""

    def __init__(self, arguments, folder):
        self.arguments, self.folder, self.failed = arguments, folder, False
        self.model = peaky(open_clip.CLIP(**CONFIG), 11).eval()
        (folder / "model").mkdir()
        save_file({k: v.contiguous() for k, v in self.model.state_dict().items()}, folder / "model/open_clip_model.safetensors")
        (folder / "model/open_clip_config.json").write_text(json.dumps(dict(model_cfg=CONFIG, preprocess_cfg=OPENAI)))
        self.sclip = folder / "m.sclip"
        self.run("convert", folder / "model", "-o", self.sclip)
        self.tokenizer = open_clip.get_tokenizer("ViT-B-32")
        cfg = open_clip.transform.PreprocessCfg(size=self.model.visual.image_size, **OPENAI)
        self.preprocess = open_clip.transform.image_transform_v2(cfg, is_train=False)
        photos = pathlib.Path(arguments.photos) if arguments.photos else ROOT / "assets/demo"
        self.photos = sorted(p for p in photos.iterdir() if p.suffix.lower() in (".jpeg", ".jpg", ".png"))[:12]

    def run(self, *words):
        out = subprocess.run([self.arguments.program, *map(str, words)], check=True, capture_output=True, text=True)
        return out.stdout

    def command(self, name, *words):
        return self.run(name, "-m", self.sclip, "--cache", self.folder / "cache", *words)

    def image_rows(self, paths):
        from PIL import Image
        with torch.no_grad():
            rows = self.model.encode_image(torch.stack([self.preprocess(Image.open(p)) for p in paths]))
        return torch.nn.functional.normalize(rows, dim=-1)

    def text_rows(self, texts):
        with torch.no_grad():
            return self.model.encode_text(self.tokenizer(texts), normalize=True)

    def row(self, what, value, bound, good=None):
        good = (value <= bound) if good is None else good
        self.failed |= not good
        print(f"{what:66s} {value:12.3g}   bound {bound:8.1g}   {'ok' if good else 'MISSED'}", flush=True)


def classify(bench):
    for name, templates in (("plain", ["a photo of a {}."]), ("best", [t("{}") for t in open_clip.SIMPLE_IMAGENET_TEMPLATES]),
                            ("imagenet", [t("{}") for t in open_clip.OPENAI_IMAGENET_TEMPLATES])):
        expected = open_clip.build_zero_shot_classifier(bench.model, bench.tokenizer, CLASSES, [(lambda c, t=t: t.format(c)) for t in templates]).T
        bench.command("classify", "--class", *CLASSES, "--templates", name, "--weights", bench.folder / "w.npy")
        got = torch.from_numpy(np.load(bench.folder / "w.npy"))
        cosine = torch.nn.functional.cosine_similarity(got.double(), expected.double(), dim=-1)
        bench.row(f"classify: zero-shot weights, {name}: 1 - cosine with open_clip", (1 - cosine).max().item(), 1e-6)
    rows = bench.image_rows(bench.photos)
    expected = (bench.model.logit_scale.exp() * rows @ expected.T).softmax(-1).detach()
    got = json.loads(bench.command("classify", "--class", *CLASSES, "--templates", "imagenet", "--json", "--top", 100, "--exif", "off", *bench.photos))
    worst = 0
    for i, picture in enumerate(got["pictures"]):
        for c in picture["classes"]:
            worst = max(worst, abs(c["probability"] - expected[i, c["index"]].item()))
    bench.row("classify: probabilities, absolute difference", worst, 1e-4)


def siglip(bench):
    """A SigLIP with random weights: each class's sigmoid with scale and bias, by transformers' SiglipModel."""
    import tokenizer_files
    import transformers
    folder = bench.folder / "siglip"
    special = [("<pad>", "control"), ("</s>", "control"), ("<unk>", "unknown")]
    pieces = tokenizer_files.pieces_of(None, 3000, 1)
    tokenizer_files.write(folder, spiece__model=tokenizer_files.spiece(special, pieces), tokenizer_config__json=tokenizer_files.settings("SiglipTokenizer"))
    text = dict(vocab_size=3003, hidden_size=64, intermediate_size=128, num_hidden_layers=3, num_attention_heads=2, max_position_embeddings=64, pad_token_id=1, bos_token_id=1,
                eos_token_id=1, projection_size=64)
    vision = dict(hidden_size=64, intermediate_size=128, num_hidden_layers=3, num_attention_heads=2, image_size=64, patch_size=16)
    model = peaky(transformers.SiglipModel(transformers.SiglipConfig(text_config=text, vision_config=vision)), 21).eval()
    model.logit_scale.data.fill_(np.log(20.0))
    model.logit_bias.data.fill_(-3.0)
    model.save_pretrained(folder)
    processor = transformers.SiglipImageProcessor(size=dict(height=64, width=64), resample=3)
    processor.save_pretrained(folder)
    tokenizer = transformers.SiglipTokenizer.from_pretrained(folder)
    bench.run("convert", folder, "-o", bench.folder / "siglip.sclip")
    from PIL import Image
    opaque = [p for p in bench.photos if Image.open(p).mode == "RGB"] or bench.photos
    with torch.no_grad():
        ids = tokenizer([f"a photo of a {c}." for c in CLASSES], padding="max_length", truncation=True, max_length=64, return_tensors="pt")["input_ids"]
        pixels = processor([Image.open(p).convert("RGB") for p in opaque], return_tensors="pt")["pixel_values"]
        out = model(input_ids=ids, pixel_values=pixels)
        expected = torch.sigmoid(out.logits_per_image)
    got = json.loads(bench.run("classify", "-m", bench.folder / "siglip.sclip", "--cache", "off", "--class", *CLASSES, "--json", "--top", 100, "--exif", "off", *opaque))
    worst = max(abs(c["probability"] - expected[i, c["index"]].item()) for i, p in enumerate(got["pictures"]) for c in p["classes"])
    spread = (expected.max() - expected.min()).item()
    bench.row(f"classify: SigLIP's sigmoids (spread {spread:.2f}) with transformers", worst, 1e-4)


class TorchmetricsModel(torch.nn.Module):
    """What torchmetrics asks of a CLIP, answered by the small model."""
    config = object()

    def __init__(self, bench):
        super().__init__()
        self.bench = [bench]

    def get_image_features(self, pixels):
        with torch.no_grad():
            return self.bench[0].model.encode_image(pixels)

    def get_text_features(self, ids, mask=None):
        with torch.no_grad():
            return self.bench[0].model.encode_text(ids)

    def processor(self, images=None, text=None, **_):
        from PIL import Image
        if text is not None:
            ids = self.bench[0].tokenizer(text)
            return dict(input_ids=ids, attention_mask=torch.ones_like(ids))
        return dict(pixel_values=torch.stack([self.bench[0].preprocess(Image.fromarray(i.permute(1, 2, 0).numpy())) for i in images]))


def cmmd_by_the_paper(x, y, sigma=10.0, scale=1000.0):
    """google-research/cmmd, distance.mmd."""
    gamma = 1 / (2 * sigma**2)

    def kernel(a, b):
        squares = -2 * a @ b.T + (a * a).sum(1)[:, None] + (b * b).sum(1)[None, :]
        return np.exp(-gamma * squares).mean()
    return scale * (kernel(x, x) + kernel(y, y) - 2 * kernel(x, y))


def score(bench):
    from PIL import Image
    from torchmetrics.functional.multimodal import clip_score
    from torchmetrics.functional.multimodal.clip_iqa import _PROMPTS, _clip_iqa_compute
    from torchmetrics.image.fid import _compute_fid
    fake = TorchmetricsModel(bench)
    prompts = [f"a photo of number {i}, {'red' if i % 2 else 'blue'}" for i in range(len(bench.photos))]
    manifest = bench.folder / "manifest.tsv"
    manifest.write_text("".join(f"{p}\t{t}\ta photo\tsomething {i}\n" for i, (p, t) in enumerate(zip(bench.photos, prompts))))
    got = json.loads(bench.run("score", "-m", bench.sclip, "--manifest", manifest, "--iqa", "all", "--json", "--exif", "off"))["scores"]
    image, text = bench.image_rows(bench.photos), bench.text_rows(prompts)
    pictures = [torch.from_numpy(np.array(Image.open(p).convert("RGB"))).permute(2, 0, 1) for p in bench.photos]
    # A picture at a time: torchmetrics clamps the mean.
    expected = [clip_score(p, t, model_name_or_path=lambda: (fake, fake.processor)).item() for p, t in zip(pictures, prompts)]
    # Transparent pictures were flattened above; the embeddings are the reference for them.
    direct = (100 * (image * text).sum(-1)).clamp(min=0).tolist()
    opaque = [i for i, p in enumerate(bench.photos) if Image.open(p).mode == "RGB"]
    bench.row("score: CLIPScore with torchmetrics, opaque pictures (%d)" % len(opaque), max([abs(got[i]["clip_score"] - expected[i]) for i in opaque], default=0), 1e-3)
    bench.row("score: CLIPScore with 100 * cosine, all pictures", max(abs(g["clip_score"] - d) for g, d in zip(got, direct)), 1e-3)
    worst = 0
    for i, g in enumerate(got):  # Hessel's clipscore.py
        own = 2.5 * max((image[i] @ text[i]).item(), 0)
        best = max((bench.text_rows(["a photo", f"something {i}"]) @ text[i]).max().item(), 0)
        worst = max(worst, abs(g["ref_clip_score"] - (2 * own * best / (own + best) if own + best else 0)))
    bench.row("score: RefCLIPScore", worst, 1e-5)
    anchors = bench.text_rows([t for pair in _PROMPTS.values() for t in pair])
    iqa = _clip_iqa_compute(image, anchors, list(_PROMPTS))
    bench.row("score: CLIP-IQA, torchmetrics' 16 pairs", max(abs(g["iqa: " + n] - iqa[n][i].item()) for i, g in enumerate(got) for n in _PROMPTS), 1e-4)
    a, b = bench.photos[:6], bench.photos[6:]
    facts = json.loads(bench.run("score", "-m", bench.sclip, *a, "--against", *b, "--diversity", "--json", "--exif", "off"))
    x, y = image[:6].double().numpy(), image[6:].double().numpy()
    roots = np.sqrt(np.maximum(np.linalg.eigvals(np.cov(x.T) @ np.cov(y.T)).real, 0)).sum()
    plain = ((x.mean(0) - y.mean(0)) ** 2).sum() + np.trace(np.cov(x.T)) + np.trace(np.cov(y.T)) - 2 * roots
    bench.row("score: Frechet distance by its formula in numpy, relative", abs(facts["frechet"] / plain - 1), 1e-4)
    bench.row("score: CMMD, relative", abs(facts["cmmd"] / cmmd_by_the_paper(x, y) - 1), 1e-4)
    cov = [torch.cov(torch.from_numpy(v).T) for v in (x, y)]
    fid = _compute_fid(torch.from_numpy(x.mean(0)), cov[0], torch.from_numpy(y.mean(0)), cov[1]).item()
    bench.row("score: Frechet distance with torchmetrics, relative", abs(facts["frechet"] / fid - 1), 1e-4)
    values = np.linalg.eigvalsh(x @ x.T / len(x))
    values = values[values > 1e-12]
    bench.row("score: Vendi score, relative", abs(facts["vendi"] / np.exp(-(values * np.log(values)).sum()) - 1), 1e-4)
    linear = torch.nn.Linear
    drop = torch.nn.Dropout
    # LAION's two published predictors: aesthetic-predictor's linear layer, and improved-aesthetic-predictor's MLP ("layers.0" to "layers.7").
    heads = {"sa_0_4_vit_l_14_linear.pth": linear(64, 1),
             "sac+logos+ava1-l14-linearMSE.pth": torch.nn.Sequential(linear(64, 1024), drop(0.2), linear(1024, 128), drop(0.2), linear(128, 64), drop(0.1), linear(64, 16), linear(16, 1))}
    for name, head in heads.items():
        state = head.eval().state_dict()
        state = state if isinstance(head, linear) else {"layers." + k: v for k, v in state.items()}
        torch.save(state, bench.folder / name)
        got = json.loads(bench.run("score", "-m", bench.sclip, *bench.photos, "--aesthetic", bench.folder / name, "--json", "--exif", "off"))["scores"]
        with torch.no_grad():
            expected = head(image)[:, 0].tolist()
        bench.row(f"score: {name}", max(abs(g["aesthetic"] - e) for g, e in zip(got, expected)), 1e-5)


def interrogate(bench):
    import clip_interrogator
    from PIL import Image
    lists = pathlib.Path(bench.arguments.lists) if bench.arguments.lists else ROOT / "assets/interrogate"
    few = bench.folder / "lists"
    few.mkdir()
    for path in lists.glob("*.txt"):  # enough for several chunks
        (few / path.name).write_text("\n".join(path.read_text().splitlines()[:300]) + "\n")
    config = clip_interrogator.Config(caption_model_name=None, clip_model_name="ViT-B-32/none", cache_path=None, data_path=str(few), device="cpu",
                                      chunk_size=128, flavor_intermediate_count=64, quiet=True)
    config.clip_model, config.clip_preprocess = bench.model, bench.preprocess
    reference = clip_interrogator.Interrogator(config)
    differing, total = 0, 0
    for path in bench.photos[:3]:
        image = Image.open(path)
        for mode, expected in (("fast", lambda: reference.interrogate_fast(image, caption="a thing")), ("classic", lambda: reference.interrogate_classic(image, caption="a thing")),
                               ("negative", lambda: reference.interrogate_negative(image, max_flavors=6)),
                               ("best", lambda: reference.interrogate(image, min_flavors=2, max_flavors=6, caption="a thing"))):
            limits = dict(fast=(8, 32), classic=(8, 32), negative=(8, 6), best=(2, 6))[mode]
            got = json.loads(bench.command("interrogate", path, "--lists", few, "--caption", "a thing", "--mode", mode, "--chunk", 128, "--candidates", 64, "--min-flavors",
                                           limits[0], "--max-flavors", limits[1], "--json", "--exif", "off"))["pictures"][0]["prompt"]
            want = expected()
            total += 1
            differing += got != want
            if got != want:
                print(f"  {mode}: {got!r}\n  expected {want!r}")
    bench.row(f"interrogate: prompts that differ from clip-interrogator's, of {total}", differing, 0)


PARTS = dict(classify=classify, siglip=siglip, score=score, interrogate=interrogate, condition=condition)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", required=True)
    parser.add_argument("--only", default=",".join(PARTS))
    parser.add_argument("--lists", default="")
    parser.add_argument("--photos", default="")
    arguments = parser.parse_args()
    torch.set_num_threads(2)
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(arguments, pathlib.Path(folder))
        for name in arguments.only.split(","):
            PARTS[name](bench)
        sys.exit(1 if bench.failed else 0)


if __name__ == "__main__":
    main()
