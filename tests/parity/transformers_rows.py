"""Rows of models.py: transformers' classes, as save_pretrained writes them, diffusers' folders and Stable Diffusion's single files."""
import gzip
import json
import pathlib
import shutil
import sys
import tempfile

import numpy as np
import open_clip
import torch
import transformers
from PIL import Image
from safetensors.torch import load_file, save_file

import tokenizer_files
from reference_models import call, cosine, embed, header_only, output, peaky, pictures, whole

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "text"))
from text_cases import CAPTIONS, SENTENCES  # noqa: E402

PICTURE = pathlib.Path(__file__).resolve().parent.parent / "fixtures" / "picture.png"
TEXTS = [t for t in dict.fromkeys(CAPTIONS + SENTENCES) if "\x00" not in t]
TEXT_COUNT = len(TEXTS)
SMALL_PIECES = 4000  # of the tokenizer files that are made here; the vocabularies are cut to them
FIRST_TEXTS = 5      # that go through the towers

_tokenizer_root = None


def tokenizer_folder(name):
    """A family's tokenizer files (tokenizer_files.py), made once a run."""
    global _tokenizer_root
    if _tokenizer_root is None:
        _tokenizer_root = tempfile.TemporaryDirectory()
        tokenizer_files.make(pathlib.Path(_tokenizer_root.name), None, SMALL_PIECES)
        save_clip_tokenizer(pathlib.Path(_tokenizer_root.name) / "clip")
    return pathlib.Path(_tokenizer_root.name) / name


def save_clip_tokenizer(folder, **kwargs):
    vocabulary = pathlib.Path(open_clip.__file__).parent / "bpe_simple_vocab_16e6.txt.gz"
    merges = [tuple(m.split()) for m in gzip.open(vocabulary).read().decode().split("\n")[1:48895]]
    vocab = {("<|startoftext|>" if i == 49406 else "<|endoftext|>" if i == 49407 else t): i for t, i in open_clip.SimpleTokenizer().encoder.items()}
    transformers.CLIPTokenizer(vocab=vocab, merges=merges, model_max_length=77, **kwargs).save_pretrained(folder)


def pooled(result):
    """What transformers' classes call a tower's vector."""
    for field in ("image_embeds", "text_embeds", "pooler_output"):
        if getattr(result, field, None) is not None:
            return getattr(result, field)
    return result


def refusal(program, folder, name, model_type, **more):
    (folder / "config.json").write_text(json.dumps(dict(model_type=model_type, architectures=[name], **more)))
    header_only({"logit_scale": np.zeros(())}, folder / "model.safetensors")
    error = call(program, "convert", folder, "-o", folder / "m.sclip").replace(str(folder), "FOLDER")
    return dict(error=error or "the converter took it and this script does not know how to measure it", result=None)


class Model:
    """A class with its own configuration's defaults, cut to `layers` blocks where they are given."""

    def __init__(self, name, tokenizer="", processor="", layers=0, masked=False, tower="", **config):
        self.name, self.tokenizer, self.processor, self.layers, self.masked, self.tower, self.config = name, tokenizer, processor, layers, masked, tower, config

    def cut(self, config, words):
        """The configuration's towers cut, and how it says so."""
        said = []
        for part in ("vision_config", "text_config"):
            tower = getattr(config, part, None) or (config if ("vision" in part) == ("Vision" in self.name) else None)
            if tower is None:
                continue
            if self.layers and tower.num_hidden_layers > self.layers:
                said.append(f"{part[:part.index('_')]}: {self.layers} of {tower.num_hidden_layers} blocks")
                tower.num_hidden_layers = self.layers
            if words and "text" in part and tower.vocab_size != words:
                said.append(f"{words:,} words")
                tower.vocab_size = words
        return ", ".join(said)

    def make(self, folder):
        """(torch model, what it was cut to); its files lie in `folder`."""
        words, cls = 0, getattr(transformers, self.name)
        if self.tokenizer:
            shutil.copytree(tokenizer_folder(self.tokenizer), folder, dirs_exist_ok=True)
            words = len(transformers.AutoTokenizer.from_pretrained(folder))
            (folder / "config.json").unlink(missing_ok=True)  # the tokenizer's own
        config = cls.config_class(**self.config)
        said = self.cut(config, words)
        model = peaky(cls(config), 7)
        model.save_pretrained(folder)
        if self.processor:
            getattr(transformers, self.processor)(**self.processor_settings(config)).save_pretrained(folder)
        return model, said

    def processor_settings(self, config):
        vision = getattr(config, "vision_config", config)
        side = dict(height=vision.image_size, width=vision.image_size)
        if self.processor.startswith("Siglip"):
            return dict(size=side)
        return dict(size=dict(shortest_edge=vision.image_size), crop_size=side) if self.processor.startswith("CLIP") else dict(size=side, crop_size=side)

    def source(self, folder):
        return folder

    def arguments(self):
        return ["--tower", self.tower] if self.tower else []

    def ids(self, texts, folder, context):
        tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
        return tokenizer(texts, padding="max_length", truncation=True, max_length=context, return_tensors="pt")

    def image(self, model, pixels):
        return pooled(model.get_image_features(pixel_values=pixels) if hasattr(model, "get_image_features") else model(pixel_values=pixels))

    def text(self, model, encoded):
        inputs = dict(input_ids=encoded.input_ids, **({"attention_mask": encoded.attention_mask} if self.masked else {}))
        return pooled(model.get_text_features(**inputs) if hasattr(model, "get_text_features") else model(**inputs))

    def run(self, options, folder):
        model, said = self.make(folder)
        error = call(options.program, "convert", self.source(folder), "-o", folder / "m.sclip", *self.arguments())
        row = dict(error=error.replace(str(folder), "FOLDER"), tokenizer=self.tokenizer, processor=self.processor, cut=said, ids=None, pixels=None, result=None)
        if error:
            return row
        info = json.loads(output(options.program, "info", "-m", folder / "m.sclip", "--json"))
        result = [None, None]
        with torch.no_grad():
            if self.processor:
                row["pixels"], result[0] = self.compare_images(options, folder, model, info)
            if self.tokenizer:
                row["ids"], result[1] = self.compare_texts(options, folder, model, info)
        return dict(row, result=result)

    def compare_images(self, options, folder, model, info):
        """(largest difference of a picture's pixels, lowest cosine)"""
        pixels = pictures(3, (info["image_size"],) * 2, np.random.default_rng(7))
        error, got, _ = embed(options.driver, folder / "m.sclip", folder, pixels.numpy(), None)
        if error:
            raise RuntimeError(error)
        return self.compare_pixels(options, folder), cosine(got, self.image(model, pixels).numpy())

    def compare_texts(self, options, folder, model, info):
        """(texts whose ids differ, lowest cosine of the first)"""
        differ, encoded = self.compare_ids(options, folder, info["context_length"])
        error, _, got = embed(options.driver, folder / "m.sclip", folder, None, encoded.input_ids.numpy().astype(np.int32))
        if error:
            raise RuntimeError(error)
        return differ, cosine(got, self.text(model, encoded).numpy())

    def compare_pixels(self, options, folder):
        processor = getattr(transformers, self.processor).from_pretrained(folder)
        want = np.asarray(processor(Image.open(PICTURE), return_tensors="np").pixel_values[0])
        output(options.program, "preprocess", "-m", folder / "m.sclip", PICTURE, "-o", folder / "p.npy", "--exif", "off")
        return float(np.abs(np.load(folder / "p.npy") - want).max())

    def compare_ids(self, options, folder, context):
        (folder / "texts").write_text("".join(t.replace("\n", " ").replace("\r", " ") + "\n" for t in TEXTS))
        texts = (folder / "texts").read_text().split("\n")[:-1]
        encoded = self.ids(texts, folder, context)
        got = np.array(json.loads(output(options.program, "tokenize", "-m", folder / "m.sclip", "--json", "--text-file", folder / "texts"))["ids"])
        differ = int((got != encoded.input_ids.numpy()).any(-1).sum())
        for key in list(encoded):
            encoded[key] = encoded[key][:FIRST_TEXTS]
        return differ, encoded


class NaFlex(Model):
    """Pictures keep their shape: the program's own embedding of one is compared."""

    def processor_settings(self, config):
        return {}

    def compare_images(self, options, folder, model, info):
        inputs = getattr(transformers, self.processor).from_pretrained(folder)(Image.open(PICTURE), return_tensors="pt")
        output(options.program, "embed", "-m", folder / "m.sclip", PICTURE, "-o", folder / "i.npy", "--exif", "off")
        want = pooled(model.get_image_features(**inputs) if hasattr(model, "get_image_features") else model(**inputs)).numpy()
        return None, cosine(np.load(folder / "i.npy"), want)


class Refused(Model):
    """A class whose configuration alone is refused; a file of one tensor stands for its weights."""

    def run(self, options, folder):
        return refusal(options.program, folder, self.name, getattr(transformers, self.name).config_class.model_type)


class RemoteCode(Model):
    """A class that Python files of the checkpoint's own repository define."""

    def __init__(self, name, model_type, module):
        super().__init__(name)
        self.model_type, self.module = model_type, module

    def run(self, options, folder):
        return refusal(options.program, folder, self.name, self.model_type, auto_map=dict(AutoModel=f"{self.module}.{self.name}"))


class Diffusers(Model):
    """A text encoder's folder beside its tokenizer's."""

    def __init__(self, name, encoder, pad, **config):
        super().__init__(name, "clip", **config)
        self.encoder, self.pad = encoder, pad

    def make(self, folder):
        model, said = super().make(folder / self.encoder)
        for file in (folder / self.encoder).iterdir():
            if file.name != "config.json" and file.suffix != ".safetensors":
                file.unlink()
        save_clip_tokenizer(folder / self.encoder.replace("text_encoder", "tokenizer"), pad_token=self.pad)
        return model, said

    def source(self, folder):
        return folder / self.encoder

    def ids(self, texts, folder, context):
        return super().ids(texts, folder / self.encoder.replace("text_encoder", "tokenizer"), context)


class SingleFile(Model):
    """A text encoder within a whole Stable Diffusion file. prefix of its names there; arch: open_clip's, else transformers' class as above."""

    def __init__(self, prefix, arch="", encoder=0, layers=0, **config):
        super().__init__("CLIPTextModel", "clip", layers=layers, **config)
        self.prefix, self.arch, self.encoder = prefix, arch, encoder

    def make(self, folder):
        if self.arch:
            model, said, state = self.make_open_clip()
        else:
            model, said = super().make(folder / "parts")
            state = {k.removeprefix("text_model."): v for k, v in load_file(folder / "parts" / "model.safetensors").items()}
        state = {self.prefix + k: v for k, v in state.items()}
        if self.encoder:  # the other one of SDXL's
            other = "conditioner.embedders.1.model.token_embedding.weight" if self.encoder == 1 else "conditioner.embedders.0.transformer.text_model.embeddings.token_embedding.weight"
            state[other] = torch.zeros(49408, 8)
        state |= {"model.diffusion_model.input_blocks.0.0.weight": torch.zeros(320, 4, 3, 3), "first_stage_model.quant_conv.bias": torch.zeros(8)}
        save_file(whole(state), folder / "sd.safetensors")
        return model, said

    def make_open_clip(self):
        cfg = open_clip.get_model_config(self.arch)
        full = cfg["text_cfg"]["layers"]
        cfg["text_cfg"]["layers"] = self.layers
        cfg["vision_cfg"]["layers"] = 1
        cfg["vision_cfg"]["width"], cfg["vision_cfg"]["head_width"] = 64, 64
        model = peaky(open_clip.CLIP(**cfg), 7)
        return model, f"text: {self.layers} of {full} blocks", {k: v for k, v in model.state_dict().items() if not k.startswith("visual.")}

    def source(self, folder):
        return folder / "sd.safetensors"

    def arguments(self):
        return ["--encoder", str(self.encoder)] if self.encoder else []

    def ids(self, texts, folder, context):
        if self.arch:  # encoders of open_clip's are given open_clip's ids
            return transformers.BatchEncoding({"input_ids": open_clip.get_tokenizer(self.arch, context_length=context)(list(texts))})
        save_clip_tokenizer(folder / "tokenizer")
        return super().ids(texts, folder / "tokenizer", context)

    def text(self, model, encoded):
        return model.encode_text(encoded.input_ids) if self.arch else super().text(model, encoded)


L_TEXT = dict(hidden_size=768, intermediate_size=3072, num_hidden_layers=12, num_attention_heads=12)
H_TEXT = dict(hidden_size=1024, intermediate_size=4096, num_hidden_layers=23, num_attention_heads=16, hidden_act="gelu", projection_dim=512)
G_TEXT = dict(hidden_size=1280, intermediate_size=5120, num_hidden_layers=32, num_attention_heads=20, hidden_act="gelu", projection_dim=1280)
CLIP_IMAGES, SIGLIP_IMAGES = "CLIPImageProcessorPil", "SiglipImageProcessorPil"

ROWS = {
    "CLIPModel": Model("CLIPModel", "clip", CLIP_IMAGES),
    "CLIPModel, --tower image": Model("CLIPModel", "", CLIP_IMAGES, tower="image"),
    "CLIPModel, --tower text": Model("CLIPModel", "clip", tower="text"),
    "CLIPTextModel": Model("CLIPTextModel", "clip"),
    "CLIPTextModelWithProjection": Model("CLIPTextModelWithProjection", "clip"),
    "CLIPVisionModel": Model("CLIPVisionModel", "", CLIP_IMAGES),
    "CLIPVisionModelWithProjection": Model("CLIPVisionModelWithProjection", "", CLIP_IMAGES),
    "ChineseCLIPModel": Model("ChineseCLIPModel", "chinese_clip", "ChineseCLIPImageProcessorPil", masked=True),
    "MetaClip2Model": Model("MetaClip2Model", "xlm_roberta", CLIP_IMAGES, text_config=dict(eos_token_id=2)),
    "MetaClip2TextModel": Model("MetaClip2TextModel", "xlm_roberta", eos_token_id=2),
    "MetaClip2VisionModel": Model("MetaClip2VisionModel", "", CLIP_IMAGES),
    "MetaClip2TextModelWithProjection": Model("MetaClip2TextModelWithProjection", "xlm_roberta", eos_token_id=2),
    "MetaClip2VisionModelWithProjection": Model("MetaClip2VisionModelWithProjection", "", CLIP_IMAGES),
    "SiglipModel": Model("SiglipModel", "siglip", SIGLIP_IMAGES),
    "SiglipTextModel": Model("SiglipTextModel", "siglip"),
    "SiglipVisionModel": Model("SiglipVisionModel", "", SIGLIP_IMAGES),
    "Siglip2Model": NaFlex("Siglip2Model", "siglip2", "Siglip2ImageProcessorPil"),
    "Siglip2TextModel": Model("Siglip2TextModel", "siglip2"),
    "Siglip2VisionModel": NaFlex("Siglip2VisionModel", "", "Siglip2ImageProcessorPil"),
    "AltCLIPModel": Model("AltCLIPModel", "xlm_roberta", CLIP_IMAGES, layers=6, masked=True),
    **{name: Refused(name) for name in ("AltCLIPTextModel", "AltCLIPVisionModel", "ChineseCLIPTextModel", "ChineseCLIPVisionModel")},
    **{name: Refused(name) for name in ("AlignModel", "Blip2ForImageTextRetrieval", "BlipModel", "BridgeTowerModel", "CLIPSegModel", "ClapModel", "FlavaModel", "GroupViTModel",
                                        "Owlv2Model", "OwlViTModel", "Tipsv2Model", "VideoPrismClipModel", "XCLIPModel")},
    "JinaCLIPModel": RemoteCode("JinaCLIPModel", "jina_clip", "jinaai/jina-clip-implementation--modeling_clip"),
    "diffusers, SD 1.x: text_encoder": Diffusers("CLIPTextModel", "text_encoder", "<|endoftext|>", **L_TEXT),
    "diffusers, SD 2.x: text_encoder": Diffusers("CLIPTextModel", "text_encoder", "!", layers=2, **H_TEXT),
    "diffusers, SDXL: text_encoder": Diffusers("CLIPTextModel", "text_encoder", "<|endoftext|>", **L_TEXT),
    "diffusers, SDXL: text_encoder_2": Diffusers("CLIPTextModelWithProjection", "text_encoder_2", "!", layers=2, **G_TEXT),
    "single file, SD 1.x": SingleFile("cond_stage_model.transformer.text_model.", **L_TEXT),
    "single file, SD 2.x": SingleFile("cond_stage_model.model.", "ViT-H-14", layers=2),
    "single file, SDXL, --encoder 1": SingleFile("conditioner.embedders.0.transformer.text_model.", encoder=1, **L_TEXT),
    "single file, SDXL, --encoder 2": SingleFile("conditioner.embedders.1.model.", "ViT-bigG-14", encoder=2, layers=2),
}


def row(options, name):
    with tempfile.TemporaryDirectory(dir=options.scratch) as scratch:
        return ROWS[name].run(options, pathlib.Path(scratch))
