"""An S3 server on loopback, that can be told to fail; and what is in its bucket."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

BUCKET = "pictures"


class Server:
    """An S3 server.

    Attributes:
        url: of its bucket.
        endpoint: its address.
        requests: (method, path, range) of each that has been answered.
        lost: called so, too; if it is true, the request is served once, and answered with 500.
        fault: called with (method, path) before each request; returns a status to answer with.
    """

    url = f"s3://{BUCKET}"

    def __init__(self, application: Any) -> None:
        from werkzeug.serving import make_server

        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        self._application = application
        self.requests: list[tuple[str, str, str]] = []
        self.fault: Callable[[str, str], int] = lambda method, path: 0
        self.lost: Callable[[str, str], bool] = lambda method, path: False
        self._server = make_server("127.0.0.1", 0, self._answer, threaded=True)
        self.endpoint = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def _answer(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        if status := self.fault(method, path):
            environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            start(f"{status} Fault", [("Content-Length", "0")])
            return [b""]
        self.requests.append((method, path, environ.get("HTTP_RANGE", "")))
        if self.lost(method, path):
            self.lost = lambda method, path: False
            list(self._application(environ, lambda *_: None))
            start("500 Fault", [("Content-Length", "0")])
            return [b""]
        answer: Iterable[bytes] = self._application(environ, start)
        return answer

    def stop(self) -> None:
        """End it."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class Bucket:
    """What is in the bucket, seen by boto3 and not by what is tested."""

    def __init__(self, server: Server) -> None:
        import boto3

        self.server = server
        self.client = boto3.client("s3", endpoint_url=server.endpoint)

    def put(self, key: str, data: bytes = b"") -> None:
        """Make an object."""
        self.client.put_object(Bucket=BUCKET, Key=key, Body=data)

    def put_folder(self, folder: Path, prefix: str) -> str:
        """Make an object of each file of a folder; returns the URL."""
        for path in folder.rglob("*"):
            if path.is_file():
                self.put(f"{prefix}/{path.relative_to(folder).as_posix()}", path.read_bytes())
        return f"{self.server.url}/{prefix}"

    def keys(self, prefix: str = "") -> list[str]:
        """The keys, without the prefix."""
        found = []
        for page in self.client.get_paginator("list_objects_v2").paginate(
            Bucket=BUCKET, Prefix=prefix
        ):
            found += [one["Key"] for one in page.get("Contents", ())]
        return [key.removeprefix(prefix).lstrip("/") for key in found]

    def files(self, prefix: str) -> dict[str, bytes]:
        """Key without the prefix -> content."""
        return {
            key: self.client.get_object(Bucket=BUCKET, Key=f"{prefix}/{key}")["Body"].read()
            for key in self.keys(f"{prefix}/")
        }


@pytest.fixture(scope="session")
def _server() -> Iterator[Server]:
    pytest.importorskip("s3fs")
    moto = pytest.importorskip("moto.server")
    server = Server(moto.DomainDispatcherApplication(moto.create_backend_app))
    yield server
    server.stop()


@pytest.fixture
def bucket(_server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Bucket]:
    """A bucket that is empty; the environment says where it is."""
    for name, value in {
        "AWS_ENDPOINT_URL": _server.endpoint,
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_CONFIG_FILE": str(tmp_path / "none"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "none"),
        "AWS_MAX_ATTEMPTS": "3",
    }.items():
        monkeypatch.setenv(name, value)
    found = Bucket(_server)
    found.client.create_bucket(Bucket=BUCKET)
    _server.requests.clear()
    yield found
    _server.fault, _server.lost = lambda method, path: 0, lambda method, path: False
    objects = [{"Key": key} for key in found.keys("")]
    if objects:
        found.client.delete_objects(Bucket=BUCKET, Delete={"Objects": objects})
    found.client.delete_bucket(Bucket=BUCKET)
    found.client.close()
