"""The gRPC port under the same rules as the HTTP port: keys, certificates, limits, the end of the process."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import grpc
import numpy as np
import pytest
import tritonclient.grpc as triton
from certificates import Authority, Secret
from grpc_health.v1 import health_pb2, health_pb2_grpc
from load import refused
from tritonclient.grpc import service_pb2, service_pb2_grpc

import skeg

PRIMARY, ADMIN = "primary-key-0123456789", "admin-key-0123456789abcdef"


def request(rows: int = 1) -> service_pb2.ModelInferRequest:
    data = np.ones((rows, 20), np.float32)
    made = service_pb2.ModelInferRequest(model_name="fraud", raw_input_contents=[data.tobytes()])
    made.inputs.add(name="features", datatype="FP32", shape=[rows, 20])
    return made


@contextmanager
def stub(channel: grpc.Channel) -> Iterator[service_pb2_grpc.GRPCInferenceServiceStub]:
    with channel:
        yield service_pb2_grpc.GRPCInferenceServiceStub(channel)


def code(call: object, *args: object, **more: object) -> grpc.StatusCode:
    """The code that a call ends with."""
    try:
        call(*args, timeout=30, **more)  # type: ignore[operator]
    except grpc.RpcError as error:
        return error.code()
    return grpc.StatusCode.OK


OK, UNAUTHENTICATED = grpc.StatusCode.OK, grpc.StatusCode.UNAUTHENTICATED


def test_keys(folder: Path) -> None:
    (folder / "primary").write_text(PRIMARY)
    (folder / "admin").write_text(ADMIN)
    scoring = ["--auth=keys", f"--auth-primary-key-file={folder / 'primary'}"]
    flags = [*scoring, f"--admin-key-file={folder / 'admin'}", "--metrics-open"]
    with skeg.serving(folder, *flags) as server, stub(grpc.insecure_channel(server.grpc)) as asked:
        good = [("authorization", f"Bearer {PRIMARY}")]
        for metadata in [good, [("x-api-key", PRIMARY)]]:
            assert code(asked.ModelInfer, request(), metadata=metadata) == OK
        for metadata in [[], [("x-api-key", ADMIN)], [("authorization", f"Bearer {PRIMARY}x")]]:
            assert code(asked.ModelInfer, request(), metadata=metadata) == UNAUTHENTICATED, metadata
            assert code(asked.ServerMetadata, service_pb2.ServerMetadataRequest(), metadata=metadata) == UNAUTHENTICATED
        assert code(asked.ServerLive, service_pb2.ServerLiveRequest()) == OK, "probes have no key"
        # A demo takes orders, from whoever has the operators' key.
        load = service_pb2.RepositoryModelLoadRequest(model_name="fraud")
        assert code(asked.RepositoryModelLoad, load, metadata=good) == UNAUTHENTICATED
        assert code(asked.RepositoryModelLoad, load, metadata=[("x-api-key", ADMIN)]) == OK
        assert refused(server, "unauthorized") == 7


def channel(server: skeg.Server, authority: Authority, identity: tuple[bytes, bytes] | None = None) -> grpc.Channel:
    certificate, key = identity or (None, None)
    credentials = grpc.ssl_channel_credentials(authority.pem(), key, certificate)
    return grpc.secure_channel(server.grpc, credentials)


def test_certificates_of_the_server_and_of_clients(folder: Path) -> None:
    ours, clients, others = Authority("ours"), Authority("clients"), Authority("others")
    tls = Secret(folder / "tls")
    certificate, key = ours.issue("skeg")
    tls.put(**{"tls.crt": certificate, "tls.key": key, "ca.crt": clients.pem()})
    flags = [f"--tls-cert={tls / 'tls.crt'}", f"--tls-key={tls / 'tls.key'}", f"--tls-client-ca={tls / 'ca.crt'}"]
    with skeg.serving(folder, *flags) as server:
        with stub(channel(server, ours, clients.issue("one", client=True))) as asked:
            assert code(asked.ModelInfer, request()) == OK
            # A new certificate is for new connections; the one that stands goes on.
            renewed = Authority("renewed")
            certificate, key = renewed.issue("skeg")
            tls.put(**{"tls.crt": certificate, "tls.key": key, "ca.crt": clients.pem()})
            def renewed_is_shown() -> bool:
                with stub(channel(server, renewed, clients.issue("two", client=True))) as other:
                    return code(other.ServerLive, service_pb2.ServerLiveRequest()) == OK

            skeg.until("the new certificate", renewed_is_shown)
            assert code(asked.ModelInfer, request()) == OK
        for wrong in [channel(server, renewed), channel(server, renewed, others.issue("three", client=True))]:
            with stub(wrong) as asked:
                assert code(asked.ModelInfer, request()) == grpc.StatusCode.UNAVAILABLE
        with stub(grpc.insecure_channel(server.grpc)) as asked:
            assert code(asked.ModelInfer, request()) == grpc.StatusCode.UNAVAILABLE
        assert refused(server, "handshake") >= 2


def test_limits(folder: Path) -> None:
    flags = ["--body-limit", str(1 << 16), "--rows-limit", "100"]
    with skeg.serving(folder, *flags) as server, stub(grpc.insecure_channel(server.grpc)) as asked:
        assert code(asked.ModelInfer, request(100)) == OK
        assert code(asked.ModelInfer, request(101)) == grpc.StatusCode.RESOURCE_EXHAUSTED
        assert code(asked.ModelInfer, request(1000)) == grpc.StatusCode.RESOURCE_EXHAUSTED
        # What unpacks to more than the limit is refused too, however small it comes.
        packed = request(1000)
        packed.raw_input_contents[0] = bytes(len(packed.raw_input_contents[0]))
        small = code(asked.ModelInfer, packed, compression=grpc.Compression.Gzip)
        assert small == grpc.StatusCode.RESOURCE_EXHAUSTED
        assert code(asked.ModelInfer, request(1)) == OK
        assert refused(server, "too_many_rows") == 1 and refused(server, "body_too_large") >= 1


def test_a_connection_without_calls_is_told_to_go(folder: Path) -> None:
    with skeg.serving(folder, "--idle-timeout", "500ms") as server, stub(grpc.insecure_channel(server.grpc)) as asked:
        assert code(asked.ModelInfer, request()) == OK
        skeg.until("it is counted", lambda: refused(server, "idle_timeout") == 1)
        # The client makes another, and loses nothing.
        assert code(asked.ModelInfer, request()) == OK


@pytest.mark.parametrize("stream", [False, True])
def test_calls_in_hand_are_answered_when_the_server_ends(folder: Path, stream: bool) -> None:
    answered: list[grpc.StatusCode | int] = []
    with skeg.serving(folder) as server:
        if stream:
            with triton.InferenceServerClient(server.grpc) as client:
                got: list[object] = []
                client.start_stream(lambda result, error: got.append(error or result))
                tensor = triton.InferInput("features", [1, 20], "FP32")
                tensor.set_data_from_numpy(np.ones((1, 20), np.float32))
                for number in range(20):
                    client.async_stream_infer("fraud", [tensor], request_id=str(number))
                skeg.until("all answers", lambda: len(got) == 20)
                client.stop_stream()
                ids = [result.get_response().id for result in got]  # type: ignore[attr-defined]
            assert ids == [str(number) for number in range(20)], "in their order"
            assert server.terminate() == 0
            return
        with stub(grpc.insecure_channel(server.grpc)) as asked:
            ending = threading.Event()

            def score() -> None:
                # After the end anybody may have the port, a test beside this one too.
                said = OK
                while not ending.is_set() and said == OK:
                    said = code(asked.ModelInfer, request(500))
                    answered.append(said)

            threads = [threading.Thread(target=score) for _ in range(4)]
            for thread in threads:
                thread.start()
            skeg.until("answers", lambda: len(answered) > 50)
            assert server.terminate() == 0
            ending.set()
            for thread in threads:
                thread.join()
    first_gone = next((place for place, said in enumerate(answered) if said != OK), len(answered))
    # A call that was begun is answered; those after the end find nobody.
    assert set(answered) <= {OK, grpc.StatusCode.UNAVAILABLE} and first_gone > 50
    assert answered[first_gone:].count(OK) <= len(threads)


def test_health_is_watched_through_the_end(folder: Path) -> None:
    with skeg.serving(folder, "--drain-delay", "1s") as server, grpc.insecure_channel(server.grpc) as channel:
        asked = health_pb2_grpc.HealthStub(channel)
        watched = asked.Watch(health_pb2.HealthCheckRequest(), timeout=60)
        assert next(watched).status == health_pb2.HealthCheckResponse.SERVING
        begun = time.monotonic()
        ended = threading.Thread(target=server.terminate)
        ended.start()
        assert next(watched).status == health_pb2.HealthCheckResponse.NOT_SERVING
        assert time.monotonic() - begun < 30
        watched.cancel()
        ended.join()
