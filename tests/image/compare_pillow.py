#!/usr/bin/env python3
"""Compares this library's pixels with Pillow's and torchvision's, on thousands of random pictures. Run by hand:

    cmake --build build --target image_driver
    python3 tests/image/compare_pillow.py build/tests/image/image_driver [--count 2000] [--seed 1] [--isa avx2 ...]

Needs Pillow, numpy, torch, torchvision, open_clip. Prints one line for each kind of comparison; exit status 1 when a byte differs.
"""
import argparse
import collections
import io
import os
import random
import subprocess
import sys
import tempfile
import warnings

import numpy as np
from PIL import Image, ImageFile, ImageOps

warnings.filterwarnings("ignore")
ImageFile.MAXBLOCK = 1 << 24  # optimized JPEGs are written in one piece
MODES = ["1", "L", "LA", "RGB", "RGBA", "P", "CMYK", "I;16", "I"]


class Driver:
    def __init__(self, path):
        self.process = subprocess.Popen([path], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def ask(self, *words):
        self.process.stdin.write((" ".join(str(w) for w in words) + "\n").encode())
        self.process.stdin.flush()
        return self.process.stdout.readline().decode().split()

    def take(self, n):
        return self.process.stdout.read(n)

    def decode(self, path, command="decode"):
        head = self.ask(command, path)
        if head[0] != "ok":
            return head
        width, height, mode, orientation, transparent, palette_bytes, pixel_bytes = map(int, head[1:])
        palette, pixels = self.take(palette_bytes), self.take(pixel_bytes)
        return dict(size=(width, height), mode=MODES[mode], orientation=orientation, transparent=bool(transparent),
                    palette=palette, pixels=pixels)

    def preprocess(self, path, isa, resize, interpolation, first, height, width, command="preprocess"):
        head = self.ask(command, isa, resize, interpolation, int(first), height, width, path)
        if head[0] != "ok":
            return head
        return np.frombuffer(self.take(int(head[1])), np.float32).reshape(3, height, width)


def raw_bytes(im):
    """The pixels in this library's layout."""
    if im.mode == "1":
        return (np.array(im, np.uint8) * 255).tobytes()
    if im.mode == "I;16":
        return np.array(im).astype(np.uint16).tobytes()
    return np.array(im).tobytes()


def same_decode(got, im):
    if isinstance(got, list):
        return "refused: " + " ".join(got)
    if got["mode"] != im.mode or got["size"] != im.size:
        return f"mode {got['mode']} {got['size']}, expected {im.mode} {im.size}"
    if got["pixels"] != raw_bytes(im):
        a, b = np.frombuffer(got["pixels"], np.uint8), np.frombuffer(raw_bytes(im), np.uint8)
        return f"{int((a != b).sum())} bytes differ of {a.size}"
    if im.mode == "P":
        mine = np.frombuffer(got["palette"], np.uint8).reshape(256, 4)[:, :3]
        used = np.unique(np.array(im))
        theirs = np.array(im.convert("RGB")).reshape(-1, 3)
        first = {v: i for i, v in reversed(list(enumerate(np.array(im).reshape(-1))))}
        for v in used:
            if not np.array_equal(mine[v], theirs[first[v]]):
                return f"palette entry {v} is {mine[v]}, expected {theirs[first[v]]}"
    return None


def open_clip_pixels(im, resize, interpolation, height, width):
    from open_clip.transform import image_transform
    size = height if height == width else (height, width)
    transform = image_transform(size, is_train=False, resize_mode=resize, interpolation=interpolation)
    return transform(im).numpy()


def transformers_pixels(im, resize, interpolation, height, width):
    """transformers' rules with PIL, and torchvision's floats."""
    from torchvision.transforms.functional import normalize, to_tensor
    alpha = "A" in im.getbands() or im.info.get("transparency") is not None
    if alpha:
        im = im.convert("RGBA")
        im = Image.alpha_composite(Image.new("RGBA", im.size, (255, 255, 255, 255)), im)
    im = im.convert("RGB")
    filters = {"bicubic": Image.BICUBIC, "bilinear": Image.BILINEAR}
    if resize == "squash":
        im = im.resize((width, height), filters[interpolation])
    else:
        w, h = im.size
        short, long = (w, h) if w <= h else (h, w)
        new = int(width * long / short)
        im = im.resize((width, new) if w <= h else (new, width), filters[interpolation])
        left, top = (im.size[0] - width) // 2, (im.size[1] - height) // 2
        im = im.crop((left, top, left + width, top + height))
    return normalize(to_tensor(im), (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)).numpy()


def textured(rng, width, height, channels):
    """Noise, gradients and edges: smooth parts and extremes both matter for clipping."""
    y, x = np.mgrid[0:height, 0:width]
    out = np.empty((height, width, channels), np.uint8)
    for c in range(channels):
        kind = rng.integers(4)
        if kind == 0:
            v = rng.integers(0, 256, (height, width))
        elif kind == 1:
            v = (np.sin(x / rng.uniform(1, 40)) + np.cos(y / rng.uniform(1, 40))) * 64 + 128
        elif kind == 2:
            v = ((x // rng.integers(1, 9) + y // rng.integers(1, 9)) % 2) * 255
        else:
            v = x * 255 / max(1, width - 1) * 0.5 + y * 255 / max(1, height - 1) * 0.5 + rng.integers(-9, 9, (height, width))
        out[..., c] = np.clip(v, 0, 255)
    return out


def random_image(rng, pyrng, max_side=700):
    mode = pyrng.choice(["1", "L", "LA", "RGB", "RGB", "RGB", "RGBA", "P", "CMYK", "I;16", "I"])
    if pyrng.random() < 0.1:
        width, height = pyrng.choice([(1, 1), (1, 300), (300, 1), (2, 3), (3, 900), (1500, 40), (224, 224), (224, 225), (447, 224)])
    else:
        width, height = (int(2 ** pyrng.uniform(0, np.log2(max_side))) for _ in range(2))
    if mode in ("I;16", "I"):
        data = (textured(rng, width, height, 1)[..., 0].astype(np.uint16) << pyrng.randrange(9)) + rng.integers(0, 2, (height, width))
        return Image.fromarray(np.clip(data, 0, 65535).astype(np.uint16))
    channels = len(Image.new(mode, (1, 1)).getbands())
    data = textured(rng, width, height, channels)
    if mode == "1":
        return Image.fromarray(data[..., 0]).convert("1")
    if mode == "P":
        colors = pyrng.choice([2, 3, 16, 17, 200, 256])
        im = Image.fromarray((data[..., 0].astype(np.uint16) % colors).astype(np.uint8), "P")
        im.putpalette(bytes(rng.integers(0, 256, 3 * colors, np.uint8)))
        return im
    if mode == "LA":
        return Image.merge("LA", [Image.fromarray(data[..., c]) for c in range(2)])
    return Image.fromarray(data[..., 0] if channels == 1 else data, mode)


def encode(im, rng, pyrng):
    """(format name, bytes): the picture in a random file format that takes its mode, with random settings."""
    formats = {"1": ["PNG", "BMP", "TGA", "PPM", "GIF"], "L": ["PNG", "BMP", "TGA", "PPM", "GIF", "JPEG"], "LA": ["PNG", "TGA"],
               "RGB": ["PNG", "BMP", "TGA", "PPM", "JPEG", "JPEG", "JPEG", "WEBP"], "RGBA": ["PNG", "TGA", "WEBP", "BMP"],
               "P": ["PNG", "BMP", "TGA", "GIF"], "CMYK": ["JPEG"], "I;16": ["PNG", "PPM"], "I": ["PPM"]}
    name, options = pyrng.choice(formats[im.mode]), {}
    if name == "JPEG":
        options = dict(quality=pyrng.randrange(1, 101), subsampling=pyrng.choice([0, 1, 2]) if im.mode == "RGB" else -1,
                       progressive=pyrng.random() < 0.3, optimize=pyrng.random() < 0.3)
        if pyrng.random() < 0.2:
            options["restart_marker_rows"] = pyrng.randrange(1, 4)
        if pyrng.random() < 0.6:
            options["exif"] = Image.Exif()
            options["exif"][0x0112] = pyrng.randrange(1, 9)
    elif name == "PNG":
        options = dict(compress_level=pyrng.randrange(10))
        if im.mode == "P" and pyrng.random() < 0.5:
            options["transparency"] = pyrng.choice([0, bytes(rng.integers(0, 256, 5, np.uint8))])
        elif im.mode == "L" and pyrng.random() < 0.3:
            options["transparency"] = int(np.array(im).reshape(-1)[0])
        elif im.mode == "RGB" and pyrng.random() < 0.3:
            options["transparency"] = tuple(int(v) for v in np.array(im).reshape(-1, 3)[0])
    elif name == "GIF":
        options = dict(interlace=pyrng.randrange(2))
        if pyrng.random() < 0.5:
            options["transparency"] = 1
    elif name == "TGA":
        options = dict(compression=pyrng.choice([None, "tga_rle"]) if im.mode != "1" else None, orientation=pyrng.choice([-1, 1]))
    elif name == "WEBP":
        options = dict(quality=pyrng.randrange(101), lossless=pyrng.random() < 0.3, method=0, exact=True)
    stream = io.BytesIO()
    im.save(stream, name, **options)
    return name, stream.getvalue()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("driver")
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--isa", nargs="*", default=["portable"])
    parser.add_argument("--files", nargs="*", default=[], help="also these picture files")
    arguments = parser.parse_args()
    driver = Driver(arguments.driver)
    tally, failures = collections.Counter(), []
    with tempfile.TemporaryDirectory() as folder:
        for i in range(arguments.count + len(arguments.files)):
            rng, pyrng = np.random.default_rng([arguments.seed, i]), random.Random(arguments.seed * 1_000_003 + i)
            if i < arguments.count:
                name, data = encode(random_image(rng, pyrng), rng, pyrng)
                path = os.path.join(folder, "picture")
                with open(path, "wb") as f:
                    f.write(data)
            else:
                path, name = arguments.files[i - arguments.count], "file"
            try:
                im = Image.open(path)
                im.load()
            except Exception as error:
                tally["Pillow refuses"] += 1
                print("Pillow refuses", path, error)
                continue
            what = f"{name} {im.mode}"
            problem = same_decode(driver.decode(path), im)
            tally["decode " + what] += 1
            if problem:
                failures.append(f"#{i} decode {what} {im.size}: {problem}")
                continue
            upright = driver.decode(path, "upright")
            if upright["pixels"] != raw_bytes(ImageOps.exif_transpose(im)):
                failures.append(f"#{i} upright {what}")
            for isa in arguments.isa:
                resize, interpolation = pyrng.choice(["shortest", "squash"]), pyrng.choice(["bicubic", "bilinear"])
                first = pyrng.random() < 0.4
                height = width = pyrng.choice([1, 2, 7, 32, 100, 224, 224, 336])
                if not first and pyrng.random() < 0.2:
                    height = pyrng.choice([5, 64, 160, 256])
                try:
                    expected = (transformers_pixels if first else open_clip_pixels)(im, resize, interpolation, height, width)
                except (MemoryError, ValueError) as error:
                    tally["reference refuses"] += 1
                    continue
                got = driver.preprocess(path, isa, resize, interpolation, first, height, width)
                streamed = driver.preprocess(path, isa, resize, interpolation, first, height, width, "encoded")
                if not isinstance(got, list) and (isinstance(streamed, list) or streamed.tobytes() != got.tobytes()):
                    failures.append(f"#{i} streamed {name} {im.mode} {im.size} -> {height}x{width} {resize}")
                if im.getexif().get(0x0112, 1) != 1:
                    turned = ImageOps.exif_transpose(im)
                    turned = (transformers_pixels if first else open_clip_pixels)(turned, resize, interpolation, height, width)
                    got_turned = driver.preprocess(path, isa, resize, interpolation, first, height, width, "oriented")
                    tally[f"streamed and turned upright {im.mode} {isa}"] += 1
                    if isinstance(got_turned, list) or got_turned.tobytes() != turned.astype(np.float32).tobytes():
                        failures.append(f"#{i} turned upright {name} {im.mode} {im.size} -> {height}x{width} {resize}")
                kind = f"preprocess {im.mode} {'transformers' if first else 'open_clip'} {isa}"
                tally[kind] += 1
                if isinstance(got, list):
                    failures.append(f"#{i} {kind} {im.size} -> {height}x{width}: {' '.join(got)}")
                elif got.tobytes() != expected.astype(np.float32).tobytes():
                    difference = np.abs(got - expected)
                    failures.append(f"#{i} {kind} {name} {im.size} -> {height}x{width} {resize} {interpolation}: "
                                    f"{int((difference != 0).sum())} floats differ, most by {difference.max()}")
    for key, count in sorted(tally.items()):
        print(f"{count:6d}  {key}")
    for failure in failures[:60]:
        print("DIFFERENT", failure)
    print(f"{sum(tally.values())} comparisons, {len(failures)} different")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
