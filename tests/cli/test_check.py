"""``dataforge check`` and ``dataforge explain``: forms, exit codes, the README's table."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from helpers import REPO, SQUARE, document, picture, python, shape, voc_object, voc_xml, write

from dataforge.check import CheckReport
from dataforge.checks.table import checks
from dataforge.cli.check_output import as_github, as_sarif, as_text
from dataforge.cli.explain import as_markdown
from dataforge.records import Finding

BEGIN, END = "<!-- checks:begin -->\n", "<!-- checks:end -->\n"


def cli(*arguments: str | Path) -> Any:
    return python("-m", "dataforge", *map(str, arguments))


def finding(code: str, file: str, where: str = "", message: str = "is odd", **more: Any) -> Finding:
    return Finding(
        code=code,
        severity=more.pop("severity", "error"),
        file=file,
        where=where,
        message=message,
        **more,
    )


def report(*findings: Finding, **more: Any) -> CheckReport:
    counts: dict[str, Any] = {}
    for one in findings:
        numbers = counts.setdefault(one.code, {})
        numbers[one.severity] = numbers.get(one.severity, 0) + 1
    said = {"counts": counts, "path": "data", "root": "data", "format": "voc"} | more
    return CheckReport(findings=list(findings), **said)


def test_findings_come_by_code_and_are_counted_at_the_end() -> None:
    found = report(
        finding("b-code", "a.xml", severity="note"),
        finding("zero-area", "a.xml", "line 3", severity="warning", remedy="redraw it"),
        finding("a-code", "a.xml", remedy="do this"),
        finding("zero-area", "b.xml", "line 4", severity="warning", remedy="redraw it"),
        finding("a-code", "b.xml", remedy="do that"),
        counts={
            "a-code": {"error": 1, "note": 1},
            "b-code": {"note": 1},
            "zero-area": {"warning": 1202},
        },
        images=3,
        shapes=9,
    )
    assert list(as_text(found)) == [
        "error a-code",
        "  a.xml: is odd; do this",
        "  b.xml: is odd; do that",
        "warning zero-area: An object that covers no area",
        "  a.xml::line 3: is odd",
        "  b.xml::line 4: is odd",
        "  ... and 1,200 more",
        "  -> redraw it",
        "note b-code",
        "  a.xml: is odd",
        "",
        "code       errors  warnings  notes",
        "a-code          1                1",
        "zero-area             1,202",
        "b-code                           1",
        "`--fix --unsafe-fixes` may mend: zero-area; `--diff` shows how",
        "data (voc: 3 images, 9 shapes): 1 error, 1,202 warnings, 2 notes; "
        "`dataforge explain CODE` says more",
    ]


def test_nothing_found_is_said() -> None:
    (line,) = as_text(report(images=1))
    assert line == "data (voc: 1 image, 0 shapes): nothing found"


def test_github_gets_commands_with_what_it_reads_escaped() -> None:
    said = list(
        as_github(
            report(
                finding("a-code", "d,1/a:b%.xml", "line 7", "100%\r\nodd, a: b", remedy="mend it"),
                finding("b-code", ".", "$.x", severity="note"),
                finding("c-code", "a.xml", "line 3, column 8", severity="warning"),
            )
        )
    )
    assert said == [
        "::error file=data/d%2C1/a%3Ab%25.xml,title=a-code,line=7::100%25%0D%0Aodd, a: b; mend it",
        "::notice file=data,title=b-code::$.x: is odd",
        "::warning file=data/a.xml,title=c-code,line=3::is odd",
    ]


def test_sarif_has_what_the_specification_requires() -> None:
    found = report(
        finding("zero-area", "a b/人.xml", "line 7", severity="warning"),
        finding("odd-code", "a.json", "$.shapes[0]", severity="note"),
    )
    (text,) = as_sarif(found)
    assert text.isascii()
    document = json.loads(text)
    # SARIF 2.1.0, 3.13 and 3.14: required are version and runs, of a run its tool.
    assert document["version"] == "2.1.0"
    (run,) = document["runs"]
    driver = run["tool"]["driver"]
    assert driver["name"] == "dataforge"
    assert [rule["id"] for rule in driver["rules"]] == ["zero-area", "odd-code"]
    assert driver["rules"][0]["shortDescription"] == {"text": "An object that covers no area"}
    for result in run["results"]:
        assert result["message"]["text"]
        assert result["level"] in ("error", "warning", "note")
        assert driver["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
    first, second = (result["locations"][0] for result in run["results"])
    assert first == {
        "physicalLocation": {
            "artifactLocation": {"uri": "data/a%20b/%E4%BA%BA.xml"},
            "region": {"startLine": 7},
        }
    }
    assert second == {
        "physicalLocation": {"artifactLocation": {"uri": "data/a.json"}},
        "logicalLocations": [{"fullyQualifiedName": "$.shapes[0]"}],
    }


def test_exit_codes(tmp_path: Path) -> None:
    picture(tmp_path / "a.jpg")
    write(tmp_path / "a.json", document(shape("cat", SQUARE)))
    assert cli("check", tmp_path).returncode == 0
    write(tmp_path / "a.json", document(shape("cat", [[1, 1], [1, 1]], "rectangle")))
    assert cli("check", tmp_path).returncode == 0  # a warning
    write(tmp_path / "b.json", "{")
    result = cli("check", tmp_path, "--select", "boxes, files", "--select", "labelme")
    assert result.returncode == 0
    assert "zero-area" in result.stdout
    result = cli("check", tmp_path, "--format", "json")
    assert result.returncode == 1
    assert json.loads(result.stdout)["counts"]["unreadable-json"] == {"error": 1}
    assert cli("check", tmp_path, "--exit-zero").returncode == 0
    for wrong in (("--select", "zero-aera"), ("--format", "xml"), ("--max-findings", "-1")):
        assert cli("check", tmp_path, *wrong).returncode == 2
    result = cli("check", tmp_path / "none")
    assert (result.returncode, result.stdout) == (3, "")
    assert "no such folder" in result.stderr


def test_the_same_bytes_under_any_hash_seed(tmp_path: Path) -> None:
    for name in "abc":
        picture(tmp_path / f"{name}.jpg")
        write(
            tmp_path / f"{name}.xml",
            voc_xml(voc_object("Cat", (5, 5, 5, 9)), voc_object("cat", (5, 5, 9, 9))),
        )
    first, second = (
        python("-m", "dataforge", "check", str(tmp_path), PYTHONHASHSEED=seed).stdout
        for seed in ("1", "2")
    )
    assert first == second
    assert "duplicate-image" in first


def test_explain() -> None:
    result = cli("explain", "zero-area")
    assert result.stdout.startswith(
        "zero-area (boxes, warning, fix unsafe)\n\nAn object that covers no area.\n"
    )
    listed = cli("explain").stdout
    assert all(f"\n  {code} " in listed for code in checks())
    of_group = cli("explain", "splits").stdout.splitlines()
    assert of_group[0] == "splits: who is trained on and who is evaluated on"
    assert [line.split()[0] for line in of_group[1:]] == [
        row.code for row in checks().values() if row.group == "splits"
    ]
    result = cli("explain", "zero-aera")
    assert result.returncode == 2
    assert "did you mean 'zero-area'?" in result.stderr
    assert cli("explain", "zero-area", "--markdown").returncode == 2


def test_the_readme_has_this_table() -> None:
    """`dataforge explain --markdown` prints it: put its output between the markers."""
    text = (REPO / "README.md").read_text("utf-8")
    inside = text.split(BEGIN)[1].split(END)[0]
    assert inside == "\n".join(as_markdown()) + "\n"
    assert cli("explain", "--markdown").stdout == inside
