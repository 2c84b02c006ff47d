"""Memory and open files of an embedding run, picture by picture, as an SVG: python bench/memory_curve.py PROGRAM FOLDER OUT.svg [OPTION...]

Runs `PROGRAM embed FOLDER [OPTION...]` and looks at it four times a second. Pictures are counted by the rows in OUT.npy.part."""
import os
import subprocess
import sys
import tempfile
import time

WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 760, 320, 60, 46, 40


def sample(pid, part):
    fields = {}
    with open(f"/proc/{pid}/status") as status:
        for line in status:
            name, _, value = line.partition(":")
            fields[name] = value.split()
    rows = os.path.getsize(part) if os.path.exists(part) else 0
    return {"bytes": rows, "resident": int(fields["VmRSS"][0]) / 1e3, "own": int(fields["RssAnon"][0]) / 1e3,
            "files": len(os.listdir(f"/proc/{pid}/fd")), "peak": int(fields["VmHWM"][0]) / 1e3}


def watch(command, part):
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    samples = []
    while process.poll() is None:
        try:
            samples.append(sample(process.pid, part))
        except (OSError, KeyError):  # it has just ended
            pass
        time.sleep(0.25)
    if process.returncode != 0:
        sys.exit(f"the run ended with {process.returncode}")
    return samples, process.stdout.read()


def svg(samples, pictures, row_bytes, title):
    top = max(s["resident"] for s in samples) * 1.25
    x = lambda s: LEFT + (WIDTH - LEFT - 20) * min(1, s["bytes"] / row_bytes / pictures)
    y = lambda value: HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * value / top
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" font-family="sans-serif" font-size="12">',
           f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/><text x="{LEFT}" y="20" font-size="14">{title}</text>']
    step = 10 if top < 80 else 50 if top < 400 else 200
    for value in range(0, int(top) + 1, step):
        out.append(f'<path d="M{LEFT} {y(value):.1f}H{WIDTH - 20}" stroke="#ddd"/><text x="{LEFT - 8}" y="{y(value) + 4:.1f}" text-anchor="end">{value}</text>')
    for tenth in range(0, 11, 2):
        at = LEFT + (WIDTH - LEFT - 20) * tenth / 10
        out.append(f'<text x="{at:.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{pictures * tenth // 10:,}</text>')
    out.append(f'<text x="{WIDTH / 2}" y="{HEIGHT - 8}" text-anchor="middle">pictures embedded</text><text x="8" y="{TOP - 8}">MB</text>')
    for key, colour, label in (("resident", "#1f6fb4", "resident"), ("own", "#d9541e", "of it not mapped files")):
        points = " ".join(f"{x(s):.1f},{y(s[key]):.1f}" for s in samples)
        last = samples[-1][key]
        out.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.5"/>'
                   f'<text x="{WIDTH - 24}" y="{y(last) - 6:.1f}" text-anchor="end" fill="{colour}">{label}: {last:.1f} MB at the end</text>')
    return "\n".join(out + ["</svg>", ""])


def main():
    program, folder, target, options = sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4:]
    with tempfile.TemporaryDirectory() as work:
        npy = os.path.join(work, "out.npy")
        start = time.time()
        samples, said = watch([program, "embed", folder, "-o", npy, *options], npy + ".part")
        seconds = time.time() - start
        pictures = sum(1 for _ in open(os.path.join(work, "out.tsv"), "rb"))
        row_bytes = (os.path.getsize(npy) - 128) / pictures
    later = [s for s in samples if s["bytes"] / row_bytes > pictures / 10]
    low, high = min(s["resident"] for s in later), max(s["resident"] for s in later)
    summary = (f"{pictures:,} pictures in {seconds:.0f} s: {low:.1f} to {high:.1f} MB resident behind the first tenth, peak "
               f"{samples[-1]['peak']:.1f} MB, {min(s['files'] for s in later)} to {max(s['files'] for s in later)} open files")
    with open(target, "w") as file:
        file.write(svg(samples, pictures, row_bytes, f"simdclip embed, {pictures:,} pictures: memory"))
    print(said.strip(), summary, sep="\n")


main()
