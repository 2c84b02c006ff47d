"""Step 5: views of the pictures with what the picture teacher says of each; the student keeps them at 96 px.

    python views.py clean        every picture on white: view0.npy, features0.npy, local0.npy, the same with more_ before
    python views.py augmented 60 80
                                 chunks of augmented views into views/, for 60 minutes or until there are 80; training runs beside it

Augmented views vary background, place, scale, rotation and colour; some show two pictures at once, which have no
caption but still a teacher's vector. No view is drawn twice: the training takes new chunks in as they appear.
"""
import sys
import time

import numpy as np
import torch
import torch.nn.functional as F

import split
from common import CACHE, IMAGE_SIDE, SEED, more_pictures, pictures, save_array, save_torch
from teachers import LOCAL_DIM, EfficientNetLite0

CLEAN_SIDE, DRAWN_SIDE = 160, 128  # views are drawn at this size, then scaled for the teacher and for the student
CHUNK, BATCH = 2048, 64
COMPOSITES = 0.15  # of the views show two pictures


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


def move(rgba, mirror, rng):
    """rgba [n, 4, S, S] premultiplied 0..1 -> each at another place, size, angle; mirror [n] may be turned over."""
    n = len(rgba)
    u = lambda low, high: low + (high - low) * torch.rand(n, generator=rng)
    angle = torch.where(u(0, 1) < 0.6, u(-0.3, 0.3), torch.zeros(n))
    scale = u(0.92, 1.75)  # grid scale: above 1 the object gets smaller
    aspect = u(0.85, 1.18)
    flip = torch.where((u(0, 1) < 0.5) & mirror, -torch.ones(n), torch.ones(n))
    room = (scale - 0.9).clamp(min=0.05)
    theta = torch.stack([torch.stack([flip * angle.cos() * scale * aspect, -angle.sin() * scale + u(-0.1, 0.1), u(-1, 1) * room], -1),
                         torch.stack([flip * angle.sin() * scale, angle.cos() * scale / aspect, u(-1, 1) * room], -1)], 1)
    return F.grid_sample(rgba, F.affine_grid(theta, (n, 4, DRAWN_SIDE, DRAWN_SIDE), align_corners=False), align_corners=False)


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


def draw(rgba, other, mirror, rng):
    """Augmented views [n, 3, S, S]; where other [n] is given (>= 0), that row of the batch is drawn over the first."""
    first = move(rgba, mirror, rng)
    second = move(rgba[other.clamp(min=0)], mirror[other.clamp(min=0)], rng) * (other >= 0).float()[:, None, None, None]
    layers = second + first * (1 - second[:, 3:])
    ground = random_background(len(rgba), DRAWN_SIDE, rng)
    return jitter(layers[:, :3] + ground * (1 - layers[:, 3:]), rng)


class Pool:
    """All pictures that are trained on, those of the split and those beyond it, by id."""

    def __init__(self):
        (self.base, _), (self.more, more_rows) = pictures(), more_pictures()
        self.rows = split.load() + more_rows
        self.ids = np.array([r["id"] for r in self.rows if r["part"] == "train"])
        self.mirror = torch.tensor([not r["caption"].startswith("flag") and "letter" not in r["caption"] for r in self.rows])

    def packed(self, ids):
        return np.stack([self.base[i] if i < len(self.base) else self.more[i - len(self.base)] for i in ids])


def make_chunk(index, pool, ids, teacher):
    """views/<index>.npz: pixels [n, 96, 96, 3], features [n, 1280], local [n, 49, 64], ids [n] (-1: two pictures)."""
    rng = torch.Generator().manual_seed(SEED + 1000 + index)
    pixels, features, local, shown = [], [], [], ids.copy()
    for start in range(0, len(ids), BATCH):
        now = ids[start : start + BATCH]
        pair = torch.rand(len(now), generator=rng) < COMPOSITES
        other = torch.where(pair, torch.arange(len(now)).roll(1), torch.full((len(now),), -1))
        drawn = draw(premultiplied(pool.packed(now)), other, pool.mirror[now], rng)
        shown[start : start + BATCH][pair.numpy()] = -1
        pixels.append(small(drawn))
        for kept, now in zip((features, local), teacher(drawn)):
            kept.append(now.numpy().astype(np.float16))
    folder = CACHE / "views"
    partial = folder / f"{index:04d}.part"
    with open(partial, "wb") as file:
        np.savez(file, pixels=np.concatenate(pixels), features=np.concatenate(features), local=np.concatenate(local), ids=shown)
    partial.rename(folder / f"{index:04d}.npz")


def augmented(minutes, most, first=0, stride=1):
    """Resumes after the last chunk (of those first, first + stride ...); every picture is drawn once before any is drawn again."""
    (CACHE / "views").mkdir(exist_ok=True)
    pool, teacher = Pool(), EfficientNetLite0(basis=local_basis())
    index, until = first, time.monotonic() + 60 * minutes
    while time.monotonic() < until and index < most:
        if (CACHE / "views" / f"{index:04d}.npz").exists():
            index += stride
            continue
        at = index * CHUNK + np.arange(CHUNK)
        rounds = [np.random.default_rng((SEED, 3, r)).permutation(pool.ids) for r in range(at[0] // len(pool.ids), at[-1] // len(pool.ids) + 1)]
        make_chunk(index, pool, np.concatenate(rounds)[at - at[0] // len(pool.ids) * len(pool.ids)], teacher)
        index += stride
        print(f"{index} chunks, {index * CHUNK / len(pool.ids):.1f} rounds", flush=True)


def local_basis():
    """The principal directions of the teacher's local features over training pictures (mean [1280], axes [1280, 64]); large ones are toned down."""
    path = CACHE / "local_basis.pt"
    if not path.exists():
        pool, teacher = Pool(), EfficientNetLite0()
        chosen = np.random.default_rng(SEED).choice(pool.ids, 1024, replace=False)
        parts = [teacher(clean(premultiplied(pool.packed(ids)), CLEAN_SIDE))[1] for ids in np.array_split(chosen, 1024 // BATCH)]
        x = torch.cat(parts).flatten(0, 1)
        mean = x.mean(0)
        values, vectors = torch.linalg.eigh((x - mean).T @ (x - mean) / len(x))
        values, vectors = values[-LOCAL_DIM:].flip(0), vectors[:, -LOCAL_DIM:].flip(1)
        save_torch(path, (mean, vectors / values**0.25))
    return torch.load(path)


def clean_views(packed, prefix, teacher):
    if (CACHE / f"{prefix}local0.npy").exists():
        return
    view, features, local = [], [], []
    for start in range(0, len(packed), BATCH):
        x = clean(premultiplied(packed[start : start + BATCH]), CLEAN_SIDE)
        view.append(small(x))
        for kept, now in zip((features, local), teacher(x)):
            kept.append(now.numpy().astype(np.float16))
    save_array(CACHE / f"{prefix}view0.npy", np.concatenate(view))
    save_array(CACHE / f"{prefix}features0.npy", np.concatenate(features))
    save_array(CACHE / f"{prefix}local0.npy", np.concatenate(local))


def main(what, minutes="60", most="80", first="0", stride="1"):
    if what == "augmented":
        augmented(float(minutes), int(most), int(first), int(stride))
    else:
        teacher = EfficientNetLite0(basis=local_basis())
        clean_views(pictures()[0], "", teacher)
        clean_views(more_pictures()[0], "more_", teacher)


if __name__ == "__main__":
    main(*sys.argv[1:])
