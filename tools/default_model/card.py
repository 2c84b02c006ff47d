"""Step 16: docs/default-model.md, the model card, from the tables of the other steps."""
import collections
import json

import torch

import split
from common import CACHE, HERE, IMAGE_SIDE, LOGS, REPO, SEED, more_pictures
from export import FOLDER
from fetch import LICENCES
from model import CONTEXT, EMBED, build, config, parameter_count

PARTS = ("train", "val", "unseen", "seen", "removed")
SPLIT_NAMES = {"unseen": "unseen concepts: no drawing of the caption, nor of a variant of it in another colour, size or gender, was trained on",
               "seen": "new drawings of seen captions: what a user of clip art meets"}


def used(rows):
    """The sources that some picture comes from; a model is older than the newest of fetch.py's sources."""
    present = {r["source"] for r in rows}
    return {source: about for source, about in LICENCES.items() if source in present}


def waiting(rows):
    """What run.sh takes in that these weights have not seen."""
    unseen = [f"{package}: {what} ({licence})" for source, (package, what, licence) in LICENCES.items() if source not in used(rows)]
    return "" if not unseen else ("\n`run.sh` also takes in these sources, with the same filters; **the weights in this repository have not seen them**: "
                                  + "; ".join(unseen) + ".\n")


def sources_table(rows):
    count = collections.Counter((r["source"], r["part"]) for r in rows)
    lines = ["| source | what | licence | " + " | ".join(PARTS) + " |", "|---|---|---|" + "---|" * len(PARTS)]
    for source, (package, what, licence) in used(rows).items():
        lines.append(f"| {package} | {what} | {licence} | " + " | ".join(str(count[source, p]) for p in PARTS) + " |")
    lines.append("| all | | | " + " | ".join(str(sum(r["part"] == p for r in rows)) for p in PARTS) + " |")
    return "\n".join(lines)


def retrieval_table(result, parity):
    lines = []
    for part, what in SPLIT_NAMES.items():
        r = result["retrieval"][part]
        lines += [f"**{what[0].upper() + what[1:]}** ({r['captions']} captions, one picture each)", "",
                  "| | text->picture R@1 / 5 / 10 | picture->text R@1 / 5 / 10 |", "|---|---|---|"]
        row = lambda name, d: f"| {name} | " + " | ".join(" / ".join(str(d[way][k]) for k in ("R@1", "R@5", "R@10"))
                                                       for way in ("text->picture", "picture->text")) + " |"
        chance = {w: r["chance"] for w in ("text->picture", "picture->text")}
        lines += [row("chance", chance), row("common words + colour thumbnails (no learning)", r["baseline"]), row("**this model**", r["model"])]
        if part == "unseen" and parity:
            lines.append(row(f"the shipped {parity['shipped']} file, by simdclip", parity["simdclip " + parity["shipped"]]))
        lines += [row("its picture tower with MiniLM's text vectors", r["picture tower with MiniLM texts"]),
                  row("its text tower with the teacher's picture vectors", r["text tower with the teacher's pictures"]),
                  row("the teachers (not shipped)", r["teachers"]), ""]
    return "\n".join(lines)


def zero_shot_table(result):
    hand, emoji = result["zero_shot"]["hand-made"], result["zero_shot"]["emoji groups"]
    lines = [f"Ten hand-made classes ({sum(hand['pictures'].values())} pictures, none trained on): **{hand['accuracy']['classes']} %** "
             f"(mean over classes; over pictures {hand['accuracy']['pictures']} %). Chance {hand['chance']} %, nearest training picture by "
             f"colour thumbnail {hand['baseline']} %.", "", "| class | pictures | right % |", "|---|---|---|"]
    lines += [f"| {n} | {hand['pictures'][n]} | {hand['per class'][n]} |" for n in hand["per class"]]
    lines += ["", f"Eight emoji groups of unseen concepts ({emoji['pictures']} pictures): **{emoji['accuracy']['classes']} %** (mean over groups; "
              f"over pictures {emoji['accuracy']['pictures']} %). Chance {emoji['chance']} %, always the most frequent group {emoji['majority']} %.",
              "", "| group | right % |", "|---|---|"]
    lines += [f"| {n} | {p} |" for n, p in emoji["per class"].items()]
    return "\n".join(lines)


def last_line(name):
    return [l for l in (LOGS / name).read_text(encoding="utf-8").splitlines() if not l.startswith("#")][-1].split("\t")


def reached(name, column):
    """The last line's number in a log's column."""
    header = next(l for l in (LOGS / name).read_text(encoding="utf-8").splitlines() if not l.startswith("#")).split("\t")
    return int(float(last_line(name)[header.index(column)]))


def went_on(run, tower, earlier, more):
    """Which runs a run went on from: {log: what it saw}."""
    if not run["args"].get("start_from"):
        return ""
    return f" It went on from this project's earlier {tower} towers (" + ", ".join(f"`{n}`: {what}" for n, what in earlier.items()) + f"{more})."


def training_values(rows):
    """What the logs and checkpoints say of the two runs."""
    vision, text, teacher = last_line("vision.tsv"), last_line("text.tsv"), last_line("teacher.tsv")
    run, text_run = (torch.load(CACHE / name, map_location="cpu") for name in ("vision.pt", "text.pt"))
    minutes, planned = run["seconds"] / 60, run["args"]["minutes"]
    stopped = "" if minutes >= planned - 1 else (f" The run was stopped at {minutes:.0f} of {planned:.0f} planned minutes, before its learning rate had "
                                                 "decayed; the averaged weights stand in for that.")
    # The first run's log counts epochs of other sizes: its pictures are those of its checkpoint.
    started = went_on(run, "picture", {"vision-first.tsv": "372,000 pictures", **{n: f"{reached(n, 'seen'):,}" for n in ("vision-second.tsv", "vision-third.tsv")}},
                      "; the third gave it its sixth block; `run.sh` trains from nothing")
    text_started = went_on(text_run, "text", {name: f"{reached(name, 'step'):,} steps" for name in ("text-second.tsv", "text-third.tsv")}, "")
    return {"BATCH": str(run["args"]["batch"]), "STARTED": started, "TEXT_STARTED": text_started, "ALL_PATCHES": f"{100 - 100 * run['args']['all_patches_from']:.0f}",
            "VISION_MINUTES": f"{minutes:.0f}", "VISION_STEPS": f"{run['step']:,}", "VISION_SEEN": f"{run['seen']:,}", "STOPPED": stopped,
            "VIEWS": f"{int(vision[3]):,}", "VAL": " / ".join(vision[11:14]), "TEXT_MINUTES": f"{text_run['seconds'] / 60:.0f}",
            "TEXT_STEPS": f"{text_run['step']:,}", "PHRASES": f"{int(text[2]):,}", "TEXT_COSINE": text[6], "TEACHER_VAL": " / ".join(teacher[2:5])}


def parity_text(parity):
    f32, stored = parity["simdclip f32"], parity["simdclip " + parity["shipped"]]
    return (f"simdclip and PyTorch (open_clip, f32) on the {parity['captions']} unseen captions: f32 gives "
            f"{f32['text->picture ranks that differ']} + {f32['picture->text ranks that differ']} different ranks (text->picture + picture->text; least cosine "
            f"{f32['least cosine, pictures']} for pictures, {f32['least cosine, texts']} for texts).{' ' + parity['ties'] if parity['ties'] else ''} The shipped {parity['shipped']} file "
            f"({stored['bytes'] / 1e6:.2f} MB) has R@10 {stored['text->picture']['R@10']} % beside PyTorch's "
            f"{parity['pytorch f32']['text->picture']['R@10']} %.")


def main():
    more = [r for r in more_pictures()[1]]
    rows = split.load() + more
    result, parity = (json.loads((LOGS / name).read_text()) for name in ("evaluation.json", "parity.json"))
    clip, _ = build()
    shape = config()
    exported = json.loads((FOLDER / "open_clip_config.json").read_text())
    values = {
        "SOURCES": sources_table(rows), "WAITING": waiting(rows), "RETRIEVAL": retrieval_table(result, parity), "ZERO_SHOT": zero_shot_table(result),
        "PARITY": parity_text(parity), "STORED": parity["shipped"], "R10": str(result["retrieval"]["unseen"]["model"]["text->picture"]["R@10"]),
        "PARAMETERS": f"{parameter_count(clip) / 1e6:.2f}", "IMAGE_SIDE": str(IMAGE_SIDE), "PATCH": str(shape["patch_size"]),
        "VISION": f"{shape['vision_width']} wide, {shape['vision_layers']} blocks", "TEXT": f"{shape['text_width']} wide, {shape['text_layers']} blocks",
        "VOCABULARY": str(exported["model_cfg"]["text_cfg"]["vocab_size"]), "MERGES": str(shape["merges"]), "CONTEXT": str(CONTEXT),
        "EMBED": str(EMBED), "SEED": str(SEED), **training_values(rows),
        "CONCEPTS": str(len({r["concept"] for r in rows if r["part"] == "train" and r.get("named", True)})),
    }
    body = (HERE / "card.md.in").read_text(encoding="utf-8")
    for key, value in values.items():
        body = body.replace("@" + key + "@", value)
    (REPO / "docs" / "default-model.md").write_text(body, encoding="utf-8")


if __name__ == "__main__":
    main()
