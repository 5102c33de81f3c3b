"""``dataforge check`` and ``dataforge explain``: forms and exit codes."""

from __future__ import annotations

import json
from email.message import Message
from pathlib import Path
from typing import Any

import pytest
from command_line import Cli
from helpers import SQUARE, document, picture, python, shape, voc_object, voc_xml, write

from dataforge.checks import known_codes
from dataforge.cli.check_output import as_github, as_sarif, as_text
from dataforge.codes import GROUPS, code
from dataforge.findings import Finding, Place
from dataforge.verbs.check import CheckReport


def finding(name: str, place: Place, message: str = "is odd", **more: Any) -> Finding:
    return code(name).at(place, message, **more)


def report(*findings: Finding, **more: Any) -> CheckReport:
    counts: dict[str, Any] = {}
    for one in findings:
        numbers = counts.setdefault(one.code, {})
        numbers[one.severity] = numbers.get(one.severity, 0) + 1
    given = {"counts": counts, "path": "data", "root": "data", "format": "voc"} | more
    return CheckReport(findings=list(findings), **given)


def test_findings_are_grouped_by_code_and_counted() -> None:
    found = report(
        finding("same-split", Place("a.xml")),
        finding("zero-area", Place("a.xml", line=3), remedy="redraw it"),
        finding("unreadable-xml", Place("a.xml"), remedy="do this"),
        finding("zero-area", Place("b.xml", line=4), remedy="redraw it"),
        finding("unreadable-xml", Place("b.xml"), remedy="do that"),
        counts={
            "same-split": {"note": 1},
            "unreadable-xml": {"error": 2},
            "zero-area": {"warning": 1202},
        },
        images=3,
        shapes=9,
        fixable={"zero-area": 1200},
    )
    assert list(as_text(found)) == [
        f"error unreadable-xml: {code('unreadable-xml').page.title}",
        "  data/a.xml: is odd; do this",
        "  data/b.xml: is odd; do that",
        f"warning zero-area: {code('zero-area').page.title}",
        "  data/a.xml:3: is odd",
        "  data/b.xml:4: is odd",
        "  ... and 1,200 more",
        "  -> redraw it",
        f"note same-split: {code('same-split').page.title}",
        "  data/a.xml: is odd",
        "",
        "code            errors  warnings  notes",
        "unreadable-xml       2",
        "zero-area                  1,202",
        "same-split                            1",
        "`--fix --unsafe-fixes` can fix 1,200 findings: zero-area 1,200; `--diff` shows how",
        "data (voc: 3 images, 9 shapes): 2 errors, 1,202 warnings, 1 note; "
        "`dataforge explain CODE` says more",
    ]


def test_summary_announces_only_fixable_findings() -> None:
    found = report(
        finding("zero-area", Place("a.xml")),
        finding("untidy-label", Place("a.xml")),
        fixable={"untidy-label": 1},
    )
    promises = [line for line in as_text(found) if line.startswith("`--fix")]
    assert promises == ["`--fix` can fix 1 finding: untidy-label 1; `--diff` shows how"]


def test_no_findings() -> None:
    (line,) = as_text(report(images=1))
    assert line == "data (voc: 1 image, 0 shapes): no findings"


def test_github_output_escapes_special_characters() -> None:
    lines = list(
        as_github(
            report(
                finding(
                    "unreadable-xml",
                    Place("d,1/a:b%.xml", line=7),
                    "100%\r\nodd, a: b",
                    remedy="fix it",
                ),
                finding("same-split", Place(".", "$.x")),
                finding("zero-area", Place("a.xml", "object[0]", line=3, column=8)),
            )
        )
    )
    assert lines == [
        "::error file=data/d%2C1/a%3Ab%25.xml,title=unreadable-xml,line=7"
        "::100%25%0D%0Aodd, a: b; fix it",
        "::notice file=data,title=same-split::$.x: is odd",
        "::warning file=data/a.xml,title=zero-area,line=3,col=8::is odd",
    ]


def test_sarif_meets_the_specification() -> None:
    found = report(
        finding("zero-area", Place("a b/人.xml", line=7)),
        finding("same-split", Place("a.json", "$.shapes[0]")),
    )
    (text,) = as_sarif(found)
    assert text.isascii()
    document = json.loads(text)
    # SARIF 2.1.0, 3.13 and 3.14: required are version and runs, of a run its tool.
    assert document["version"] == "2.1.0"
    (run,) = document["runs"]
    driver = run["tool"]["driver"]
    assert driver["name"] == "dataforge"
    assert [rule["id"] for rule in driver["rules"]] == ["zero-area", "same-split"]
    assert driver["rules"][0]["shortDescription"] == {"text": "An object without area"}
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


def test_exit_codes(cli: Cli, tmp_path: Path) -> None:
    picture(tmp_path / "a.jpg")
    write(tmp_path / "a.json", document(shape("cat", SQUARE)))
    assert cli("check", tmp_path).returncode == 0
    write(tmp_path / "a.json", document(shape("cat", [[1, 1], [1, 1]], "rectangle")))
    assert cli("check", tmp_path).returncode == 0  # a warning
    write(tmp_path / "b.json", "{")
    result = cli("check", tmp_path, "--select", "boxes, files", "--select", "labelme")
    assert result.returncode == 0
    assert "zero-area" in result.stdout
    result = cli("check", tmp_path, "--json")
    assert result.returncode == 1
    assert json.loads(result.stdout)["counts"]["unreadable-json"] == {"error": 1}
    assert cli("check", tmp_path, "--exit-zero").returncode == 0
    for wrong in (("--select", "zero-aera"), ("--output-format", "xml"), ("--max-findings", "-1")):
        assert cli("check", tmp_path, *wrong).returncode == 2
    result = cli("check", tmp_path / "none")
    assert (result.returncode, result.stdout) == (3, "")
    assert result.stderr == f"error: {tmp_path / 'none'}: no such file or folder\n"


def test_forms_of_the_report(cli: Cli, tmp_path: Path) -> None:
    write(tmp_path / "a.json", "{")
    as_json = cli("check", tmp_path, "--json").stdout
    assert json.loads(as_json)["counts"] == {"unreadable-json": {"error": 1}}
    assert cli("check", tmp_path, "--output-format", "json").stdout == as_json
    assert cli("check", tmp_path, "--output-format", "github").stdout.startswith("::error file=")
    sarif = json.loads(cli("check", tmp_path, "--output-format", "sarif").stdout)
    assert sarif["version"] == "2.1.0"
    result = cli("check", tmp_path, "--json", "--output-format", "github")
    assert result.returncode == 2
    saved = tmp_path / "report.json"
    result = cli("check", tmp_path, "--output-format", "github", "--report", saved)
    assert result.stdout.startswith("::error file=")
    assert json.loads(saved.read_text()) == json.loads(as_json)


def test_quiet_is_findings_alone(cli: Cli, tmp_path: Path) -> None:
    picture(tmp_path / "a.jpg")
    write(tmp_path / "a.json", document(shape("cat", SQUARE)))
    assert cli("check", tmp_path, "-q").stdout == ""
    write(tmp_path / "b.json", "{")
    result = cli("check", tmp_path, "--quiet")
    assert result.returncode == 1
    lines = result.stdout.splitlines()
    assert lines[0].startswith("error unreadable-json: ")
    assert all(line.startswith("  ") for line in lines[1:])


def test_what_settings_hide_is_said_in_every_form(cli: Cli, tmp_path: Path) -> None:
    picture(tmp_path / "data" / "a.jpg")
    flat = shape("cat", [[1, 1], [1, 1]], "rectangle")
    write(tmp_path / "data" / "a.json", document(flat, flat))
    text = "[check]\nselect = ['boxes']\nignore = [{ code = 'zero-area', reason = 'why' }]\n"
    file = write(tmp_path / "dataforge.toml", text)
    line = f"settings of {file}: only boxes; 2 findings ignored: zero-area 2\n"
    for more in ((), ("--quiet",)):
        assert line in cli("check", "data", *more, cwd=tmp_path).stdout
    for form in ("github", "sarif"):
        assert cli("check", "data", "--output-format", form, cwd=tmp_path).stderr == line
    found = json.loads(cli("check", "data", "--json", cwd=tmp_path).stdout)
    assert found["settings"] == {
        "file": str(file),
        "select": ["boxes"],
        "ignored": {"zero-area": 2},
    }
    file = file.rename(tmp_path / "data" / "dataforge.toml")
    assert "zero-area" in cli("check", "data", cwd=tmp_path).stdout
    named = cli("check", "data", "--settings", "data/dataforge.toml", cwd=tmp_path)
    assert "settings of data/dataforge.toml: only boxes; " in named.stdout
    missing = cli("check", "data", "--settings", "none.toml", cwd=tmp_path)
    assert (missing.returncode, missing.stdout) == (3, "")
    assert missing.stderr.startswith("error: none.toml: ")


def test_fixes_are_counted_and_remaining_findings_reported(cli: Cli, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    for name, labels in {"a": ("cat ", "cat "), "b": ("cat", " cat"), "c": ("cat",)}.items():
        shapes = [shape(label, SQUARE) for label in labels]
        write(folder / f"{name}.json", document(*shapes, image=f"{name}.jpg"))
        picture(folder / f"{name}.jpg")
    write(folder / "d.json", document(shape("cat", [[1, 1], [1, 1]], "rectangle"), image="d.jpg"))
    picture(folder / "d.jpg", (64, 49))
    only = ("--select", "untidy-label,zero-area")
    result = cli("check", folder, *only)
    assert "`--fix` can fix 3 findings: untidy-label 3; `--diff` shows how" in result.stdout
    assert "`--fix --unsafe-fixes` can fix 1 finding: zero-area 1;" in result.stdout
    result = cli("check", folder, *only, "--diff")
    assert result.stderr == "would fix 3 findings in 2 files: untidy-label 3\n"
    assert "+++ b/a.json" in result.stdout
    result = cli("check", folder, *only, "--fix", "--backup", tmp_path / "kept")
    lines = result.stdout.splitlines()
    assert lines[0] == (
        "fixed 3 findings in 2 files: untidy-label 3; "
        f"the original files are in {tmp_path / 'kept'}"
    )
    assert "untidy-label" not in "".join(lines[1:])
    result = cli("check", folder, *only, "--fix", "--unsafe-fixes", "-o", tmp_path / "out")
    assert result.stdout.splitlines()[0] == (
        f"fixed 1 finding in 1 file: zero-area 1; the fixed dataset is in {tmp_path / 'out'}"
    )
    assert cli("check", tmp_path / "out", *only, "--fix").stdout.startswith("nothing to fix\n")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--unsafe-fixes"], "--unsafe-fixes requires --fix or --diff"),
        (["--output", "x"], "--output requires --fix, without --diff"),
        (["--fix", "--diff", "--backup", "x"], "--backup requires --fix, without --diff"),
        (["--fix", "--output", "x", "--backup", "y"], "--backup has no effect with --output"),
        (["--lines", "skip", "--from", "voc"], "--lines has no effect where voc is read"),
        (["--coords", "vok"], "did you mean 'voc'?"),
        (["--engine", "locale"], "did you mean 'local'?"),
        (["--workers", "-1"], "--workers -1"),
    ],
)
def test_options_without_effect_are_refused(
    cli: Cli, tmp_path: Path, arguments: list[str], expected: str
) -> None:
    write(tmp_path / "a.xml", voc_xml(voc_object("cat", (1, 2, 3, 4))))
    picture(tmp_path / "a.jpg")
    result = cli("check", tmp_path, *arguments)
    assert (result.returncode, result.stdout) == (2, "")
    assert expected in result.stderr
    assert result.stderr.endswith("try 'dataforge check --help'\n")


def test_options_of_readers_reach_the_check(cli: Cli, tmp_path: Path) -> None:
    objects = voc_object("cat", (10, 12, 30, 40)), voc_object("cat", (1, 1, 5, 5), difficult="1")
    write(tmp_path / "a.xml", voc_xml(*objects))
    picture(tmp_path / "a.jpg")
    arguments = ("--difficult", "drop", "--from", "voc", "--workers", "2", "--json")
    assert json.loads(cli("check", tmp_path, *arguments).stdout)["shapes"] == 1


def test_output_is_identical_under_every_hash_seed(tmp_path: Path) -> None:
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


def test_explain(cli: Cli) -> None:
    result = cli("explain", "zero-area")
    assert result.stdout.startswith(
        "zero-area (boxes, warning, fix unsafe)\n\nAn object without area\n"
    )
    listed = cli("explain").stdout
    assert all(f"\n  {name} " in listed for name in known_codes())
    of_group = cli("explain", "splits").stdout.splitlines()
    assert of_group[0] == f"splits: {GROUPS['splits']}"
    own = [name for name in known_codes() if code(name).group == "splits"]
    assert [line.split()[0] for line in of_group[1:]] == own
    result = cli("explain", "zero-aera")
    assert result.returncode == 2
    assert result.stderr.startswith("error: no code 'zero-aera'; did you mean 'zero-area'?\n")
    assert cli("explain", "zero-area", "--markdown").returncode == 2


def test_explain_as_json(cli: Cli) -> None:
    one = json.loads(cli("explain", "zero-area", "--json").stdout)
    assert {key: one[key] for key in ("code", "group", "severity", "fix")} == {
        "code": "zero-area",
        "group": "boxes",
        "severity": "warning",
        "fix": "unsafe",
    }
    assert len(json.loads(cli("explain", "--json").stdout)) == len(known_codes())


def test_all_codes_as_markdown(cli: Cli) -> None:
    rows = cli("explain", "--markdown").stdout.splitlines()[2:]
    assert sorted(row.split("`")[1] for row in rows) == sorted(known_codes())


@pytest.mark.parametrize("site", ["https://docs.example.org/", None])
def test_the_address_of_a_page(
    cli: Cli, site: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As soon as the package's metadata say where the site is, `explain` and SARIF do, too."""
    about = Message()
    about["Project-URL"] = "Source, https://example.org"
    if site:
        about["Project-URL"] = f"Documentation, {site}"
    monkeypatch.setattr("dataforge.cli.explain.metadata", {"dataforge-cv": about}.__getitem__)
    write(tmp_path / "a.json", document(shape("cat", [[1, 1], [1, 1]], "rectangle")))
    run = json.loads(cli("check", str(tmp_path), "--output-format", "sarif").stdout)["runs"][0]
    rules = {rule["id"]: rule.get("helpUri") for rule in run["tool"]["driver"]["rules"]}
    address = site and f"{site}codes/zero-area.html"
    assert rules["zero-area"] == address
    assert cli("explain", "zero-area").stdout.endswith(f"\n{address}\n" if address else ".\n")
