"""Step 4: augmented views of every picture; the teacher sees each view, the student keeps it at 96 px.

View 0 is the picture on white, untouched; the others vary background, place, scale, rotation and colour. Each
view is one file, so the step resumes and training can start when the first few exist.
"""
import sys

import numpy as np
import torch
import torch.nn.functional as F

import split
from common import CACHE, IMAGE_SIDE, SEED, pictures, save_array
from teachers import EfficientNetLite0

VIEWS = 4
DRAWN_SIDE = 160  # views are drawn at this size, then scaled for the teacher and for the student


def random_background(n, side, rng):
    """[n, 3, side, side]: white, light, any colour, a gradient between two, or soft noise."""
    u = lambda *shape: torch.rand(*shape, generator=rng)
    kind = u(n)
    plain = torch.where((kind < 0.25)[:, None], torch.ones(n, 3), torch.where((kind < 0.5)[:, None], 0.75 + 0.25 * u(n, 3), u(n, 3)))
    other = torch.where((kind > 0.7)[:, None], u(n, 3), plain)
    angle = u(n) * 6.2832
    axis = torch.linspace(-1, 1, side)
    ramp = (axis[None, None] * angle.cos()[:, None, None] + axis[None, :, None] * angle.sin()[:, None, None]) * 0.5 + 0.5
    ramp = ramp.clamp(0, 1)[:, None]
    picture = plain[..., None, None] * (1 - ramp) + other[..., None, None] * ramp
    noise = F.interpolate(torch.randn(n, 3, 7, 7, generator=rng), size=(side, side), mode="bilinear") * 0.12
    return (picture + noise * (kind > 0.85).float()[:, None, None, None]).clamp(0, 1)


def jitter(x, rng):
    """Brightness, contrast, saturation and a little hue (a random near-identity colour matrix); some become grey."""
    n = len(x)
    u = lambda low, high: low + (high - low) * torch.rand(n, 1, 1, 1, generator=rng)
    x = x * u(0.75, 1.2)
    x = (x - x.mean((1, 2, 3), keepdim=True)) * u(0.7, 1.25) + x.mean((1, 2, 3), keepdim=True)
    grey = x.mean(1, keepdim=True)
    saturation = u(0.5, 1.4) * (torch.rand(n, 1, 1, 1, generator=rng) > 0.06)
    x = grey + (x - grey) * saturation
    matrix = torch.eye(3) + 0.06 * torch.randn(n, 3, 3, generator=rng)
    return torch.einsum("nij,njhw->nihw", matrix, x).clamp(0, 1)


def augment(rgba, mirror, rng, side=DRAWN_SIDE):
    """rgba [n, 4, S, S] premultiplied 0..1 -> augmented pictures [n, 3, side, side]; mirror [n] may be turned over."""
    n = len(rgba)
    u = lambda low, high: low + (high - low) * torch.rand(n, generator=rng)
    angle = torch.where(u(0, 1) < 0.6, u(-0.3, 0.3), torch.zeros(n))
    scale = u(0.92, 1.75)  # grid scale: above 1 the object gets smaller
    aspect = u(0.85, 1.18)
    flip = torch.where((u(0, 1) < 0.5) & mirror, -torch.ones(n), torch.ones(n))
    room = (scale - 0.9).clamp(min=0.05)
    theta = torch.stack([torch.stack([flip * angle.cos() * scale * aspect, -angle.sin() * scale + u(-0.1, 0.1), u(-1, 1) * room], -1),
                         torch.stack([flip * angle.sin() * scale, angle.cos() * scale / aspect, u(-1, 1) * room], -1)], 1)
    moved = F.grid_sample(rgba, F.affine_grid(theta, (n, 4, side, side), align_corners=False), align_corners=False)
    ground = random_background(n, side, rng)
    return jitter(moved[:, :3] + ground * (1 - moved[:, 3:]), rng)


def premultiplied(packed):
    x = torch.from_numpy(np.ascontiguousarray(packed)).permute(0, 3, 1, 2).float() / 255
    return torch.cat([x[:, :3] * x[:, 3:], x[:, 3:]], 1)


def clean(rgba, side):
    """On white, a margin of 4 %, as a user's file would look."""
    n = len(rgba)
    theta = torch.tensor([[1.04, 0, 0], [0, 1.04, 0]]).expand(n, 2, 3)
    moved = F.grid_sample(rgba, F.affine_grid(theta, (n, 4, side, side), align_corners=False), align_corners=False)
    return moved[:, :3] + 1 - moved[:, 3:]


def small(drawn):
    x = F.interpolate(drawn, size=(IMAGE_SIDE, IMAGE_SIDE), mode="bicubic", antialias=True, align_corners=False)
    return (x.clamp(0, 1) * 255).round().to(torch.uint8).permute(0, 2, 3, 1).numpy()


def make_view(index, packed, rows, teacher):
    """Writes view<index>.npy and features<index>.npy. Augmented views are made of training rows only (others stay 0)."""
    rng = torch.Generator().manual_seed(SEED + index)
    wanted = np.array([r["id"] for r in rows if index == 0 or r["part"] == "train"])
    mirror = torch.tensor([not r["caption"].startswith("flag") and "letter" not in r["caption"] for r in rows])
    stored = np.zeros((len(rows), IMAGE_SIDE, IMAGE_SIDE, 3), np.uint8)
    features = np.zeros((len(rows), 1280), np.float16)
    for start in range(0, len(wanted), 64):
        rows_now = wanted[start : start + 64]
        rgba = premultiplied(packed[rows_now])
        x = clean(rgba, DRAWN_SIDE) if index == 0 else augment(rgba, mirror[rows_now], rng)
        stored[rows_now] = small(x)
        features[rows_now] = teacher(x).numpy()
        if start // 64 % 20 == 0:
            print(f"view {index}: {start} of {len(wanted)}", flush=True)
    save_array(CACHE / f"view{index}.npy", stored)
    save_array(CACHE / f"features{index}.npy", features)


def main(views=VIEWS):
    packed, _ = pictures()
    rows = split.load()
    teacher = EfficientNetLite0()
    for index in range(views):
        if not (CACHE / f"features{index}.npy").exists():
            make_view(index, packed, rows, teacher)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
