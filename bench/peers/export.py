"""ONNX and NNCF models of the shared weights, one of each tower and batch size (static shapes: the peers' fastest form)."""
import argparse
import pathlib

import numpy as np
import torch

from weights import make_model


class Tower(torch.nn.Module):
    def __init__(self, model, tower):
        super().__init__()
        self.model, self.tower = model, tower

    def forward(self, x):
        return self.model.encode_image(x) if self.tower == "image" else self.model.encode_text(x)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--arch", required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--tower", required=True)
    parser.add_argument("--batch", type=int, required=True)
    parser.add_argument("--int8", action="store_true")
    parser.add_argument("--work", type=pathlib.Path, required=True)
    args = parser.parse_args()
    stem = f"{args.tower}-b{args.batch}"
    inputs = np.load(args.work / f"{stem}-inputs.npy")
    onnx_path = args.work / f"{stem}.onnx"
    if not onnx_path.exists():
        tower = Tower(make_model(args.arch, args.seed), args.tower).eval()
        torch.onnx.export(tower, (torch.from_numpy(inputs[: args.batch]),), str(onnx_path), opset_version=18, dynamo=True,
                          external_data=False)
    if not args.int8:
        return
    from onnxruntime.quantization import QuantType, quantize_dynamic

    int8_path = args.work / f"{stem}-int8.onnx"
    if not int8_path.exists():
        quantize_dynamic(onnx_path, int8_path, weight_type=QuantType.QInt8)
    nncf_path = args.work / f"{stem}-nncf.xml"
    if not nncf_path.exists():
        import nncf
        import openvino as ov

        batches = [inputs[i : i + args.batch] for i in range(0, len(inputs) - args.batch + 1, args.batch)] or [inputs]
        dataset = nncf.Dataset(batches)
        quantized = nncf.quantize(ov.Core().read_model(str(onnx_path)), dataset, model_type=nncf.ModelType.TRANSFORMER)
        ov.save_model(quantized, str(nncf_path), compress_to_fp16=False)


if __name__ == "__main__":
    main()
