"""Writes the seeds that the fuzzer starts from: one small request of each kind.

python server/fuzz/make_corpus.py, with the packages of acceptance/requirements.txt.
"""

from __future__ import annotations

import io
import json
from pathlib import Path

import pyarrow as pa
from tritonclient.grpc import service_pb2

CORPUS = Path(__file__).parent / "corpus"
DATA = {"a": [1.5, -2.0], "b": [None, 3e-5], "n": [7, -32768], "t": ["x", "grün \" \\"]}
RECORDS = [dict(zip(DATA, row, strict=True)) for row in zip(*DATA.values(), strict=True)]
ROWS = [list(record.values()) for record in RECORDS]


def put(target: str, name: str, body: bytes | str | dict | list) -> None:
    folder = CORPUS / target
    folder.mkdir(parents=True, exist_ok=True)
    text = body if isinstance(body, bytes | str) else json.dumps(body, ensure_ascii=False)
    (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())


def tensors() -> list[dict]:
    return [
        {"name": "x", "shape": [2, 2], "datatype": "FP32", "data": [[1.5, None], [-2, 3e-5]]},
        {"data": [7, -32768], "shape": [2], "datatype": "INT16", "name": "n", "parameters": {"k": [1]}},
        {"name": "t", "shape": [2, 1], "datatype": "BYTES", "data": ["x", "gr\u00fcn"]},
    ]


def main() -> None:
    wishes = {"outputs": [{"name": "y", "parameters": {"binary_data": True, "classification": 2}}]}
    put("json", "whole", {"id": "7", "parameters": {"timeout": 5, "priority": 1}, "inputs": tensors(), **wishes})
    put("json", "columns", {"inputs": [{"name": n, "shape": [2], "datatype": "FP32", "data": [1, 2]} for n in "ab"]})
    put("json", "nan", '{"inputs":[{"name":"x","shape":[1,2],"datatype":"FP32","data":[NaN,-Infinity]}]}')
    head = json.dumps({"inputs": [
        {"name": "x", "shape": [1, 2], "datatype": "FP16", "parameters": {"binary_data_size": 4}},
        {"name": "t", "shape": [1, 1], "datatype": "BYTES", "parameters": {"binary_data_size": 5}},
    ]}).encode()
    put("binary", "mixed", len(head).to_bytes(2, "little") + head + b"\x00\x3c\x00\xc0" + b"\x01\x00\x00\x00a")
    put("binary", "raw", b"\x00\x00" + bytes(8))
    request = service_pb2.ModelInferRequest(model_name="m", id="7", raw_input_contents=[bytes(8), b"\x01\0\0\0a"])
    request.inputs.add(name="x", datatype="FP32", shape=[1, 2])
    request.inputs.add(name="t", datatype="BYTES", shape=[1, 1])
    request.parameters["timeout"].int64_param = 5
    request.outputs.add(name="y").parameters["classification"].int64_param = 2
    put("grpc", "raw", request.SerializeToString())
    typed = service_pb2.ModelInferRequest(model_name="m")
    typed.inputs.add(name="n", datatype="INT16", shape=[2]).contents.int_contents.extend([1, 2])
    typed.inputs.add(name="x", datatype="FP32", shape=[2, 2]).contents.fp32_contents.extend([1, 2, 3, 4])
    typed.inputs.add(name="t", datatype="BYTES", shape=[2, 1]).contents.bytes_contents.extend([b"a", b"b"])
    put("grpc", "typed", typed.SerializeToString())
    split = {"columns": list(DATA), "index": [0, 1], "data": ROWS}
    for name, body in {
        "data": {"data": ROWS}, "input_data": {"input_data": DATA}, "split": {"input_data": split}, "records": RECORDS,
        "dataframe_split": {"dataframe_split": split}, "dataframe_records": {"dataframe_records": RECORDS},
        "instances": {"instances": RECORDS, "params": {}}, "inputs": {"inputs": DATA},
        "tensors": {"inputs": {"x": [[1, 2]], "n": [1], "t": [["x"]], "l": [[1, 2, 3]]}},
    }.items():
        put("tables", name, body)
    put("csv", "whole", 'a,t,n,b\n1.5,"x, ""y""",7,\n-2,gr\u00fcn,-32768,NaN\n')
    put("csv", "marked", b"\xef\xbb\xbfa,b\r\n1,2\r\n")
    fields = {
        "a": pa.array(DATA["a"], pa.float32()), "b": pa.array(DATA["b"], pa.float64()), "n": pa.array(DATA["n"], pa.int64()),
        "t": pa.array(DATA["t"]).dictionary_encode(), "l": pa.array([[1.0, 2], [3, 4]], pa.list_(pa.float64(), 2)),
    }
    table = pa.table(fields)
    for name, kept in {"whole": table, "few": table.select(["a", "n"])}.items():
        sink = io.BytesIO()
        with pa.ipc.new_stream(sink, kept.schema) as writer:
            writer.write_table(kept, max_chunksize=1)
        put("arrow", name, sink.getvalue())


if __name__ == "__main__":
    main()
