"""FAISS IndexFlatIP beside our exact search, one after the other: python bench/peers/faiss_flat.py [ROWS [WIDTH [BENCH_SEARCH]]]
    pip install faiss-cpu
    python bench/peers/faiss_flat.py 1000000 512 build/bench/bench_search

Both search unit vectors of normal numbers; the index is filled in pieces, so that only one copy of the vectors is held."""
import subprocess
import sys
import time

import faiss
import numpy as np

rows = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
width = int(sys.argv[2]) if len(sys.argv) > 2 else 512
random = np.random.default_rng(1)
index = faiss.IndexFlatIP(width)
for start in range(0, rows, 100_000):
    piece = random.standard_normal((min(100_000, rows - start), width), dtype=np.float32)
    index.add(piece / np.linalg.norm(piece, axis=1, keepdims=True))
queries = random.standard_normal((64, width), dtype=np.float32)
queries /= np.linalg.norm(queries, axis=1, keepdims=True)


def best(n, runs):
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        index.search(queries[:n], 10)
        times.append(time.perf_counter() - start)
    return min(times) * 1e3


print(f"faiss {faiss.__version__} ({faiss.get_compile_options().strip()}), {faiss.omp_get_max_threads()} threads, {rows} x {width}")
one, by_blas = best(1, 5), best(64, 2)
text = f"IndexFlatIP: 1 query {one:.1f} ms, 64 queries {by_blas:.1f} ms by BLAS"
if rows <= 300_000:
    faiss.cvar.distance_compute_blas_threshold = 1_000_000  # its own loops instead of BLAS, which are slower
    text += f", {best(64, 2):.1f} ms by its own loops"
print(text, flush=True)
if len(sys.argv) > 3:
    del index
    subprocess.run([sys.argv[3], str(rows), str(width)], check=True)
