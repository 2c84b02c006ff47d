#!/usr/bin/env python3
"""A folder of JPEG files to embeddings: the whole program beside open_clip's transforms in two worker processes that feed OpenVINO's int8 tower.

  bench/peers/jpeg_job.py --simdclip build/tools/simdclip --photos PHOTOS

PHOTOS (any pictures) are scaled to 640x480, 1080p and 12 megapixels and saved as JPEG, quality 90. simdclip runs as a user runs it: a process from
start to the written .npy. The peer is spared its start: its model is compiled and its workers wait when the clock starts. They take turns,
ROUNDS times; a ratio is the median of the ratios of neighbouring turns. The embeddings of both are compared.
"""
import argparse
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np
from PIL import Image

from run import lowest_cosine

HERE = pathlib.Path(__file__).parent
SIZES = {"640x480": ((640, 480), 256), "1080p": ((1920, 1080), 96), "12 MP": ((4000, 3000), 32)}  # how many files of each
BATCH = 16


class Pictures:
    """A dataset of open_clip's pixels."""

    def __init__(self, paths, arch, size):
        from weights import transform

        self.paths, self.transform = paths, transform(arch, size)

    def __len__(self):
        return len(self.paths)

    def __getitem__(self, i):
        return self.transform(Image.open(self.paths[i]).convert("RGB"))


def peer(args) -> None:
    """Child process: answers each folder named on stdin with the seconds its embeddings took, and saves them."""
    import openvino as ov
    import torch

    model = ov.Core().compile_model(str(args.work / f"image-b{BATCH}-nncf.xml"), "CPU",
                                    {"INFERENCE_NUM_THREADS": 2, "PERFORMANCE_HINT": "LATENCY"})
    request = model.create_infer_request()
    size = model.input(0).shape[-1]
    loaders = {}
    for line in sys.stdin:
        folder = line.strip()
        if folder not in loaders:
            torch.set_num_threads(1)
            data = Pictures(sorted(pathlib.Path(folder).glob("*.jpg")), args.arch, size)
            loaders[folder] = torch.utils.data.DataLoader(data, batch_size=BATCH, num_workers=2, persistent_workers=True)
            next(iter(loaders[folder]))  # the workers are up
        start, rows = time.perf_counter(), []
        for pixels in loaders[folder]:
            request.infer({0: pixels.numpy()})
            rows.append(request.get_output_tensor(0).data.copy())
        seconds = time.perf_counter() - start
        np.save(args.work / "peer.npy", np.concatenate(rows))
        print(json.dumps({"seconds": seconds}), flush=True)


def make_folders(photos, work):
    sources = [p for p in sorted(photos.rglob("*")) if p.suffix.lower() in (".jpg", ".jpeg", ".png")]
    if not sources:
        sys.exit(f"{photos}: no .jpg or .png picture in it")
    for name, (size, count) in SIZES.items():
        folder = work / name.replace(" ", "")
        if folder.exists():
            continue
        folder.mkdir()
        for i in range(count):
            Image.open(sources[i % len(sources)]).convert("RGB").resize(size, Image.BICUBIC).save(folder / f"{i:03}.jpg", quality=90)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--simdclip", help="the program")
    parser.add_argument("--photos", type=pathlib.Path)
    parser.add_argument("--arch", default="ViT-B-32")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--sizes", nargs="+", choices=SIZES, default=list(SIZES))
    parser.add_argument("--work", type=pathlib.Path)
    parser.add_argument("--peer", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.peer:
        peer(args)
        return 0
    from weights import make_model, make_pictures, save_open_clip_folder, transform

    work = args.work = (args.work or pathlib.Path(tempfile.mkdtemp(prefix="simdclip-jpeg-"))) / f"{args.arch}-s{args.seed}"
    work.mkdir(parents=True, exist_ok=True)
    if not (work / "image-int8.sclip").exists():
        import open_clip

        save_open_clip_folder(make_model(args.arch, args.seed), args.arch, work / "model")
        size = open_clip.get_model_config(args.arch)["vision_cfg"]["image_size"]
        pixels = transform(args.arch, size)
        pictures = make_pictures(work / "pictures", BATCH, size, args.seed)
        np.save(work / f"image-b{BATCH}-inputs.npy", np.stack([pixels(Image.open(p)).numpy() for p in pictures]))
        subprocess.run([args.simdclip, "convert", work / "model", "-o", work / "image-int8.sclip", "--precision", "int8", "--tower", "image"], check=True,
                       capture_output=True)
        subprocess.run([sys.executable, str(HERE / "export.py"), "--arch", args.arch, "--seed", str(args.seed), "--tower", "image",
                        "--batch", str(BATCH), "--work", str(work), "--int8"], check=True, stdout=subprocess.DEVNULL)
    make_folders(args.photos, work)
    process = subprocess.Popen([sys.executable, __file__, "--peer", "--work", str(work), "--arch", args.arch], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               stderr=open(work / "peer.log", "w"), text=True)

    def ask(folder):
        process.stdin.write(f"{folder}\n")
        process.stdin.flush()
        while line := process.stdout.readline():
            if line.startswith("{"):
                return json.loads(line)["seconds"]
        sys.exit(f"the peer ended; its log: {work}/peer.log")

    def embed(folder, *options):
        start = time.perf_counter()
        subprocess.run([args.simdclip, "embed", "-m", work / "image-int8.sclip", folder, "-o", work / "ours.npy", "--threads", "2",
                        *options], check=True, capture_output=True)
        return time.perf_counter() - start

    print(f"JPEG files to {args.arch} int8 embeddings, 2 threads, {args.rounds} turns")
    print("| files | peer, pictures/s | simdclip | exact is | --fast-decode | fast is | cosine to the peer | cosine fast to exact |")
    print("|---|---|---|---|---|---|---|---|")
    for name in args.sizes:
        folder, count = work / name.replace(" ", ""), SIZES[name][1]
        ask(folder)
        theirs, exact, fast = [], [], []
        for _ in range(args.rounds):
            theirs.append(ask(folder))
            exact.append(embed(folder))
            rows = np.load(work / "ours.npy").astype(np.float32)
            fast.append(embed(folder, "--fast-decode"))
        quick = np.load(work / "ours.npy").astype(np.float32)
        peers = np.load(work / "peer.npy")
        ratio = [statistics.median(t / o for t, o in zip(theirs, ours)) for ours in (exact, fast)]
        rate = [count / statistics.median(x) for x in (theirs, exact, fast)]
        print(f"| {count} of {name} | {rate[0]:.1f} | {rate[1]:.1f} | {ratio[0]:.2f} x | {rate[2]:.1f} | {ratio[1]:.2f} x | "
              f"{lowest_cosine(rows, peers):.5f} | {lowest_cosine(quick, rows):.5f} |", flush=True)
    process.stdin.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
