"""What the rows of models.py share: random weights of two kinds, the driver and the program, cosines, and files of names and shapes alone."""
import json
import math
import pathlib
import re
import struct
import subprocess
import sys

import numpy as np
import torch

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "fixtures"))
from make_fixtures import peaky as peaky_parameters, worn  # noqa: E402

BLOCK = re.compile(r"(?:resblocks|blocks|layers?|block)\.(\d+)\.")
PRECISIONS = ("bf16", "int8")


def call(*arguments):
    """The error's last line, or nothing."""
    done = subprocess.run([str(a) for a in arguments], capture_output=True, text=True)
    return "" if done.returncode == 0 else (done.stderr.strip() or f"ended with {done.returncode}").split("\n")[-1]


def output(*arguments):
    done = subprocess.run([str(a) for a in arguments], capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(done.stderr.strip())
    return done.stdout


def cosine(a, b):
    """The lowest of the rows'."""
    a, b = a.astype(np.float64), b.astype(np.float64)
    return float(((a * b).sum(-1) / np.linalg.norm(a, axis=-1) / np.linalg.norm(b, axis=-1)).min())


def peaky(model, seed):
    """Weights that make attention look somewhere; every rounding is amplified."""
    model = peaky_parameters(model, seed).eval()
    with torch.no_grad():
        for name, p in model.named_parameters():
            if name.endswith("qkv.weight"):
                p[: p.shape[0] // 3 * 2] *= 2
    return with_statistics(model)


def with_statistics(model):
    visual = getattr(model, "visual", None)
    if type(visual).__name__ == "ModifiedResNet":  # fifty norms in a row: statistics must fit what passes them
        size = visual.image_size
        worn(visual, size[0] if isinstance(size, tuple) else size, 20)
        return model
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.3)
            module.running_var.uniform_(0.5, 2)
    return model


BRANCH_END = re.compile(r"(out_proj|attn\.proj|c_proj|fc2|output\.dense|SelfAttention\.o|\.wo)\.weight$")
BRANCH_MIDDLE = re.compile(r"(c_fc|fc1\w*|intermediate\.dense|wi_\d)\.weight$")
T5_QUERY = re.compile(r"SelfAttention\.q\.weight$")
INNER_NORM = re.compile(r"(attn|mlp)\.norm$")
TABLE = re.compile(r"embed(?!.*(proj|conv)\.)|pos_|cls_|latent|probe|\.query$|relative")


def block_counts(model):
    """Of each stack of blocks, by the beginning of its parameters' names."""
    counts = {}
    for name, _ in model.named_parameters():
        if match := BLOCK.search(name):
            counts[name[: match.start()]] = max(counts.get(name[: match.start()], 0), int(match[1]) + 1)
    return counts


def calm(model, seed):
    """Weights near the scale of real ones: products as open_clip initialises its own, norms spread, and in a quarter of each tower's blocks, from a third of
    its depth on, three channels of the norms in front of its products twenty times as large (docs/numerics.md)."""
    torch.manual_seed(seed)
    counts = block_counts(model)
    norms = {n: m for n, m in model.named_modules() if type(m).__name__.endswith(("LayerNorm", "RMSNorm", "LayerNormFp32"))}
    with torch.no_grad():
        for name, p in model.named_parameters():
            match = BLOCK.search(name)
            blocks = counts[name[: match.start()]] if match else 1
            if name.endswith(("gamma", "gamma_1", "gamma_2")):
                p.copy_(0.6 + 0.1 * torch.randn_like(p))
            elif name.endswith("bias") and name.rpartition(".")[0] not in norms:
                p.copy_(0.02 * torch.randn_like(p))
            elif p.ndim >= 2 and not TABLE.search(name):
                ends = BRANCH_END.search(name)
                p.normal_(0, (2 * blocks * p.shape[0]) ** -0.5 if ends else ((2 if BRANCH_MIDDLE.search(name) else 1) * p[0].numel()) ** -0.5)
                if T5_QUERY.search(name):
                    p.mul_(1 / 8)  # scores are not scaled
        for name, norm in norms.items():
            if norm.weight is None:
                continue
            norm.weight.copy_(torch.exp(0.2 * torch.randn_like(norm.weight)))
            if getattr(norm, "bias", None) is not None:
                norm.bias.copy_(0.02 * torch.randn_like(norm.bias))
            if (match := BLOCK.search(name + ".")) and not INNER_NORM.search(name):
                blocks = counts[name[: match.start()]]
                if blocks // 3 <= int(match[1]) < blocks // 3 + (blocks + 3) // 4:
                    norm.weight[torch.randperm(norm.weight.shape[0])[:3]] *= 20
    return with_statistics(model).eval()


def calm_tables(model, seed):
    """As calm; the image tower's class token and positions as large as a patch's row, where timm begins them a fiftieth of that. A second drawing: it
    makes pictures more alike, too."""
    model = calm(model, seed)
    with torch.no_grad():
        model.visual.trunk.cls_token.normal_(0, 0.5)
        model.visual.trunk.pos_embed.normal_(0, 0.3)
    return model


def apart(rows):
    """The highest cosine of two different rows: how much a cosine of a row to its reference says."""
    rows = rows.astype(np.float64)
    rows /= np.linalg.norm(rows, axis=-1, keepdims=True)
    between = rows @ rows.T
    return float(between[~np.eye(len(rows), dtype=bool)].max())


def pictures(count, size, generator):
    """Pixels with large and small features, as a picture's normalized ones."""
    coarse = torch.from_numpy(generator.standard_normal((count, 3, 7, 7), np.float32))
    fine = torch.from_numpy(generator.standard_normal((count, 3, *size), np.float32))
    return (torch.nn.functional.interpolate(coarse, size=tuple(size), mode="bicubic") + 0.3 * fine).contiguous()


def header_only(state, path):
    """A safetensors file of the right names, shapes and size whose weights are a hole."""
    header, at = {}, 0
    for name in sorted(state):
        size = math.prod(state[name].shape) * 4
        header[name] = dict(dtype="F32", shape=list(state[name].shape), data_offsets=[at, at + size])
        at += size
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        file.truncate(8 + len(text) + at)


def whole(state):
    """As safetensors wants it: no tensor shares memory with another."""
    return {k: v.detach().contiguous().clone() for k, v in state.items()}


def embed(driver, model, folder, pixels, ids):
    """(error, image rows or None, text rows or None) of a .sclip file; pixels, ids: arrays or None."""
    paths = []
    for name, values in (("pixels", pixels), ("ids", ids)):
        paths.append("-" if values is None else folder / f"{name}.npy")
        if values is not None:
            np.save(paths[-1], values)
    error = call(driver, "embed", model, *paths, folder / "i.f32", folder / "t.f32")
    rows = [None if error or v is None else np.fromfile(folder / f, np.float32).reshape(len(v), -1) for f, v in (("i.f32", pixels), ("t.f32", ids))]
    return error, *rows


def cosines(rows, references):
    return [None if r is None else cosine(r, want) for r, want in zip(rows, references)]
