"""The picture tower in training: open_clip's own parameters, computed the fast way for a CPU with bf16 tiles.

All products are bf16, the residual stream too; patches that drop out are never touched. open_clip's module stays the
owner of the weights, so that the export needs nothing of this; `check()` compares both.
"""
import numpy as np
import torch
import torch.nn.functional as F

from common import IMAGE_SIDE
from model import build, config
from teachers import GRID, LOCAL_DIM, PICTURE_DIM

MEAN = torch.tensor([0.48145466, 0.4578275, 0.40821073])  # CLIP's own normalisation
STD = torch.tensor([0.26862954, 0.26130258, 0.27577711])


def linear(x, weight, bias=None):
    return F.linear(x, weight.bfloat16(), None if bias is None else bias.bfloat16())


def normed(x, ln):
    return F.layer_norm(x, ln.normalized_shape, ln.weight.to(x.dtype), ln.bias.to(x.dtype), ln.eps)


def block(x, layer, heads, mask=None):
    """One pre-norm transformer block of open_clip. x: [B, L, W] bf16."""
    n, length, width = x.shape
    attn = layer.attn
    q, k, v = linear(normed(x, layer.ln_1), attn.in_proj_weight, attn.in_proj_bias).view(n, length, 3, heads, width // heads).permute(2, 0, 3, 1, 4)
    scores = (q * (width // heads) ** -0.5) @ k.transpose(-1, -2)
    if mask is not None:
        scores = scores + mask
    mixed = (scores.softmax(-1) @ v).transpose(1, 2).reshape(n, length, width)
    x = x + linear(mixed, attn.out_proj.weight, attn.out_proj.bias)
    hidden = F.gelu(linear(normed(x, layer.ln_2), layer.mlp.c_fc.weight, layer.mlp.c_fc.bias))
    return x + linear(hidden, layer.mlp.c_proj.weight, layer.mlp.c_proj.bias)


def last_block(x, layer, heads):
    """As block(), for the first token alone, since nothing reads the others after it: [B, L, W] -> [B, W]."""
    n, length, width = x.shape
    attn, y = layer.attn, normed(x, layer.ln_1)
    (wq, wkv), (bq, bkv) = (t.split([width, 2 * width]) for t in (attn.in_proj_weight, attn.in_proj_bias))
    q = linear(y[:, :1], wq, bq).view(n, 1, heads, width // heads).transpose(1, 2)
    k, v = linear(y, wkv, bkv).view(n, length, 2, heads, width // heads).permute(2, 0, 3, 1, 4)
    mixed = ((q * (width // heads) ** -0.5) @ k.transpose(-1, -2)).softmax(-1) @ v
    x = x[:, 0] + linear(mixed.reshape(n, width), attn.out_proj.weight, attn.out_proj.bias)
    hidden = F.gelu(linear(normed(x, layer.ln_2), layer.mlp.c_fc.weight, layer.mlp.c_fc.bias))
    return x + linear(hidden, layer.mlp.c_proj.weight, layer.mlp.c_proj.bias)


class Student(torch.nn.Module):
    """visual: the CLIP picture tower; feature, local: linear heads onto the teacher's features, dropped after training."""

    def __init__(self, **overrides):
        super().__init__()
        clip, _ = build(**overrides)
        self.visual = clip.visual
        self.patch = self.visual.conv1.kernel_size[0]
        self.heads = self.visual.transformer.resblocks[0].attn.num_heads
        self.feature = torch.nn.Linear(self.visual.conv1.out_channels, PICTURE_DIM)
        self.local = torch.nn.Linear(self.visual.conv1.out_channels, LOCAL_DIM)
        self.logit_scale = torch.nn.Parameter(torch.tensor(3.0))

    def forward(self, patches, place):
        """patches [B, K, 3 P P] bf16, place [B, K]: which patches they are -> pooled [B, W], vector [B, E], f32; the patches
        before the last block [B, K, W] bf16."""
        v = self.visual
        x = linear(patches, v.conv1.weight.flatten(1)) + v.positional_embedding[1:].bfloat16()[place]
        first = (v.class_embedding + v.positional_embedding[0]).bfloat16().expand(len(x), 1, -1)
        x = normed(torch.cat([first, x], 1), v.ln_pre)
        for layer in v.transformer.resblocks[:-1]:
            x = block(x, layer, self.heads)
        pooled = normed(last_block(x, v.transformer.resblocks[-1], self.heads).float(), v.ln_post)
        return pooled, pooled @ v.proj, x[:, 1:]

    def grown_from(self, state):
        """Takes over a tower of as many blocks or fewer; more of them come before the last one and at first add nothing."""
        own, had = len(self.visual.transformer.resblocks), 1 + max(int(k.split(".")[2]) for k in state if k.startswith("transformer."))
        moved = {k.replace(f"resblocks.{had - 1}.", f"resblocks.{own - 1}."): v for k, v in state.items()}
        self.visual.load_state_dict({**self.visual.state_dict(), **moved})
        for layer in self.visual.transformer.resblocks[had - 1 : own - 1]:
            for last in (layer.attn.out_proj, layer.mlp.c_proj):
                torch.nn.init.zeros_(last.weight)
                torch.nn.init.zeros_(last.bias)


def chosen(pieces, keep, rng):
    """Which patches a step looks at, [B, keep]: at random, but those that show something three times out of four first."""
    drawn = pieces[:, :, ::7].astype(np.int16)
    shows = np.ptp(drawn, axis=2) > 12
    return (rng.random(shows.shape) - 0.75 * (shows & (rng.random(shows.shape) < 0.75))).argsort(1)[:, :keep]


def cut_patches(uint8, patch, keep, rng, gain=None, offset=None):
    """uint8 [B, S, S, 3] -> normalised patches [B, keep, 3 P P] bf16 (in the order of conv1's weights) and their places."""
    n, grid = len(uint8), IMAGE_SIDE // patch
    pieces = uint8.reshape(n, grid, patch, grid, patch, 3).transpose(0, 1, 3, 5, 2, 4).reshape(n, grid * grid, -1)
    place = np.arange(grid * grid)[None].repeat(n, 0)
    if keep < grid * grid:
        place = chosen(pieces, keep, rng)
        pieces = np.take_along_axis(pieces, place[..., None], 1)
    x = torch.from_numpy(np.ascontiguousarray(pieces)).view(n, -1, 3, patch * patch).float()
    scale, shift = 1 / (255 * STD), -MEAN / STD
    if gain is not None:  # [B, 3]: colour changes, folded into the normalisation
        scale, shift = scale * gain[:, None], shift + (offset / STD)[:, None]
        scale, shift = scale[..., None], shift[..., None]
    else:
        scale, shift = scale[:, None], shift[:, None]
    return (x * scale + shift).flatten(2).bfloat16(), torch.from_numpy(place)


def shifted(views, mirror, rng, most=6):
    """Each picture moved by up to `most` pixels (edges repeated), those of mirror [B] half of the time turned over; its rows and columns."""
    n, side = len(views), IMAGE_SIDE
    rows = (np.arange(side)[None] + rng.integers(-most, most + 1, (n, 1))).clip(0, side - 1)
    columns = (np.arange(side)[None] + rng.integers(-most, most + 1, (n, 1))).clip(0, side - 1)
    turn = mirror & (rng.random(n) < 0.5)
    columns[turn] = columns[turn, ::-1]
    return views[np.arange(n)[:, None, None], rows[:, :, None], columns[:, None, :]], rows, columns


def local_targets(local, place, rows, columns, patch):
    """The teacher's local features [B, GRID^2, D] at the patches `place` [B, K] of pictures with these source rows and columns."""
    grid, middle = IMAGE_SIDE // patch, patch // 2
    centres = [torch.from_numpy((x[:, middle::patch] + x[:, middle - 1 :: patch] + 1) / IMAGE_SIDE - 1).float() for x in (rows, columns)]  # [B, grid] in -1..1
    at = torch.stack([centres[1].gather(1, place % grid), centres[0].gather(1, place // grid)], -1)
    maps = local.float().view(len(local), GRID, GRID, -1).permute(0, 3, 1, 2)
    return F.grid_sample(maps, at[:, :, None], padding_mode="border", align_corners=False)[..., 0].transpose(1, 2)


@torch.no_grad()
def embed(student, uint8):
    out = []
    for start in range(0, len(uint8), 256):
        patches, place = cut_patches(uint8[start : start + 256], student.patch, 1 << 30, None)
        out.append(student(patches, place)[1])
    return F.normalize(torch.cat(out), dim=-1)


def check():
    """The fast way against open_clip's own on random pictures: the least cosine."""
    torch.manual_seed(0)
    student = Student()
    uint8 = np.random.default_rng(0).integers(0, 256, (4, IMAGE_SIDE, IMAGE_SIDE, 3), dtype=np.uint8)
    own = student.visual(((torch.from_numpy(uint8).float() / 255 - MEAN) / STD).permute(0, 3, 1, 2))
    print("least cosine to open_clip's own", F.cosine_similarity(own, embed(student, uint8)).min().item(), config())


if __name__ == "__main__":
    check()
