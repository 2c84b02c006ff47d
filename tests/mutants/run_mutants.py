#!/usr/bin/env python3
"""Tests of the tests: each seeded bug (mutants.py) is built into a copy of HEAD, and its tests must fail.

  python3 tests/mutants/run_mutants.py [--only WORDS] [--folder build/mutants | --in-place] [--jobs N]

By hand. Exit status 1 where a bug goes unnoticed. --in-place spares the copy and its build: the bugs are put into this
tree, one after the other, built in build/ and taken out again.
"""
import argparse
import pathlib
import shutil
import subprocess
import sys
import time

from mutants import MUTANTS

ROOT = pathlib.Path(__file__).resolve().parents[2]


def run(*command, cwd=None, timeout=None):
    return subprocess.run(command, cwd=cwd, timeout=timeout, text=True, errors="replace", stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def must(*command, cwd=None):
    result = run(*command, cwd=cwd)
    if result.returncode != 0:
        sys.exit(f"{' '.join(command)}:\n{result.stdout[-3000:]}")


def prepare(tree):
    if tree.exists():
        shutil.rmtree(tree)
    tree.mkdir(parents=True)
    archive = subprocess.run(("git", "archive", "HEAD"), cwd=ROOT, check=True, stdout=subprocess.PIPE)
    subprocess.run(("tar", "-x", "-C", str(tree)), input=archive.stdout, check=True)
    launcher = ["-DCMAKE_CXX_COMPILER_LAUNCHER=ccache"] if shutil.which("ccache") else []
    must("cmake", "--preset", "release", "-DSIMDCLIP_BUILD_BENCH=OFF", *launcher, cwd=tree)


def build(tree, target, jobs):
    return run("cmake", "--build", "build", "--target", target, "--parallel", str(jobs), cwd=tree)


def test(tree, program, pattern):
    """Its verdict: 'passed', or what failed first."""
    path = next((tree / "build").glob(f"tests/*/{program}"))
    try:
        result = run(str(path), f"--gtest_filter={pattern}", "--gtest_brief=1", "--gtest_fail_fast", cwd=tree, timeout=600)
    except subprocess.TimeoutExpired:
        return "ran out of time"
    if result.returncode == 0:
        return "passed"
    failed = [line.split("]", 1)[1].strip() for line in result.stdout.splitlines() if line.startswith("[  FAILED  ]")]
    return failed[0].split(" (")[0].split(",")[0] if failed else f"ended with status {result.returncode}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="mutants whose name or file holds this, or of this test program")
    parser.add_argument("--folder", type=pathlib.Path, default=ROOT / "build" / "mutants")
    parser.add_argument("--in-place", action="store_true", help="in this tree and its build/, which must be configured")
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    chosen = [m for m in MUTANTS if options.only in m[0] or options.only in m[1] or options.only == m[4]]
    tree = ROOT if options.in_place else options.folder
    if not options.in_place:
        prepare(tree)
    unnoticed = 0
    for name, file, old, new, target, pattern in chosen:
        path = tree / file
        text = path.read_text()
        if text.count(old) != 1:
            sys.exit(f"{name}: {file} holds the place {text.count(old)} times, expected once; bring mutants.py up to date")
        begin = time.time()
        try:
            path.write_text(text.replace(old, new))
            built = build(tree, target, options.jobs)
            verdict = test(tree, target, pattern) if built.returncode == 0 else "does not compile"
        finally:
            path.write_text(text)
        bad = verdict in ("passed", "does not compile")
        unnoticed += bad
        print(f"| {name} | {file} | {'**unnoticed** (' + verdict + ')' if bad else verdict} | {time.time() - begin:.0f} s |", flush=True)
        if verdict == "does not compile":
            print(built.stdout[-1500:], flush=True)
    print(f"{len(chosen)} seeded bugs, {len(chosen) - unnoticed} noticed")
    sys.exit(1 if unnoticed else 0)


if __name__ == "__main__":
    main()
