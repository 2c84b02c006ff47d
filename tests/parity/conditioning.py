"""The command condition against diffusers, compel, and AUTOMATIC1111's and ComfyUI's published rules, which are written down again here.
Run by applications.py, whose Bench has the program and a folder."""
import pathlib

import open_clip
import torch
from make_fixtures import peaky
from safetensors.torch import load_file, save_file

class Sd:
    """Text encoders as diffusers holds them, with random weights, and the same as .sclip files."""

    def __init__(self, bench, name, width, projection, pad, layers=4, activation="quick_gelu"):
        import transformers
        folder = pathlib.Path(open_clip.__file__).parent
        merges = [tuple(m.split()) for m in open_clip.tokenizer.gzip.open(folder / "bpe_simple_vocab_16e6.txt.gz").read().decode().split("\n")[1:48895]]
        vocab = {("<|startoftext|>" if i == 49406 else "<|endoftext|>" if i == 49407 else t): i for t, i in open_clip.SimpleTokenizer().encoder.items()}
        self.tokenizer = transformers.CLIPTokenizer(vocab=vocab, merges=merges, model_max_length=77, pad_token=pad)
        config = transformers.CLIPTextConfig(hidden_size=width, intermediate_size=2 * width, num_hidden_layers=layers, num_attention_heads=2, projection_dim=projection,
                                             eos_token_id=49407, bos_token_id=49406, pad_token_id=1, hidden_act=activation)
        self.model = peaky(transformers.CLIPTextModelWithProjection(config), width).eval()
        self.pad = self.tokenizer.pad_token_id
        self.model.save_pretrained(bench.folder / name)
        self.tokenizer.save_pretrained(bench.folder / name)
        self.sclip = bench.folder / (name + ".sclip")
        bench.run("convert", bench.folder / name, "-o", self.sclip)

    def states(self, ids, skip=1, norm=True):
        end = ids.index(49407)
        ids = ids[:end + 1] + [self.pad] * (len(ids) - end - 1)
        with torch.no_grad():
            out = self.model(torch.tensor([ids]), output_hidden_states=True)
            states = out.hidden_states[-skip]
            return (self.final_norm(states) if norm else states)[0], out.text_embeds[0]

    def final_norm(self, states):
        return (self.model.text_model if hasattr(self.model, "text_model") else self.model).final_layer_norm(states)

    def ids(self, text):
        return self.tokenizer(text, truncation=False, add_special_tokens=False)["input_ids"]


def relative(got, expected):
    got, expected = torch.as_tensor(got).double(), torch.as_tensor(expected).double()
    return float("inf") if got.shape != expected.shape else ((got - expected).abs().max() / expected.abs().max()).item()


def a1111(sd, prompt, skip=1, norm=True):
    """AUTOMATIC1111's prompt_parser and sd_hijack_clip, from their published behaviour: states, the first chunk's pooled vector."""
    import re
    token = re.compile(r"\\\(|\\\)|\\\[|\\]|\\\\|\\|\(|\[|:\s*([+-]?[.\d]+)\s*\)|\)|]|[^\\()\[\]:]+|:")
    parts, rounds, squares = [], [], []

    def scale(start, factor):
        for p in parts[start:]:
            p[1] *= factor
    for m in token.finditer(prompt):
        text, weight = m.group(0), m.group(1)
        if text.startswith("\\"):
            parts.append([text[1:], 1.0])
        elif text == "(":
            rounds.append(len(parts))
        elif text == "[":
            squares.append(len(parts))
        elif weight is not None and rounds:
            scale(rounds.pop(), float(weight))
        elif text == ")" and rounds:
            scale(rounds.pop(), 1.1)
        elif text == "]" and squares:
            scale(squares.pop(), 1 / 1.1)
        else:
            for i, part in enumerate(re.split(r"\s*\bBREAK\b\s*", text)):
                parts += [["BREAK", -1]] * (i > 0) + [[part, 1.0]]
    for start in rounds:
        scale(start, 1.1)
    for start in squares:
        scale(start, 1 / 1.1)
    merged = []
    for text, weight in parts or [["", 1.0]]:
        if merged and merged[-1][1] == weight:
            merged[-1][0] += text
        else:
            merged.append([text, weight])
    comma, chunks, ids, weights, last_comma = sd.ids(",")[0], [], [], [], -1

    def close():
        nonlocal ids, weights, last_comma
        fill = 75 - len(ids)
        chunks.append(([49406] + ids + [49407] * (fill + 1), [1.0] + weights + [1.0] * (fill + 1)))
        ids, weights, last_comma = [], [], -1
    for text, weight in merged:
        if text == "BREAK" and weight == -1:
            close()
            continue
        for t in sd.ids(text):
            if t == comma:
                last_comma = len(ids)
            elif len(ids) == 75 and last_comma != -1 and len(ids) - last_comma <= 20:
                moved = ids[last_comma + 1:], weights[last_comma + 1:]
                ids, weights = ids[:last_comma + 1], weights[:last_comma + 1]
                close()
                ids, weights = moved
            if len(ids) == 75:
                close()
            ids.append(t)
            weights.append(weight)
    if ids or not chunks:
        close()
    out, pooled = [], []
    for ids, weights in chunks:
        z, p = sd.states(ids, skip, norm)
        before = z.mean()
        z = z * torch.tensor(weights)[:, None]
        out.append(z * (before / z.mean()))
        pooled.append(p)
    return torch.cat(out), pooled[0]


def comfyui(sd, prompt, skip=1, norm=True):
    """ComfyUI's sd1_clip and sdxl_clip, from their published behaviour: states, the first chunk's pooled vector."""

    def pieces(text):
        out, part, depth = [], "", 0
        for c in text:
            if c == "(":
                if depth == 0 and part:
                    out.append(part)
                    part = ""
                depth += 1
            part += c
            if c == ")":
                depth -= 1
                if depth == 0:
                    out.append(part)
                    part = ""
        return out + [part] * bool(part)

    def weigh(text, outer):
        out = []
        for x in pieces(text):
            if len(x) < 2 or x[0] != "(" or x[-1] != ")":
                out.append((x, outer))
                continue
            x, weight = x[1:-1], outer * 1.1
            colon = x.rfind(":")
            if colon > 0:
                try:
                    weight, x = float(x[colon + 1:]), x[:colon]
                except ValueError:
                    pass
            out += weigh(x, weight)
        return out
    chunks = [[(49406, 1.0)]]
    for text, weight in weigh(prompt.replace("\\)", "\1").replace("\\(", "\2"), 1.0):
        group = [(t, weight) for t in sd.ids(text.replace("\1", ")").replace("\2", "("))]
        large = len(group) >= 8
        while group:
            room = 76 - len(chunks[-1])
            if len(group) <= room:
                chunks[-1] += group
                break
            if large:
                chunks[-1] += group[:room]
                group = group[room:]
            chunks.append([(49406, 1.0)])
    empty, _ = sd.states([49406] + [49407] * 76, skip, norm)
    out, pooled = [], []
    for chunk in chunks:
        chunk = chunk + [(49407, 1.0)] * (77 - len(chunk))
        z, p = sd.states([t for t, _ in chunk], skip, norm)
        weights = torch.tensor([w for _, w in chunk])[:, None]
        out.append(torch.where(weights == 1, z, (z - empty) * weights + empty))
        pooled.append(p)
    return torch.cat(out), pooled[0]


LONG = "a castle on a hill, " * 9 + "with (red:1.4) flags and a very long list of things that goes on, " * 4 + "the end of it all"


class Runner:
    def __init__(self, bench):
        self.bench = bench
        self.large, self.big = Sd(bench, "l", 64, 48, "<|endoftext|>"), Sd(bench, "g", 96, 80, "!", activation="gelu")

    def __call__(self, target, prompt, *words, first=None, second=None, negative=""):
        extra = ["--second", second.sclip] if second else []
        out = self.bench.folder / "c.safetensors"
        self.bench.run("condition", "-m", (first or self.large).sclip, *extra, "--target", target, "--prompt", prompt, "--negative", negative, "-o", out, *words)
        return load_file(out)

    def row(self, what, got, expected):
        self.bench.row("condition: " + what, relative(got, expected), 1e-4)


def padded(sd, text):
    return sd.tokenizer(text, padding="max_length", truncation=True, max_length=77)["input_ids"]


def plain_text_model(sd):
    """The same weights without the projection, as SD 1.x and FLUX hold CLIP-L and as SDXL's first encoder is."""
    import transformers
    plain = transformers.CLIPTextModel(sd.model.config).eval()
    weights = {k.removeprefix("text_model."): v for k, v in sd.model.state_dict().items()}
    plain.load_state_dict({k: weights[k.removeprefix("text_model.")] for k in plain.state_dict()})
    return plain


def targets(run):
    """What diffusers' pipelines make of a prompt without weights."""
    import diffusers
    large, big = run.large, run.big
    for skip in (1, 2):
        run.row(f"sd1, clip skip {skip}", run("sd1", "a red fox", "--clip-skip", skip)["prompt_embeds"][0], large.states(padded(large, "a red fox"), skip)[0])
    whole, cut = Sd(run.bench, "h24", 64, 64, "!", layers=24, activation="gelu"), Sd(run.bench, "h23", 64, 64, "!", layers=23, activation="gelu")
    run.row("sd2, all of 24 blocks: the last but one's", run("sd2", "a red fox", first=whole)["prompt_embeds"][0], whole.states(padded(whole, "a red fox"), 2)[0])
    with torch.no_grad():
        pipeline = diffusers.StableDiffusionPipeline(vae=None, text_encoder=plain_text_model(cut), tokenizer=cut.tokenizer, unet=None, scheduler=None, safety_checker=None,
                                                     feature_extractor=None, requires_safety_checker=False)
        expected = pipeline.encode_prompt("a red fox", device="cpu", num_images_per_prompt=1, do_classifier_free_guidance=True, negative_prompt="blurry, ugly")
    got = run("sd2", "a red fox", first=cut, negative="blurry, ugly")
    run.row("sd2, cut to 23 blocks, diffusers' encode_prompt", got["prompt_embeds"], expected[0])
    run.row("sd2, the negative prompt", got["negative_prompt_embeds"], expected[1])
    pipeline = diffusers.StableDiffusionXLPipeline(vae=None, text_encoder=plain_text_model(large), text_encoder_2=big.model, tokenizer=large.tokenizer, tokenizer_2=big.tokenizer,
                                                   unet=None, scheduler=None, force_zeros_for_empty_prompt=False, add_watermarker=False)
    with torch.no_grad():
        expected = pipeline.encode_prompt("a red fox in the snow", device="cpu", do_classifier_free_guidance=True, negative_prompt="blurry")
    got = run("sdxl", "a red fox in the snow", second=big, negative="blurry")
    for name, tensor in zip(("prompt_embeds", "negative_prompt_embeds", "pooled_prompt_embeds", "negative_pooled_prompt_embeds"), expected):
        run.row(f"sdxl, diffusers' encode_prompt, {name}", got[name], tensor)
    with torch.no_grad():
        pipeline = diffusers.StableDiffusion3Pipeline(transformer=None, scheduler=None, vae=None, text_encoder=large.model, tokenizer=large.tokenizer, text_encoder_2=big.model,
                                                      tokenizer_2=big.tokenizer, text_encoder_3=None, tokenizer_3=None)
        states, pooled = zip(*(e._get_clip_prompt_embeds("a red fox", device="cpu", clip_model_index=i) for i, e in ((0, pipeline), (1, pipeline))))
        got = run("sd3", "a red fox", second=big)
        run.row("sd3, diffusers' CLIP states, filled up to 4096", got["prompt_embeds"], torch.nn.functional.pad(torch.cat(states, -1), (0, 4096 - 160)))
        run.row("sd3, diffusers' pooled", got["pooled_prompt_embeds"], torch.cat(pooled, -1))
        pipeline = diffusers.FluxPipeline(scheduler=None, vae=None, text_encoder=plain_text_model(large), tokenizer=large.tokenizer, text_encoder_2=None, tokenizer_2=None,
                                          transformer=None)
        run.row("flux, diffusers' pooled", run("flux", "a red fox")["pooled_prompt_embeds"], pipeline._get_clip_prompt_embeds("a red fox", device="cpu"))


def dialects(run):
    """A1111's and ComfyUI's weights, in SD 1.x and in SDXL's two towers."""
    large, big = run.large, run.big
    for prompt in ["a (red) [old] fox", "a ((red:1.3) big), [fox]: (it:0.5) \\(x\\)", "one BREAK two (three:1.2)", LONG, "a (red (fox:0.7) and [so] on", ""]:
        run.row(f"a1111, {prompt[:36]!r}", run("sd1", prompt, "--dialect", "a1111")["prompt_embeds"][0], a1111(large, prompt)[0])
    for prompt in ["a (red) fox", "a (red (fox:0.7) dog) ((x))", "a \\(red\\) (fox:abc)", LONG, "(a:1.2)" * 30 + " short tail (b c d:0.5)" * 9]:
        run.row(f"comfyui, {prompt[:36]!r}", run("sd1", prompt, "--dialect", "comfyui")["prompt_embeds"][0], comfyui(large, prompt)[0])
    for name, dialect in (("a1111", a1111), ("comfyui", comfyui)):
        for prompt in ["a (red:1.4) fox, (snow:0.6)", LONG]:
            got = run("sdxl", prompt, "--dialect", name, second=big)
            (l_states, _), (g_states, g_pooled) = dialect(large, prompt, 2, False), dialect(big, prompt, 2, False)
            run.row(f"sdxl, {name}, {prompt[:24]!r}", got["prompt_embeds"][0], torch.cat([l_states, g_states], -1))
            run.row(f"sdxl, {name}, {prompt[:24]!r}, pooled", got["pooled_prompt_embeds"][0], g_pooled)
    got = run("sd2", "a (red:1.4) fox", "--dialect", "comfyui", "--clip-skip", 2, first=big)
    run.row("comfyui, a tower that is padded with 0", got["prompt_embeds"][0], comfyui(big, "a (red:1.4) fox", 2)[0])


COMPEL = ["a red fox", "a red++ fox", "a (red fox)1.3 in snow-", "a (big (red)++ fox)0.6, \"old car\"+ and (so, on.)1.1 mid-century", "a fox--- in (the (deep snow)1.2)0.8",
          "a fox.attend(1.4) in (deep snow).attend(--)", "(a fox in (snow)1.5)0.5", LONG, LONG + " (a long tail that is cut off)0.5", "-".join("abc") + " " + "a fox, " * 24 + "(deep snow)0.4",
          "(\"a red+ fox\", \"deep snow\").and()", "(\"a red fox\", \"deep (snow)0.5, and a sledge\", \"night\").and(1, 0.5, 1.2)", "(\"a fox\", \"a (wolf)0.7\").blend(0.7, 0.3)",
          "(\"a fox\", \"a wolf\", \"(an owl)1.2\").blend(1, 1, -0.4, no_normalize)", "(fox, wolf).blend(1, 2)", "(\"a fox.\", (a wolf, at night)).and(2, 1)", ""]


WORDS = "unbelievable wolves wandering through extraordinary snowfields " * 20
LONG_CHUNKS = ["a red++ fox", LONG, "A fox sits there. " * 20 + "It (sleeps)0.5 at night. " + "Snow++ falls. " * 20, "a fox, " * 60 + "(deep snow, and wind)0.4, " + "trees+ " * 30,
               WORDS, WORDS + "(the end)0.7", "x" * 400, "(\"" + "a fox, " * 40 + "\", \"a (wolf)0.7\").blend(0.7, 0.3)", "(\"a red+ fox\", \"" + "deep snow. " * 30 + "\").and(1, 0.5)", ""]


def compel_dialect(run):
    import compel
    large, big = run.large, run.big
    for mode in ("mask", "remove"):
        reference = compel.Compel(tokenizer=large.tokenizer, text_encoder=large.model, downweight_mode=compel.DownweightMode[mode.upper()])
        for prompt in COMPEL:
            run.row(f"compel, {mode}, {prompt[:40]!r}", run("sd1", prompt, "--dialect", "compel", "--downweight", mode)["prompt_embeds"], reference(prompt))
        # Long prompts in chunks; a piece that is cut, and words without any comma.
        reference = compel.Compel(tokenizer=large.tokenizer, text_encoder=large.model, downweight_mode=compel.DownweightMode[mode.upper()], truncate_long_prompts=False)
        for prompt in LONG_CHUNKS:
            expected = reference(prompt)
            got = run("sd1", prompt, "--dialect", "compel", "--downweight", mode, "--long-prompts", "chunks")["prompt_embeds"]
            run.row(f"compel, chunks, {mode}, {prompt[:18]!r}, {expected.shape[1]} tokens", got, expected)
    kind = compel.ReturnedEmbeddingsType
    left = compel.Compel(tokenizer=large.tokenizer, text_encoder=plain_text_model(large), returned_embeddings_type=kind.PENULTIMATE_HIDDEN_STATES_NON_NORMALIZED)
    right = compel.Compel(tokenizer=big.tokenizer, text_encoder=big.model, returned_embeddings_type=kind.PENULTIMATE_HIDDEN_STATES_NON_NORMALIZED, requires_pooled=True)
    for prompt in ["a red++ fox, (deep snow)0.6", "(\"a fox\", \"a wolf-\").blend(0.6, 0.4)"]:
        states, pooled = right(prompt)
        got = run("sdxl", prompt, "--dialect", "compel", second=big)
        run.row(f"compel, sdxl, {prompt[:36]!r}", got["prompt_embeds"], torch.cat([left(prompt), states], -1))
        run.row(f"compel, sdxl, {prompt[:36]!r}, pooled", got["pooled_prompt_embeds"], pooled)
    pooled = compel.Compel(tokenizer=large.tokenizer, text_encoder=plain_text_model(large), returned_embeddings_type=kind.POOLED)
    run.row("compel, flux, pooled", run("flux", "a red++ fox, (deep snow)0.6", "--dialect", "compel")["pooled_prompt_embeds"], pooled("a red++ fox, (deep snow)0.6"))
    skipped = compel.Compel(tokenizer=large.tokenizer, text_encoder=large.model, returned_embeddings_type=kind.PENULTIMATE_HIDDEN_STATES_NORMALIZED)
    if hasattr(large.model, "text_model"):
        run.row("compel, clip skip 2", run("sd1", "a red++ fox", "--dialect", "compel", "--clip-skip", 2)["prompt_embeds"], skipped("a red++ fox"))


def inversions(run):
    """Textual inversions in the four forms in which they are published, in the middle of a prompt and under each dialect's rules."""
    large, folder = run.large, run.bench.folder
    vectors = torch.randn(3, 64, generator=torch.Generator().manual_seed(5))
    torch.save(dict(string_to_token={"*": 265}, string_to_param={"*": vectors}, name="toy", step=1), folder / "toy.pt")
    torch.save({"<toy>": vectors[0]}, folder / "one.bin")  # diffusers' learned_embeds.bin
    save_file(dict(clip_g=torch.randn(2, 96), clip_l=vectors), folder / "toy.safetensors")
    save_file(dict(emb_params=vectors), folder / "emb.safetensors")
    table = large.model.get_input_embeddings()
    kept = table.weight.data.clone()
    table.weight.data[1000:1003] = vectors  # rows that the prompt does not use
    for file, count in (("toy.pt", 3), ("toy.safetensors", 3), ("emb.safetensors", 3), ("one.bin", 1)):
        ids = [49406] + large.ids("a photo of") + list(range(1000, 1000 + count)) + large.ids("here") + [49407]
        expected = large.states(ids + [49407] * (77 - len(ids)))[0]
        for dialect, call in (("plain", "my-toy"), ("a1111", "my-toy"), ("comfyui", "embedding:my-toy")):
            got = run("sd1", f"a photo of {call} here", "--embedding", f"my-toy={folder / file}", "--dialect", dialect)
            run.row(f"textual inversion, {file}, {dialect}", got["prompt_embeds"][0], expected)
    table.weight.data[:] = kept


def condition(bench):
    run = Runner(bench)
    for part in (targets, dialects, compel_dialect, inversions):
        part(run)
