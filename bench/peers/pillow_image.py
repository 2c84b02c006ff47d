#!/usr/bin/env python3
"""Pillow's and torchvision's cost of the pictures that `bench_image --write FOLDER` writes:  python3 bench/peers/pillow_image.py FOLDER
One thread; the best of several rounds, in milliseconds."""
import io
import os
import sys
import time

import torch
from PIL import Image
from torchvision.transforms import CenterCrop, Compose, InterpolationMode, Normalize, Resize, ToTensor

MEAN, STD = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)


def best(action, seconds=2.0):
    times, end = [], time.perf_counter() + seconds
    while time.perf_counter() < end or len(times) < 3:
        begin = time.perf_counter()
        action()
        times.append(time.perf_counter() - begin)
    return 1e3 * min(times)


def main():
    torch.set_num_threads(1)
    transform = Compose([Resize(224, InterpolationMode.BICUBIC), CenterCrop(224), ToTensor(), Normalize(MEAN, STD)])
    print(f"{'picture':10} {'decode':>8} {'resize':>8} {'transforms':>11} {'whole':>8}   ms")
    for name in ("640x480.jpg", "1080p.jpg", "12MP.jpg"):
        with open(os.path.join(sys.argv[1], name), "rb") as f:
            data = f.read()

        def decoded():
            image = Image.open(io.BytesIO(data))
            image.load()
            return image

        image = decoded()
        print(f"{name[:-4]:10} {best(decoded):8.2f} {best(lambda: Resize(224, InterpolationMode.BICUBIC)(image)):8.2f} "
              f"{best(lambda: transform(image)):11.2f} {best(lambda: transform(decoded())):8.2f}")


if __name__ == "__main__":
    main()
