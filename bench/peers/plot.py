#!/usr/bin/env python3
"""Draws what run.py --json wrote: one group of bars for each run, items per second of every peer beside simdclip's.

  bench/peers/plot.py runs.jsonl docs/peers.svg
"""
import json
import pathlib
import sys

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt

PEERS = ["simdclip", "openvino", "onnxruntime", "torch", "torch-compile"]
COLOURS = {"simdclip": "#1b7837", "openvino": "#7fbf7b", "onnxruntime": "#9ecae1", "torch": "#fdae6b", "torch-compile": "#fdd0a2"}


def draw(axes, run):
    precisions = [p for p in ("f32", "bf16", "int8") if any(r["precision"] == p for r in run["results"])]
    best = {p: max(r["items_per_s"] for r in run["results"] if r["precision"] == p) for p in precisions}
    for at, precision in enumerate(precisions):
        rows = sorted((r for r in run["results"] if r["precision"] == precision), key=lambda r: PEERS.index(r["peer"]))
        for i, row in enumerate(rows):
            x = at + (i - (len(rows) - 1) / 2) * 0.2
            axes.bar(x, row["items_per_s"] / best[precision], 0.18, color=COLOURS[row["peer"]])
            axes.text(x, row["items_per_s"] / best[precision] + 0.02, f"{row['items_per_s']:.0f}", ha="center", fontsize=7)
    axes.set_xticks(range(len(precisions)), precisions)
    axes.set_yticks([])
    axes.set_ylim(0, 1.15)
    axes.set_title(f"{run['arch']} {run['tower']}, batch {run['batch']}: items/s", fontsize=9)


def main() -> int:
    runs = [json.loads(line) for line in pathlib.Path(sys.argv[1]).read_text().splitlines()]
    columns = min(2, len(runs))
    rows = -(-len(runs) // columns)
    figure, grid = plt.subplots(rows, columns, figsize=(4.2 * columns, 2.4 * rows), squeeze=False)
    for axes in grid.flat[len(runs) :]:
        axes.axis("off")
    for axes, run in zip(grid.flat, runs):
        draw(axes, run)
    shown = [p for p in PEERS if any(r["peer"] == p for run in runs for r in run["results"])]
    figure.legend([plt.Rectangle((0, 0), 1, 1, color=COLOURS[p]) for p in shown], shown, loc="lower center", ncol=len(shown), fontsize=8, frameon=False)
    figure.tight_layout(rect=(0, 0.06, 1, 1))
    figure.savefig(sys.argv[2], metadata={"Date": None})
    return 0


if __name__ == "__main__":
    sys.exit(main())
