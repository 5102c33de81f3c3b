"""A COCO file of a web server, which cannot list what it has."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest
from helpers import SAMPLE, snapshot

from dataforge.errors import InputError, UsageError
from dataforge.io import Root
from dataforge.jobs import Job
from dataforge.verbs.check import check
from dataforge.verbs.convert import convert

pytest.importorskip("aiohttp")


class _Handler(SimpleHTTPRequestHandler):
    faults: ClassVar[list[int]] = []
    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.asked.append(self.path)
        if self.faults:
            self.send_error(self.faults.pop())
        else:
            super().do_GET()

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def site(tmp_path: Path) -> Iterator[str]:
    """The address of a web server, which has the sample in COCO's format."""
    convert(Job(source=str(SAMPLE / "labelme"), out=str(tmp_path / "site"), reads="labelme",
                writes="coco", image_mode="copy"))  # fmt: skip
    _Handler.faults.clear()
    _Handler.asked.clear()
    handler = partial(_Handler, directory=str(tmp_path / "site"))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_a_coco_file_is_read_and_its_images_are_not_asked_for(site: str, tmp_path: Path) -> None:
    job = Job(source=f"{site}/annotations/instances_all.json", out=str(tmp_path / "out"),
              reads="coco", writes="voc", image_mode="reference")  # fmt: skip
    report = convert(job)
    assert report.images == {"all": 14}
    assert {one.severity for one in report.findings} == {"note"}
    assert _Handler.asked == ["/annotations/instances_all.json"]
    assert sum(name.endswith(".xml") for name in snapshot(tmp_path / "out")) == 14


def test_a_server_that_is_busy_is_asked_again(site: str) -> None:
    _Handler.faults[:] = [503, 502]
    root = Root(f"{site}/annotations/instances_all.json")
    assert root.files() == ["instances_all.json"]
    assert len(json.loads(root.read_bytes("instances_all.json"))["images"]) == 14


def test_a_server_that_stays_busy_ends_the_run(site: str) -> None:
    _Handler.faults[:] = [503] * 9
    with pytest.raises(InputError, match=r"instances_all\.json: cannot be read: .*50"):
        Root(f"{site}/annotations/instances_all.json").read_bytes("instances_all.json")


@pytest.mark.parametrize("path", ["", "/", "/annotations", "/images/all/scene_01.jpg"])
def test_a_folder_is_refused(site: str, path: str) -> None:
    with pytest.raises(InputError, match="does not say what a folder holds; name a COCO file"):
        check(site + path)


def test_nobody_listens() -> None:
    with pytest.raises(
        InputError, match=r"^http://127\.0\.0\.1:1/a\.json: cannot be read: .*onnect"
    ):
        check("http://127.0.0.1:1/a.json")


def test_what_is_not_there(site: str) -> None:
    with pytest.raises(InputError, match="no such bucket, folder or file"):
        check(f"{site}/none.json")


@pytest.mark.parametrize(
    "secret", ["me:hush@127.0.0.1/a.json", "127.0.0.1/a.json?X-Amz-Signature=hush"]
)
def test_secrets_are_refused_and_never_shown(secret: str) -> None:
    with pytest.raises(UsageError) as error:
        check(f"http://{secret}")
    assert "hush" not in str(error.value)


def test_images_beside_the_file_are_checked_and_copied(site: str, tmp_path: Path) -> None:
    (file,) = tmp_path.glob("site/annotations/*.json")
    (beside,) = {path.parent for path in tmp_path.glob("site/**/scene_01.jpg")}
    file.rename(beside / "set.json")
    url = f"{site}/{beside.relative_to(tmp_path / 'site').as_posix()}/set.json"
    report = check(url)
    assert (report.images, report.counts) == (14, {})
    convert(Job(source=url, out=str(tmp_path / "out"), reads="coco",
                writes="yolo"))  # fmt: skip
    pictures = [path for path in snapshot(tmp_path / "out") if path.endswith(".jpg")]
    assert len(pictures) == 14
