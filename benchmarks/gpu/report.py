"""The files in OUT."""

from __future__ import annotations

import argparse
import json
import os
import threading
import time
from pathlib import Path
from typing import Any

import table
from parts import Part, Registration, Scale

STARTED = time.monotonic()
SCALED = ("data", "epochs", "repeat", "batch", "size", "workers")


class Report:
    """The files in OUT, of what is known so far."""

    def __init__(
        self, out: Path, gpu: dict[str, Any], args: argparse.Namespace, scale: Scale
    ) -> None:
        self.out = out
        self.rows: list[dict[str, Any]] = []
        self.lock = threading.Lock()
        self.head: dict[str, Any] = {
            "device": gpu["name"] or f"CPU, {os.cpu_count()} cores",
            "gpu": gpu,
            "cores": os.cpu_count(),
            "date": time.strftime("%Y-%m-%d"),
            "small": scale.is_small,
            "scale": {name: getattr(scale, name) for name in (*SCALED, "lr")},
            "slots": args.slots,
        }
        (out / "log.txt").write_text("", "utf-8")

    @property
    def passed(self) -> bool:
        return bool(self.rows) and all(row["status"] == "ok" for row in self.rows)

    def add(self, row: dict[str, Any], log: str = "") -> None:
        """One more row, into all files."""
        with self.lock:
            self.rows.append(row)
            with (self.out / "log.txt").open("a", encoding="utf-8") as stream:
                stream.write(f"\n===== {row['id']}: {row['status']} {row['reason']}\n{log}")
            self._write()
            print(f"{elapsed():6.1f} s  {table.line(row)}", flush=True)

    def finish(self) -> None:
        with self.lock:
            self._write()
        print("\n" + table.text(self.head, self.rows))

    def _write(self) -> None:
        self.head["seconds"] = round(elapsed(), 1)
        content = json.dumps({**self.head, "rows": self.rows}, indent=1, ensure_ascii=False)
        for name, text in (
            ("results.json", content),
            ("table.md", table.markdown(self.head, self.rows)),
        ):
            part = self.out / f".{name}.part"
            part.write_text(text + "\n", "utf-8")
            part.replace(self.out / name)


def elapsed() -> float:
    return time.monotonic() - STARTED


def row_of(part: Part, status: str, reason: str) -> dict[str, Any]:
    of = part.of or Registration("", "", "")
    return {
        "id": part.id,
        "status": status,
        "reason": reason,
        "framework": part.framework,
        "what": part.what,
        "detector": of.detector,
        "backbone": of.backbone,
        "data": of.data,
        "amp": part.amp,
    }
