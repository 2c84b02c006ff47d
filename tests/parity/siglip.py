#!/usr/bin/env python3
"""SigLIP in every form that people download, full size, with random peaky weights: big_vision's .npz files, open_clip's and
transformers' folders, NaFlex; CLIPs at another image size; Long-CLIP; what the simdclip program makes of them against PyTorch.

    python3 tests/parity/siglip.py --program build/tools/simdclip --tokenizers FOLDER [--pieces siglip2_vocab.json]
                                   [--photos FOLDER] [--only npz,naflex] [--results FILE]

FOLDER is filled by tokenizer_files.py where it is empty. Prints a table; the exit status is 1 when a row misses its bound. FILE (JSON) takes
the rows, for models.py. Needs what run_parity.py needs, timm and sentencepiece. Not part of ctest: docs/convert.md.
"""
import argparse
import json
import pathlib
import shutil
import sys
import tempfile

import numpy as np
import open_clip
import torch
import transformers
from PIL import Image
from safetensors.torch import save_file

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "fixtures")]
from make_fixtures import peaky, pooled  # noqa: E402
from run_parity import TEXTS, Program, cosines, find_photos  # noqa: E402


# --- big_vision's layout: the inverse of open_clip/convert.py ---

def big_vision_block(out, at, ln1, ln2, qkv, bias, proj, mlp, heads):
    width = proj.weight.shape[0]
    for name, part, b in zip(("query", "key", "value"), qkv.chunk(3), bias.chunk(3)):
        out[f"{at}MultiHeadDotProductAttention_0/{name}/kernel"] = part.T.reshape(width, heads, -1)
        out[f"{at}MultiHeadDotProductAttention_0/{name}/bias"] = b.reshape(heads, -1)
    out[f"{at}MultiHeadDotProductAttention_0/out/kernel"] = proj.weight.T.reshape(heads, -1, width)
    out[f"{at}MultiHeadDotProductAttention_0/out/bias"] = proj.bias
    for i, norm in enumerate((ln1, ln2)):
        out[f"{at}LayerNorm_{i}/scale"], out[f"{at}LayerNorm_{i}/bias"] = norm.weight, norm.bias
    big_vision_mlp(out, at, *mlp)


def big_vision_mlp(out, at, fc1, fc2):
    for i, layer in enumerate((fc1, fc2)):
        out[f"{at}MlpBlock_0/Dense_{i}/kernel"], out[f"{at}MlpBlock_0/Dense_{i}/bias"] = layer.weight.T, layer.bias


def big_vision_arrays(model):
    out, trunk, text = {}, model.visual.trunk, model.text
    out["img/embedding/kernel"] = trunk.patch_embed.proj.weight.permute(2, 3, 1, 0)
    out["img/embedding/bias"] = trunk.patch_embed.proj.bias
    out["img/pos_embedding"] = trunk.pos_embed
    for i, b in enumerate(trunk.blocks):
        big_vision_block(out, f"img/Transformer/encoderblock_{i}/", b.norm1, b.norm2, b.attn.qkv.weight, b.attn.qkv.bias, b.attn.proj, (b.mlp.fc1, b.mlp.fc2), b.attn.num_heads)
    out["img/Transformer/encoder_norm/scale"], out["img/Transformer/encoder_norm/bias"] = trunk.norm.weight, trunk.norm.bias
    pool, head = trunk.attn_pool, "img/MAPHead_0/"
    out[head + "probe"] = pool.latent
    width = pool.latent.shape[-1]
    for name, w, b in (("query", pool.q.weight, pool.q.bias), ("key", pool.kv.weight[:width], pool.kv.bias[:width]), ("value", pool.kv.weight[width:], pool.kv.bias[width:])):
        out[f"{head}MultiHeadDotProductAttention_0/{name}/kernel"] = w.T.reshape(width, pool.num_heads, -1)
        out[f"{head}MultiHeadDotProductAttention_0/{name}/bias"] = b.reshape(pool.num_heads, -1)
    out[head + "MultiHeadDotProductAttention_0/out/kernel"] = pool.proj.weight.T.reshape(pool.num_heads, -1, width)
    out[head + "MultiHeadDotProductAttention_0/out/bias"] = pool.proj.bias
    out[head + "LayerNorm_0/scale"], out[head + "LayerNorm_0/bias"] = pool.norm.weight, pool.norm.bias
    big_vision_mlp(out, head, pool.mlp.fc1, pool.mlp.fc2)
    out["txt/Embed_0/embedding"] = text.token_embedding.weight
    out["txt/pos_embedding"] = text.positional_embedding[None]
    for i, b in enumerate(text.transformer.resblocks):
        big_vision_block(out, f"txt/Encoder_0/encoderblock_{i}/", b.ln_1, b.ln_2, b.attn.in_proj_weight, b.attn.in_proj_bias, b.attn.out_proj, (b.mlp.c_fc, b.mlp.c_proj), b.attn.num_heads)
    out["txt/Encoder_0/encoder_norm/scale"], out["txt/Encoder_0/encoder_norm/bias"] = text.ln_final.weight, text.ln_final.bias
    if text.text_projection is not None:
        out["txt/head/kernel"], out["txt/head/bias"] = text.text_projection.weight.T, text.text_projection.bias
    out["t"], out["b"] = model.logit_scale.reshape(1), model.logit_bias.reshape(1)
    return {"params/" + k: v.detach().float().contiguous().numpy() for k, v in out.items()}


def stacked(arrays):
    """As Flax's scan leaves them: the layers of a tower in one array."""
    out, layers = {}, {}
    for name, value in arrays.items():
        tower, block, rest = name.partition("/encoderblock_")
        if not block:
            out[name] = value
            continue
        number, tail = rest.split("/", 1)
        layers.setdefault(f"{tower}/encoderblock/{tail}", {})[int(number)] = value
    return out | {name: np.stack([by[i] for i in range(len(by))]) for name, by in layers.items()}


def as_bfloat16(value):
    """What numpy saves of ml_dtypes.bfloat16: two raw bytes."""
    return torch.from_numpy(np.array(value)).bfloat16().view(torch.int16).numpy().view("V2")


# --- models ---

class OpenClip:
    """open_clip's model of that name; --arch or a folder, at its own or another image size."""

    def __init__(self, arch, form="folder", tokenizer=None, clean="canonicalize", size=None, layers=None):
        self.arch, self.form, self.tokenizer_name, self.clean, self.force, self.layers = arch, form, tokenizer, clean, size, layers

    def build(self, seed, options):
        self.tokenizers = options.tokenizers
        self.model = peaky(open_clip.create_model(self.arch), seed)
        with torch.no_grad():  # attention has peaks
            for name, p in self.model.named_parameters():
                if name.endswith("qkv.weight"):
                    p[: p.shape[0] // 3 * 2] *= 2
        tags = open_clip.list_pretrained_tags_by_model(self.arch)
        cfg = open_clip.get_pretrained_cfg(self.arch, tags[0]) if tags else dict(mean=open_clip.OPENAI_DATASET_MEAN, std=open_clip.OPENAI_DATASET_STD, interpolation="bicubic", resize_mode="shortest")
        self.preprocess = {k: cfg[k] for k in ("mean", "std", "interpolation", "resize_mode")}
        if self.tokenizer_name:
            self.encode = open_clip.tokenizer.HFTokenizer(str(self.tokenizers / self.tokenizer_name), context_length=self.model.context_length, clean=self.clean)
        else:
            self.encode = open_clip.get_tokenizer(self.arch)

    def save(self, folder):
        if self.tokenizer_name:
            for path in (self.tokenizers / self.tokenizer_name).iterdir():
                shutil.copy(path, folder)
        self.arguments = [] if self.form == "folder" else ["--arch", self.arch]
        state = {k: v.contiguous().clone() for k, v in self.model.state_dict().items()}
        if self.form.startswith("npz"):
            return self.save_npz(folder)
        if self.form == "file":
            source = folder / "model.safetensors"
            save_file(state, source)
        else:
            source = folder
            save_file(state, folder / "open_clip_model.safetensors")
            (folder / "open_clip_config.json").write_text(json.dumps(dict(model_cfg=open_clip.get_model_config(self.arch), preprocess_cfg=self.preprocess)))
        if self.force:
            self.arguments += ["--image-size", "x".join(map(str, self.force)) if isinstance(self.force, tuple) else str(self.force)]
            torch.save(state, folder / "state.pt")
            self.model = open_clip.create_model(self.arch, pretrained=str(folder / "state.pt"), force_image_size=self.force, weights_only=True).eval()
            (folder / "state.pt").unlink()
        return source

    def save_npz(self, folder):
        arrays = big_vision_arrays(self.model)
        if "stacked" in self.form:
            arrays = stacked(arrays)
        if "bf16" in self.form:
            rounded = {k: torch.from_numpy(v).bfloat16().float().numpy() for k, v in arrays.items()}
            np.savez(folder / "w.npz", **{k: as_bfloat16(v) for k, v in arrays.items()})
            arrays = rounded
        else:
            (np.savez_compressed if "deflated" in self.form else np.savez)(folder / "w.npz", **arrays)
        np.savez(folder / "reference.npz", **arrays)
        self.model = open_clip.create_model(self.arch, pretrained=str(folder / "reference.npz")).eval()
        (folder / "reference.npz").unlink()
        return folder / "w.npz"

    def ids(self, texts):
        return self.encode(texts)

    def pixels(self, path):
        cfg = open_clip.transform.PreprocessCfg(size=self.model.visual.image_size, **self.preprocess)
        return open_clip.transform.image_transform_v2(cfg, is_train=False)(Image.open(path))

    def images(self, pixels):
        return torch.cat([self.model.encode_image(p[None]) for p in pixels])

    def text(self, ids):
        return self.model.encode_text(ids)


class LongClip(OpenClip):
    """OpenAI's model with texts of 248 tokens as Long-CLIP's files hold it: two tables of positions, of which the first's 20 rows count and
    the second's others. The reference is open_clip's tower with the table that Zhang 2024 describes, written down here: the masks of the
    forward pass, and the interpolation that fills the tables (20 kept, each step of the others in four)."""

    def build(self, seed, options):
        super().build(seed, options)
        kept, old = 20, self.model.positional_embedding.detach()
        steps = torch.arange(4 * (len(old) - kept)) / 4
        low = steps.long().clamp(max=len(old) - kept - 2)  # behind the last row the last step goes on
        weight = (steps - low)[:, None]
        stretched = torch.cat([old[:kept], old[kept + low] * (1 - weight) + old[kept + low + 1] * weight])
        assert len(stretched) == 248
        torch.manual_seed(seed)
        self.first, self.second = stretched, stretched + 0.3 * stretched.std() * torch.randn_like(stretched)
        mask = (torch.arange(248) < kept).float()[:, None]
        model = self.model
        model.positional_embedding = torch.nn.Parameter(self.first * mask + self.second * (1 - mask))
        model.attn_mask = torch.full((248, 248), float("-inf")).triu_(1)
        model.context_length = 248
        self.encode = open_clip.tokenizer.SimpleTokenizer(context_length=248)

    def save(self, folder):
        self.arguments = []
        state = {k: v.detach().clone() for k, v in self.model.state_dict().items() if k != "attn_mask"}
        state |= dict(positional_embedding=self.first, positional_embedding_res=self.second)
        torch.save(state, folder / "longclip-B.pt")
        return folder / "longclip-B.pt"


class Siglip:
    """transformers' SiglipModel, or Siglip2Model (NaFlex)."""

    def __init__(self, vision, text, tokenizer, naflex=False, max_patches=256, extra=()):
        self.vision, self.text_cfg, self.tokenizer_name, self.naflex, self.max_patches, self.extra = vision, text, tokenizer, naflex, max_patches, list(extra)

    def build(self, seed, options):
        kind = transformers.Siglip2Model if self.naflex else transformers.SiglipModel
        config = (transformers.Siglip2Config if self.naflex else transformers.SiglipConfig)(text_config=self.text_cfg, vision_config=self.vision)
        self.model = peaky(kind(config), seed)
        self.tokenizers = options.tokenizers
        self.tokenizer = transformers.AutoTokenizer.from_pretrained(self.tokenizers / self.tokenizer_name)
        if self.naflex:
            self.processor = transformers.models.siglip2.image_processing_pil_siglip2.Siglip2ImageProcessorPil(patch_size=self.vision.get("patch_size", 16))
        else:
            side = self.vision.get("image_size", 224)
            self.processor = transformers.models.siglip.image_processing_pil_siglip.SiglipImageProcessorPil(size={"height": side, "width": side}, resample=2)

    def save(self, folder):
        for path in (self.tokenizers / self.tokenizer_name).iterdir():
            if path.name != "config.json":
                shutil.copy(path, folder)
        self.model.save_pretrained(folder)
        self.processor.save_pretrained(folder)
        self.arguments = self.extra
        return folder

    def ids(self, texts):
        return self.tokenizer(texts, padding="max_length", truncation=True, max_length=64, return_tensors="pt").input_ids

    def process(self, path):
        more = dict(max_num_patches=self.max_patches) if self.naflex else {}
        return self.processor(Image.open(path).convert("RGB"), return_tensors="pt", **more)

    def pixels(self, path):
        """[3, H, W]: NaFlex's patches put together again."""
        out = self.process(path)
        if not self.naflex:
            return out.pixel_values[0]
        self.kept = getattr(self, "kept", []) + [out]
        h, w = out.spatial_shapes[0].tolist()
        p = self.vision.get("patch_size", 16)
        return out.pixel_values[0, :h * w].reshape(h, w, p, p, 3).permute(4, 0, 2, 1, 3).reshape(3, h * p, w * p)

    def images(self, pixels):
        if not self.naflex:
            return pooled(self.model.get_image_features(pixel_values=torch.stack(pixels)))
        kept, self.kept = self.kept, []
        return torch.cat([pooled(self.model.get_image_features(pixel_values=k.pixel_values, pixel_attention_mask=k.pixel_attention_mask, spatial_shapes=k.spatial_shapes)) for k in kept])

    def text(self, ids):
        return pooled(self.model.get_text_features(input_ids=ids))


def so400m(layers, patch, image, **more):
    return dict(hidden_size=1152, intermediate_size=4304, num_hidden_layers=layers, num_attention_heads=16, patch_size=patch, image_size=image, **more)


TEXT2 = dict(vocab_size=256000)
MODELS = {
    "npz-b16": OpenClip("ViT-B-16-SigLIP", "npz", "t5_c4"),
    "npz-b16-stacked": OpenClip("ViT-B-16-SigLIP", "npz stacked", "t5_c4"),
    "npz-b16-stacked-bf16": OpenClip("ViT-B-16-SigLIP", "npz stacked bf16", "t5_c4"),
    "npz-b16-deflated": OpenClip("ViT-B-16-SigLIP", "npz stacked deflated", "t5_c4"),
    "npz-siglip2-b32": OpenClip("ViT-B-32-SigLIP2-256", "npz stacked", "gemma"),
    "open_clip-siglip-b16": OpenClip("ViT-B-16-SigLIP", "folder", "t5_c4"),
    "open_clip-siglip-b16-file": OpenClip("ViT-B-16-SigLIP", "file", "t5_c4"),
    "open_clip-siglip2-b16": OpenClip("ViT-B-16-SigLIP2", "folder", "gemma"),
    "open_clip-siglip2-b32": OpenClip("ViT-B-32-SigLIP2-256", "file", "gemma"),
    "open_clip-pe-t16-file": OpenClip("PE-Core-T-16-384", "file"),
    "open_clip-mobileclip-b-file": OpenClip("MobileCLIP-B", "file"),
    "size-b32-288": OpenClip("ViT-B-32", size=288),
    "size-b32-160": OpenClip("ViT-B-32", size=160),
    "size-b32-160x256": OpenClip("ViT-B-32", size=(160, 256)),
    "size-siglip-b16-256": OpenClip("ViT-B-16-SigLIP", "folder", "t5_c4", size=256),
    "size-siglip-b16-160": OpenClip("ViT-B-16-SigLIP", "file", "t5_c4", size=160),
    "size-pe-t16-224": OpenClip("PE-Core-T-16-384", size=224),
    "size-eva02-b16-288": OpenClip("EVA02-B-16", size=288),
    "size-mobileclip-b-256": OpenClip("MobileCLIP-B", size=256),
    "size-coca-b32-288": OpenClip("coca_ViT-B-32", size=288),
    "long-clip-b16": LongClip("ViT-B-16-quickgelu"),
    "transformers-siglip-b16": Siglip(dict(patch_size=16), {}, "siglip"),
    "transformers-siglip2-b16": Siglip(dict(patch_size=16), TEXT2, "gemma"),
    "transformers-siglip2-b32-256": Siglip(dict(patch_size=32, image_size=256), TEXT2, "gemma"),
    "transformers-so400m-14-384": Siglip(so400m(2, 14, 384), dict(hidden_size=1152, intermediate_size=4304, num_hidden_layers=2, num_attention_heads=16), "siglip"),
    "naflex-b16": Siglip(dict(patch_size=16), TEXT2, "siglip2", naflex=True),
    "naflex-b16-100": Siglip(dict(patch_size=16), TEXT2, "siglip2", naflex=True, max_patches=100, extra=["--max-patches", "100"]),
    "naflex-so400m-16": Siglip({k: v for k, v in so400m(2, 16, 0).items() if k != "image_size"}, dict(hidden_size=1152, intermediate_size=4304, num_hidden_layers=2, num_attention_heads=16, **TEXT2), "siglip2", naflex=True),
}


def compare(program, model, photos, texts):
    with tempfile.TemporaryDirectory() as name, torch.no_grad():
        folder = pathlib.Path(name)
        (folder / "source").mkdir()
        source, out = model.save(folder / "source"), folder / "model.sclip"
        program.convert(source, out, "f32", model.arguments)
        pixels = [model.pixels(p) for p in photos]
        images, ids = model.images(pixels).numpy(), model.ids(texts)
        text = model.text(ids.long()).numpy()
        result = dict(image=cosines(program.images(out, photos, folder), images).min(), text=cosines(program.texts(out, texts, folder), text).min(),
                      ids=int((program.ids(out, texts) != ids.numpy()).any(-1).sum()))
        mine = [program.pixels(out, p, folder) for p in photos[:8]]
        result["pixels"] = max(np.abs(m - p.numpy()).max() if m.shape == tuple(p.shape) else np.inf for m, p in zip(mine, pixels))
        ranked = json.loads(program.run("rank", "-m", out, "--json", "--exif", "off", photos[0], "--text", *texts))["pictures"][0]["scores"]
        unit = lambda x: x / np.linalg.norm(x, axis=-1, keepdims=True)  # noqa: E731
        scale, bias = model.model.logit_scale.exp().item(), model.model.logit_bias.item() if getattr(model.model, "logit_bias", None) is not None else 0.0
        logits = scale * (unit(text.astype(np.float64)) @ unit(images[0].astype(np.float64))) + bias
        result["logits"] = np.abs(np.array([s["logit"] for s in ranked]) - logits).max() / scale
        return result


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", required=True, type=pathlib.Path)
    parser.add_argument("--tokenizers", required=True, type=pathlib.Path)
    parser.add_argument("--pieces", help="a JSON list of pieces by id")
    parser.add_argument("--photos", default=HERE.parent / "fixtures", type=pathlib.Path)
    parser.add_argument("--count", default=5, type=int)
    parser.add_argument("--only", default="", help="parts of names, comma separated: " + ", ".join(MODELS))
    parser.add_argument("--texts", default=len(TEXTS), type=int)
    parser.add_argument("--threads", default=2, type=int, help="of PyTorch")
    parser.add_argument("--seed", default=7, type=int)
    parser.add_argument("--results", type=pathlib.Path, help="JSON of the rows: those of this run replace their own")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    if not options.tokenizers.exists() or not any(options.tokenizers.iterdir()):
        import tokenizer_files
        tokenizer_files.make(options.tokenizers, options.pieces)
    program, photos = Program(options.program.resolve()), find_photos(options.photos, options.count)
    wanted = [w for w in options.only.split(",") if w]
    failures, kept = 0, json.loads(options.results.read_text()) if options.results and options.results.exists() else {}
    print(f"{len(photos)} pictures, {min(options.texts, len(TEXTS))} texts; worst of each")
    print(f"{'model':30s} {'1 - cos image':>14s} {'1 - cos text':>14s} {'ids differ':>10s} {'pixels max':>11s} {'logits / scale':>14s}  verdict", flush=True)
    for name in [n for n in MODELS if not wanted or any(w in n for w in wanted)]:
        model = MODELS[name]
        try:
            model.build(options.seed, options)
            r = compare(program, model, photos, TEXTS[:options.texts])
        except Exception as error:
            print(f"{name:30s} {type(error).__name__}: {str(error)[-600:]}", flush=True)
            failures += 1
            continue
        good = r["image"] >= 1 - 1e-6 and r["text"] >= 1 - 1e-6 and r["ids"] == 0 and r["pixels"] < 1e-5 and r["logits"] < 1e-5
        failures += not good
        kept[name] = dict(r, pictures=len(photos), texts=min(options.texts, len(TEXTS)), good=bool(good))
        if options.results:
            options.results.write_text(json.dumps({n: kept[n] for n in MODELS if n in kept}, default=float))
        print(f"{name:30s} {1 - r['image']:14.2e} {1 - r['text']:14.2e} {r['ids']:10d} {r['pixels']:11.2e} {r['logits']:14.2e}  {'ok' if good else 'FAILED'}", flush=True)
        MODELS[name] = None  # its memory
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
