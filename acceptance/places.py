"""Stores that tests run on: a folder, and a container of Azurite, Microsoft's emulator of Blob Storage."""

from __future__ import annotations

import base64
import os
import re
import subprocess
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from azure.storage.blob import BlobServiceClient, ContainerClient

import skeg

AZURITE = skeg.ROOT / "target" / "tools" / "azurite" / "node_modules" / ".bin" / "azurite-blob"
LISTENS = re.compile(r"successfully listens on http://127\.0\.0\.1:(\d+)")
START_SECONDS = 60


class Folder:
    """A store on the local disk."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.folder = folder
        self.url = str(folder)
        self.variables: dict[str, str] = {}

    def names(self, prefix: str = "") -> list[str]:
        """All objects below a prefix, in order."""
        files = [path for path in self.folder.rglob("*") if path.is_file() and "#" not in path.name]
        names = [path.relative_to(self.folder).as_posix() for path in files]
        return sorted(name for name in names if name.startswith(prefix))

    def read(self, name: str) -> bytes:
        return (self.folder / name).read_bytes()

    def write(self, name: str, content: bytes) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


class Container:
    """A store below a prefix of a container; read and written by Microsoft's own client."""

    PREFIX = "team/a"

    def __init__(self, account: str, client: ContainerClient, variables: dict[str, str]) -> None:
        self.client = client
        self.url = f"az://{account}/{client.container_name}/{self.PREFIX}"
        self.variables = variables

    def names(self, prefix: str = "") -> list[str]:
        start = f"{self.PREFIX}/"
        names = [blob.name for blob in self.client.list_blobs(name_starts_with=start + prefix)]
        return sorted(name.removeprefix(start) for name in names)

    def read(self, name: str) -> bytes:
        return self.client.download_blob(f"{self.PREFIX}/{name}").readall()

    def write(self, name: str, content: bytes) -> None:
        self.client.upload_blob(f"{self.PREFIX}/{name}", content, overwrite=True)


Place = Folder | Container


class Azurite:
    """A running emulator with one account."""

    def __init__(self, port: int, account: str, key: str) -> None:
        self.port, self.account, self.key = port, account, key
        self.endpoint = f"http://127.0.0.1:{port}/{account}"

    def container(self) -> Container:
        """A new one."""
        service = BlobServiceClient(self.endpoint, credential=self.key)
        client = service.create_container(f"skeg-{uuid.uuid4().hex}")
        variables = {"AZURE_STORAGE_ACCOUNT_KEY": self.key, "AZURE_STORAGE_ENDPOINT": self.endpoint}
        return Container(self.account, client, variables)


@contextmanager
def azurite(folder: Path, again: Azurite | None = None) -> Iterator[Azurite]:
    """Starts Azurite on a free port, or once more where it was, with its data in `folder`."""
    account, key = "acceptance", again.key if again else base64.b64encode(uuid.uuid4().bytes).decode()
    line = [AZURITE, "--silent", "--skipApiVersionCheck", "--disableTelemetry", "--location", folder]
    with (folder / "azurite.log").open("w") as log:
        process = subprocess.Popen(
            [*line, "--blobHost", "127.0.0.1", "--blobPort", str(again.port if again else 0)],
            stdout=subprocess.PIPE, stderr=log, text=True, cwd=folder,
            env=os.environ | {"AZURITE_ACCOUNTS": f"{account}:{key}"},
        )
    watchdog = threading.Timer(START_SECONDS, process.kill)
    watchdog.start()
    try:
        assert process.stdout is not None
        found = (LISTENS.search(said) for said in process.stdout)
        port = next((match[1] for match in found if match), None)
        assert port, f"Azurite did not start:\n{(folder / 'azurite.log').read_text()}"
        watchdog.cancel()
        threading.Thread(target=process.stdout.read, daemon=True).start()
        yield Azurite(int(port), account, key)
    finally:
        watchdog.cancel()
        # It writes what it knows of its blobs before it ends.
        process.terminate()
        try:
            process.wait(timeout=START_SECONDS)
        finally:
            process.kill()
