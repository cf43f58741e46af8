"""Saves an ONNX model the way MLflow's users do; run by `acceptance/mlflow_tool.py` in MLflow's own environment.

`save.py folder MODEL.onnx FOLDER` writes a model folder, `save.py registry MODEL.onnx URL NAME` logs and registers
the model at a server and prints the run's id and the version, as JSON.
"""

from __future__ import annotations

import argparse
import json

import mlflow
import numpy as np
import onnx
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, Schema, TensorSpec


def signature(model: onnx.ModelProto, args: argparse.Namespace) -> ModelSignature | None:
    if args.columns:
        return ModelSignature(Schema([ColSpec("double", name) for name in args.columns.split(",")]))
    if args.tensors:
        types = {1: "float32", 7: "int64", 8: "str", 11: "float64"}
        specs = []
        for value in model.graph.input:
            tensor = value.type.tensor_type
            shape = tuple(dim.dim_value or -1 for dim in tensor.shape.dim)
            specs.append(TensorSpec(np.dtype(types[tensor.elem_type]), shape, value.name))
        return ModelSignature(Schema(specs))
    return None


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=["folder", "registry"])
    parser.add_argument("model")
    parser.add_argument("target")
    parser.add_argument("name", nargs="?")
    parser.add_argument("--inside", action="store_true", help="weights in the file, not beside it")
    parser.add_argument("--columns", help="a signature of columns with these names")
    parser.add_argument("--tensors", action="store_true", help="a signature of the model's inputs")
    parser.add_argument("--alias")
    parser.add_argument("--tag", help="KEY=VALUE of the version")
    args = parser.parse_args()
    model = onnx.load(args.model)
    how = {
        "signature": signature(model, args),
        "save_as_external_data": not args.inside,
        # What is said here is not looked for in the environment, nor on the network.
        "pip_requirements": ["onnxruntime"],
        "metadata": {"team": "payments", "rows": 5000},
    }
    if args.what == "folder":
        mlflow.onnx.save_model(model, args.target, **how)
        return
    mlflow.set_tracking_uri(args.target)
    with mlflow.start_run() as run:
        info = mlflow.onnx.log_model(model, name="model", registered_model_name=args.name, **how)
    client = mlflow.MlflowClient()
    version = str(info.registered_model_version)
    if args.alias:
        client.set_registered_model_alias(args.name, args.alias, version)
    if args.tag:
        client.set_model_version_tag(args.name, version, *args.tag.split("=", 1))
    print(json.dumps({"run_id": run.info.run_id, "version": version}))


if __name__ == "__main__":
    main()
