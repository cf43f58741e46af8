"""A store on Azure: which credentials are used, how failures read, and that nothing secret is said."""

from __future__ import annotations

import base64
import http.server
import json
import threading
import time
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path

from azure.storage.blob import ContainerSasPermissions, generate_container_sas

import places
import skeg

SECRET = base64.b64encode(b"hush-hush-hush").decode()
EMPTY = b'<?xml version="1.0" encoding="utf-8"?><EnumerationResults><Blobs></Blobs><NextMarker/></EnumerationResults>'


def listing(url: str, variables: dict[str, str], *args: str) -> tuple[int, str, str]:
    ran = skeg.run("models", "list", "--store", url, *args, variables=variables)
    return ran.returncode, ran.stdout, ran.stderr


def test_each_form_of_key_opens_the_store(azurite: places.Azurite) -> None:
    place = azurite.container()
    token = generate_container_sas(
        azurite.account, place.client.container_name, account_key=azurite.key,
        permission=ContainerSasPermissions(read=True, list=True, write=True),
        expiry=datetime.now(timezone.utc) + timedelta(hours=1),
    )
    endpoint = {"AZURE_STORAGE_ENDPOINT": azurite.endpoint}
    whole = f"DefaultEndpointsProtocol=http;AccountName={azurite.account};AccountKey={azurite.key};"
    for variables in [
        {"AZURE_STORAGE_ACCOUNT_KEY": azurite.key} | endpoint,
        {"AZURE_STORAGE_SAS_TOKEN": token} | endpoint,
        {"AZURE_STORAGE_SAS_TOKEN": f"?{token}"} | endpoint,
        {"AZURE_STORAGE_CONNECTION_STRING": f"{whole}BlobEndpoint={azurite.endpoint};"},
        {"AZURE_STORAGE_CONNECTION_STRING": whole} | endpoint,
    ]:
        assert listing(place.url, variables, "--json") == (0, '{"models":[]}\n', "")


def test_a_refused_key_and_a_missing_container_are_told_without_the_key(azurite: places.Azurite) -> None:
    place = azurite.container()
    wrong = place.variables | {"AZURE_STORAGE_ACCOUNT_KEY": SECRET}
    sas = {"AZURE_STORAGE_SAS_TOKEN": f"sv=2023-11-03&sig={SECRET}", "AZURE_STORAGE_ENDPOINT": azurite.endpoint}
    missing = f"az://{azurite.account}/nowhere"
    for url, variables, words in [
        (place.url, wrong, "403"),
        (place.url, sas, "403"),
        (missing, place.variables, "ContainerNotFound"),
    ]:
        code, out, said = listing(url, variables)
        assert (code, out) == (1, ""), said
        assert words in said
        for secret in [SECRET, azurite.key, base64.b64decode(SECRET).decode(), urllib.parse.quote(SECRET, safe="")]:
            assert secret not in said
    ran = skeg.run("serve", "--store", missing, *skeg.FREE_PORTS, variables=place.variables)
    assert ran.returncode in (1, 78) and "ContainerNotFound" in ran.stderr, ran


def test_a_store_that_makes_no_sense_exits_78_and_repeats_no_secret() -> None:
    for url, variables, words in [
        (f"az://acct/models?sig={SECRET}", {}, "credentials come from the environment"),
        (f"az://u:{SECRET}@acct/models", {}, "before its first slash"),
        ("az://acct/models", {"AZURE_STORAGE_ACCOUNT_KEY": "not base64!"}, "AZURE_STORAGE_ACCOUNT_KEY"),
        ("az://acct/models", {"AZURE_STORAGE_CONNECTION_STRING": f"AccountName=b;AccountKey={SECRET}"}, "account b"),
        (
            "az://acct/models",
            {"AZURE_STORAGE_ACCOUNT_KEY": SECRET, "AZURE_STORAGE_ENDPOINT": "http://192.0.2.1/acct"},
            "plain http is for this machine only",
        ),
    ]:
        code, _, said = listing(url, variables)
        assert code == 78, said
        assert words in said and SECRET not in said and "not base64!" not in said, said


def test_an_absent_store_is_told_in_bounded_time() -> None:
    variables = {"AZURE_STORAGE_ACCOUNT_KEY": SECRET, "AZURE_STORAGE_ENDPOINT": "http://127.0.0.1:9/acct"}
    begun = time.monotonic()
    code, _, said = listing("az://acct/models", variables)
    assert code == 1 and "127.0.0.1:9" in said, said
    assert time.monotonic() - begun < 60


@contextmanager
def entra(seen: list[dict[str, str]]) -> Iterator[str]:
    """Something that gives out tokens as Entra ID and Container Apps do, and an empty container."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def answer(self, body: bytes, kind: str) -> None:
            self.send_response(200)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            form = self.rfile.read(int(self.headers["content-length"])).decode()
            seen.append({"path": self.path} | dict(urllib.parse.parse_qsl(form)))
            self.answer(b'{"access_token": "token-1", "expires_in": 3600}', "application/json")

        def do_GET(self) -> None:
            url = urllib.parse.urlsplit(self.path)
            query = dict(urllib.parse.parse_qsl(url.query))
            if url.path == "/msi":
                seen.append({"path": url.path, "secret": self.headers["x-identity-header"]} | query)
                body = {"access_token": "token-2", "expires_on": str(int(time.time()) + 3600)}
                self.answer(json.dumps(body | {"token_type": "Bearer", "resource": "x"}).encode(), "application/json")
            else:
                seen.append({"path": url.path, "authorization": self.headers["authorization"]})
                self.answer(EMPTY, "application/xml")

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def test_a_workload_identity_is_exchanged_for_a_token(folder: Path) -> None:
    seen: list[dict[str, str]] = []
    (folder / "token").write_text("from-kubernetes")
    with entra(seen) as address:
        variables = {
            "AZURE_CLIENT_ID": "client-1", "AZURE_TENANT_ID": "tenant-1",
            "AZURE_FEDERATED_TOKEN_FILE": str(folder / "token"), "AZURE_AUTHORITY_HOST": f"{address}/",
            "AZURE_STORAGE_ENDPOINT": f"{address}/acct",
        }
        assert listing("az://acct/models", variables, "--json") == (0, '{"models":[]}\n', "")
    exchange, listed = seen
    assert exchange["path"] == "/tenant-1/oauth2/v2.0/token"
    assert (exchange["client_id"], exchange["client_assertion"]) == ("client-1", "from-kubernetes")
    assert exchange["scope"] == "https://storage.azure.com/.default"
    assert listed == {"path": "/acct/models", "authorization": "Bearer token-1"}


def test_a_managed_identity_of_container_apps_is_used() -> None:
    seen: list[dict[str, str]] = []
    with entra(seen) as address:
        variables = {
            "AZURE_CLIENT_ID": "client-1", "IDENTITY_ENDPOINT": f"{address}/msi", "IDENTITY_HEADER": "header-1",
            "AZURE_STORAGE_ENDPOINT": f"{address}/acct",
        }
        assert listing("az://acct/models", variables, "--json") == (0, '{"models":[]}\n', "")
    asked, listed = seen
    assert (asked["secret"], asked["client_id"]) == ("header-1", "client-1")
    assert asked["resource"] == "https://storage.azure.com"
    assert listed == {"path": "/acct/models", "authorization": "Bearer token-2"}
