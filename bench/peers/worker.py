"""One peer in a process of its own: loads the model, then answers commands on stdin.

  ready        <- {"load_ms": ..., "rss_mb": ...} once it can run
  run SECS     -> {"items_per_s": ..., "ms": ...}   ms: median of the forward passes
  embed FILE   -> writes the batch's embeddings, [n, D] float32 .npy
"""
import argparse
import json
import pathlib
import statistics
import sys
import time

import numpy as np


def torch_forward(args, inputs):
    import torch

    from weights import make_model

    torch.set_num_threads(args.threads)
    model = make_model(args.arch, args.seed)
    dtype = torch.bfloat16 if args.precision == "bf16" else torch.float32
    model = model.to(dtype)
    x = torch.from_numpy(inputs)
    if args.tower == "image":
        x = x.to(dtype)
    encode = model.encode_image if args.tower == "image" else model.encode_text
    if args.peer == "torch-compile":
        encode = torch.compile(encode)

    def forward():
        with torch.inference_mode():
            return encode(x).float().numpy()

    return forward


def onnx_forward(args, inputs):
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = args.threads
    options.inter_op_num_threads = 1
    path = args.work / f"{args.tower}-b{args.batch}{'-int8' if args.precision == 'int8' else ''}.onnx"
    session = ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return lambda: session.run(None, {name: inputs})[0]


def openvino_forward(args, inputs):
    import openvino as ov

    core = ov.Core()
    path = args.work / f"{args.tower}-b{args.batch}{'-nncf.xml' if args.precision == 'int8' else '.onnx'}"
    hint = "bf16" if args.precision == "bf16" else "f32"
    # int8 models keep their other layers in bf16 where the machine has it: OpenVINO's own default.
    settings = {"INFERENCE_NUM_THREADS": args.threads, "PERFORMANCE_HINT": "LATENCY"}
    if args.precision != "int8":
        settings["INFERENCE_PRECISION_HINT"] = hint
    compiled = core.compile_model(str(path), "CPU", settings)
    request = compiled.create_infer_request()
    tensor = ov.Tensor(inputs)

    def forward():
        request.infer({0: tensor})
        return request.get_output_tensor(0).data.astype(np.float32)

    return forward


PEERS = {"torch": torch_forward, "torch-compile": torch_forward, "onnxruntime": onnx_forward, "openvino": openvino_forward}


def peak_rss_mb() -> float:
    """Of this process alone; getrusage would start from the parent's."""
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1024


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--peer", choices=PEERS, required=True)
    parser.add_argument("--precision", required=True)
    parser.add_argument("--tower", choices=["image", "text"], required=True)
    parser.add_argument("--batch", type=int, required=True)
    parser.add_argument("--arch", required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--work", type=pathlib.Path, required=True)
    args = parser.parse_args()
    inputs = np.load(args.work / f"{args.tower}-b{args.batch}-inputs.npy")[: args.batch]

    start = time.perf_counter()
    forward = PEERS[args.peer](args, inputs)
    forward()
    load_ms = (time.perf_counter() - start) * 1e3
    rss_mb = peak_rss_mb()
    print(json.dumps({"load_ms": load_ms, "rss_mb": rss_mb}), flush=True)
    for line in sys.stdin:
        command, argument = line.split(maxsplit=1)
        if command == "embed":
            np.save(argument.strip(), forward())
            print("{}", flush=True)
            continue
        times = []
        end = time.perf_counter() + float(argument)
        while time.perf_counter() < end or len(times) < 2:
            begin = time.perf_counter()
            forward()
            times.append(time.perf_counter() - begin)
        median = statistics.median(times)
        print(json.dumps({"ms": median * 1e3, "items_per_s": args.batch / median}), flush=True)


if __name__ == "__main__":
    main()
