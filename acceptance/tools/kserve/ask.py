"""Asks a server all that KServe's own clients can; run by `acceptance/test_kserve_client.py` in KServe's environment.

`ask.py HTTP GRPC ROWS.json` prints what came back as one line of JSON; `ROWS.json` has a matrix, NaN as `null`.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable
from typing import Any

import numpy as np
from kserve import InferenceGRPCClient, InferenceRESTClient, InferInput, InferRequest, RESTConfig
from kserve.protocol.infer_type import InferResponse, RequestedOutput


def request(rows: np.ndarray, how: str, **more: Any) -> InferRequest:
    """As bytes, as JSON, or with whole arrays, for which the client chooses."""
    tensor = InferInput("features", list(rows.shape), "FP32")
    if how == "array":
        tensor.data = rows
    else:
        tensor.set_data_from_numpy(rows, binary_data=how == "binary")
    return InferRequest("fraud", [tensor], request_id=f"id-{how}", **more)


def shown(response: InferResponse) -> dict[str, Any]:
    outputs = {output.name: output.as_numpy().tolist() for output in response.outputs}
    return {"id": response.id, "model": response.model_name, "outputs": outputs}


async def fails(call: Awaitable[Any]) -> str:
    """What the client says of a call that must fail."""
    try:
        await call
    except Exception as error:  # httpx's of status, or gRPC's.
        return str(error)
    raise AssertionError("the call did not fail")


async def over_http(url: str, rows: np.ndarray) -> dict[str, Any]:
    finite = np.nan_to_num(rows)
    said: dict[str, Any] = {}
    async with InferenceRESTClient(RESTConfig(protocol="v2", retries=0)) as client:
        health = (client.is_server_live(url), client.is_server_ready(url), client.is_model_ready(url, "fraud"))
        said["health"] = [await call for call in health]
        said["nobody ready"] = await client.is_model_ready(url, "nobody")
        headers: dict[str, str] = {}
        both = request(rows, "binary", parameters={"binary_data_output": True})
        said["binary"] = shown(await client.infer(url, both, "fraud", response_headers=headers))
        said["deployment"] = headers["azureml-model-deployment"]
        said["binary in, JSON out"] = shown(await client.infer(url, request(rows, "binary"), "fraud"))
        # orjson writes NaN as `null`.
        said["JSON"] = shown(await client.infer(url, request(rows, "json"), "fraud"))
        said["array"] = shown(await client.infer(url, request(rows, "array"), "fraud"))
        one = [RequestedOutput("output_probability", {"binary_data": True})]
        said["one output"] = shown(await client.infer(url, request(rows, "json", request_outputs=one), "fraud"))
        said["refused"] = await fails(client.infer(url, request(finite[:, :19].copy(), "json"), "fraud"))
        said["nobody"] = await fails(client.infer(url, request(rows, "json"), "nobody"))
    async with InferenceRESTClient(RESTConfig(protocol="v1", retries=0)) as client:
        matrix = [[None if value != value else value for value in row] for row in rows.tolist()]
        said["v1 ready"] = await client.is_model_ready(url, "fraud")
        said["v1"] = await client.infer(url, {"instances": matrix}, "fraud")
        said["v1 refused"] = await fails(client.infer(url, {"instances": []}, "fraud"))
    return said


async def over_grpc(address: str, rows: np.ndarray) -> dict[str, Any]:
    said: dict[str, Any] = {}
    async with InferenceGRPCClient(address, retries=2) as client:
        health = (client.is_server_live(), client.is_server_ready(), client.is_model_ready("fraud"))
        said["health"] = [await call for call in health]
        for how in ("binary", "json", "array"):
            said[how] = shown(await client.infer(request(rows, how)))
        said["refused"] = await fails(client.infer(request(rows[:, :19].copy(), "binary")))
        said["nobody ready"] = await client.is_model_ready("nobody")
        unknown = request(rows, "json")
        unknown.model_name = "nobody"
        said["nobody"] = await fails(client.infer(unknown))
    return said


async def main() -> None:
    url, address, file = sys.argv[1:]
    with open(file) as text:
        rows = np.array(json.load(text), dtype=np.float32)
    print(json.dumps({"http": await over_http(url, rows), "grpc": await over_grpc(address, rows)}))


asyncio.run(main())
