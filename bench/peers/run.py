#!/usr/bin/env python3
"""simdclip and its peers on one machine, interleaved in one run, each in its own process, with the same weights.

  bench/peers/run.py --simdclip build/tools/simdclip --arch ViT-B-32 --tower image --batch 16 --rounds 5

Every peer first embeds the same batch; one that does not agree with torch's f32 gets no row. Then the peers take turns, SECS
seconds each, ROUNDS times; the table has each one's median over the rounds and the ratio to simdclip of the same precision.
"""
import argparse
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile

import numpy as np

HERE = pathlib.Path(__file__).parent
# Lowest cosine to torch's f32 embeddings that still is the same model at that precision.
AGREEMENT = {"f32": 0.99999, "bf16": 0.99, "int8": 0.95}
PEERS = [("torch", "f32"), ("torch", "bf16"), ("torch-compile", "f32"), ("torch-compile", "bf16"), ("onnxruntime", "f32"),
         ("onnxruntime", "int8"), ("openvino", "f32"), ("openvino", "bf16"), ("openvino", "int8")]


def pictures_of(args, work):
    return [work / "pictures" / f"{i:03}.png" for i in range(args.batch)]


def prompts_of(args, work):
    return work / f"prompts-b{args.batch}.txt"


def prepare(args, work):
    """The model, its inputs, and torch's f32 embeddings of them; what an earlier run left in `work` is used again."""
    kept = work / f"{args.tower}-b{args.batch}-reference.npy"
    if kept.exists():
        return np.load(kept), pictures_of(args, work)
    import open_clip
    import torch

    from weights import make_model, make_pictures, make_prompts, save_open_clip_folder, transform

    model = make_model(args.arch, args.seed)
    save_open_clip_folder(model, args.arch, work / "model")
    size = open_clip.get_model_config(args.arch)["vision_cfg"]["image_size"]
    count = max(args.batch, 16)
    pictures = make_pictures(work / "pictures", count, size, args.seed)  # pictures_of() names the first of them
    prompts = make_prompts(count)
    prompts_of(args, work).write_text("\n".join(prompts[: args.batch]) + "\n")
    from PIL import Image

    if args.tower == "image":
        pixels = transform(args.arch, size)
        inputs = np.stack([pixels(Image.open(p)).numpy() for p in pictures])
    else:
        inputs = open_clip.get_tokenizer(args.arch)(prompts).numpy()
    np.save(work / f"{args.tower}-b{args.batch}-inputs.npy", inputs)
    encode = model.encode_image if args.tower == "image" else model.encode_text
    with torch.inference_mode():
        reference = encode(torch.from_numpy(inputs[: args.batch]))
    np.save(kept, reference.numpy())
    return reference.numpy(), pictures_of(args, work)


def export(args, work, wanted):
    """ONNX and NNCF files for the peers, where they are not there yet."""
    stem, int8 = f"{args.tower}-b{args.batch}", "int8" in args.precisions
    files = [f"{stem}.onnx"] + ([f"{stem}-int8.onnx", f"{stem}-nncf.xml"] if int8 else [])
    if all((work / f).exists() for f in files) or not any(p[0] in ("onnxruntime", "openvino") for p in wanted):
        return
    command = [sys.executable, str(HERE / "export.py"), "--arch", args.arch, "--seed", str(args.seed), "--tower", args.tower,
               "--batch", str(args.batch), "--work", str(work)] + (["--int8"] if int8 else [])
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def lowest_cosine(a, b):
    a = a / np.linalg.norm(a, axis=1, keepdims=True)
    b = b / np.linalg.norm(b, axis=1, keepdims=True)
    return float((a * b).sum(1).min())


class Peer:
    """A worker process of worker.py."""

    def __init__(self, name, precision, args, work):
        self.name, self.precision, self.work = name, precision, work
        command = [sys.executable, str(HERE / "worker.py"), "--peer", name, "--precision", precision, "--tower", args.tower,
                   "--batch", str(args.batch), "--arch", args.arch, "--seed", str(args.seed), "--threads", str(args.threads),
                   "--work", str(work)]
        log = open(work / f"{name}-{precision}.log", "w")
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True)
        self.facts = self.read()

    def read(self):
        while line := self.process.stdout.readline():
            if line.startswith("{"):
                return json.loads(line)
        raise RuntimeError(f"{self.name} {self.precision} ended; its log: {self.work}/{self.name}-{self.precision}.log")

    def ask(self, command):
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        return self.read()

    def embed(self):
        out = self.work / "out.npy"
        self.ask(f"embed {out}")
        return np.load(out)

    def run(self, secs):
        return self.ask(f"run {secs}")


class Simdclip:
    """The program itself, one process a turn."""

    name = "simdclip"

    def __init__(self, precision, args, work, pictures):
        self.precision, self.args, self.work, self.pictures = precision, args, work, pictures
        self.model = work / f"{args.tower}-{precision}.sclip"
        program = pathlib.Path(args.simdclip)
        if not self.model.exists() or self.model.stat().st_mtime < program.stat().st_mtime:
            subprocess.run([program, "convert", work / "model", "-o", self.model, "--precision", precision, "--tower", args.tower],
                           check=True, capture_output=True)
        self.facts = {}

    def embed(self):
        out = self.work / "out.npy"
        inputs = self.pictures if self.args.tower == "image" else ["--text-file", prompts_of(self.args, self.work)]
        subprocess.run([self.args.simdclip, "embed", "-m", self.model, "-o", out, *inputs], check=True, capture_output=True)
        return np.load(out)

    def run(self, secs):
        done = subprocess.run([self.args.simdclip, "bench", "-m", self.model, "--tower", self.args.tower, "--batch",
                               str(self.args.batch), "--threads", str(self.args.threads), "--secs", str(secs), "--json"],
                              check=True, capture_output=True, text=True)
        result = json.loads(done.stdout)
        self.facts = {"load_ms": result["load_ms"], "rss_mb": result["rss_mb"]}
        return result


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--simdclip", required=True, help="the program")
    parser.add_argument("--arch", default="ViT-B-32", help="open_clip's name")
    parser.add_argument("--tower", choices=["image", "text"], default="image")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--secs", type=float, default=2.0, help="of each turn")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--precisions", nargs="+", default=["f32", "bf16", "int8"])
    parser.add_argument("--peers", nargs="+", default=["torch", "onnxruntime", "openvino"], help="also: torch-compile")
    parser.add_argument("--work", type=pathlib.Path, help="keeps models, exports and reference embeddings for the next run")
    parser.add_argument("--prepare", action="store_true", help="stop before the turns: what the next run needs lies in --work then")
    parser.add_argument("--json", type=pathlib.Path, help="append the results as one JSON line")
    args = parser.parse_args()
    work = args.work or pathlib.Path(tempfile.mkdtemp(prefix="simdclip-peers-"))
    work = work / f"{args.arch}-s{args.seed}"
    work.mkdir(parents=True, exist_ok=True)
    reference, pictures = prepare(args, work)
    wanted = [p for p in PEERS if p[0] in args.peers and p[1] in args.precisions]
    export(args, work, wanted)

    contestants = [Simdclip(p, args, work, pictures) for p in args.precisions]
    if args.prepare:
        return 0
    contestants += [Peer(name, precision, args, work) for name, precision in wanted]
    rows, running = {}, []
    for c in contestants:
        cosine = lowest_cosine(reference, c.embed())
        if cosine < AGREEMENT[c.precision]:
            print(f"{c.name} {c.precision}: refused, its embeddings differ (cosine {cosine:.5f})", file=sys.stderr)
            continue
        rows[c.name, c.precision] = {"cosine": cosine, "rates": []}
        running.append(c)
    for _ in range(args.rounds):
        for c in running:
            rows[c.name, c.precision]["rates"].append(c.run(args.secs)["items_per_s"])

    print(f"{args.arch} {args.tower} tower, batch {args.batch}, {args.threads} threads, {args.rounds} x {args.secs:g} s in turns")
    print("| peer | precision | items/s | ms/batch | simdclip is | load ms | memory MB | lowest cosine |")
    print("|---|---|---|---|---|---|---|---|")
    results = []
    for c in running:
        row = rows[c.name, c.precision]
        rate = statistics.median(row["rates"])
        ours = rows.get(("simdclip", c.precision))
        # The ratio of neighbouring turns, so that a slow minute of the machine hits both.
        ratio = statistics.median(a / b for a, b in zip(ours["rates"], row["rates"])) if ours else float("nan")
        print(f"| {c.name} | {c.precision} | {rate:.1f} | {1e3 * args.batch / rate:.1f} | {ratio:.2f} x | "
              f"{c.facts['load_ms']:.0f} | {c.facts['rss_mb']:.0f} | {row['cosine']:.6f} |")
        results.append({"peer": c.name, "precision": c.precision, "items_per_s": rate, "ratio": ratio, **c.facts,
                        "cosine": row["cosine"]})
    if args.json:
        with args.json.open("a") as f:
            f.write(json.dumps({"arch": args.arch, "tower": args.tower, "batch": args.batch, "threads": args.threads,
                                "results": results}) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
