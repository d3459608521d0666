"""``safezone model …`` as a person uses it."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from safezone_model import requirements, schema_names
from safezone_model.commands import model_group
from safezone_model.document import byte_examples, standard

EXAMPLES = Path(__file__).parents[2] / "conformance" / "safezone_model" / "examples"


def model(*words: str, given: bytes | None = None) -> Result:
    return CliRunner().invoke(model_group, words, input=given)


@pytest.mark.parametrize("command", [None, *model_group.commands])
def test_help_is_in_both_languages(command: str | None) -> None:
    said = model(*([command] if command else []), "--help")
    assert said.exit_code == 0
    assert " · " in said.output


def test_doc_prints_korean_first_then_english() -> None:
    assert model("doc", "--lang", "en").output == standard("en")
    assert model("doc").output == standard("ko") + "\n" + standard("en")


def test_doc_writes_html(tmp_path: Path) -> None:
    out = tmp_path / "standard.html"
    assert model("doc", "--html", "--lang", "ko", "--out", str(out)).exit_code == 0
    assert out.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert model("doc", "--html").exit_code == 2


def test_schemas_lists_and_prints() -> None:
    assert model("schemas").output.split() == schema_names()
    assert json.loads(model("schemas", "messages/ack").output)["$id"] == "urn:safezone:v1:message:ack"
    missing = model("schemas", "messages/nothing")
    assert missing.exit_code == 2
    assert "no such schema" in missing.output


def test_check_passes_a_good_message_and_a_good_item() -> None:
    good = byte_examples()["up-good"]["payload"].encode()
    assert model("check", "-", given=good).exit_code == 0
    item = EXAMPLES / "registry" / "child" / "valid" / "child.json"
    assert model("check", str(item)).exit_code == 0
    data = EXAMPLES / "messages" / "tag.called" / "valid" / "counted.json"
    assert model("check", str(data), "--as", "messages/tag.called").exit_code == 0


def test_check_names_field_value_and_remedy_in_both_languages(tmp_path: Path) -> None:
    wrapped = json.loads(
        (EXAMPLES / "registry" / "child" / "invalid" / "grade-seven.json").read_text("utf-8")
    )
    file = tmp_path / "child.json"
    file.write_text(json.dumps(wrapped["value"], ensure_ascii=False), encoding="utf-8")
    said = model("check", str(file))
    assert said.exit_code == 1
    assert "/grade = 7" in said.output
    assert "keep to maximum 6" in said.output
    assert "maximum 6을(를) 지킨다" in said.output


@pytest.mark.parametrize(
    "path", sorted(EXAMPLES.rglob("invalid/*.json")), ids=lambda p: f"{p.parts[-3]}-{p.stem}"
)
def test_check_refuses_every_invalid_example_at_its_place(path: Path) -> None:
    wrapped: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    schema = path.parent.parent.relative_to(EXAMPLES).as_posix()
    said = model("check", "-", "--as", schema, given=json.dumps(wrapped["value"]).encode())
    assert said.exit_code == 1
    assert f"\n  {wrapped['at'] or '/'} = " in said.output


@pytest.mark.parametrize(
    ("payload", "said"),
    [
        (b"\xff", "not UTF-8"),
        (b"[1]", "not a JSON object"),
        (b'{"a":NaN}', "NaN is no JSON"),
        (b'{"a":1,"a":2}', "the member 'a' occurs twice"),
        (b'{"a":1} {}', "not JSON (1:9)"),
        (b'{"a":' + b"[" * 40 + b"]" * 40 + b"}", "nested deeper than"),
        (b'{"a":' + b"[" * 200_000, "nested too deeply"),
    ],
)
def test_check_says_why_bytes_are_no_message(payload: bytes, said: str) -> None:
    found = model("check", "-", given=payload)
    assert found.exit_code == 1
    assert said in found.output


def test_check_looks_at_the_place_of_the_mac_the_type_and_the_data() -> None:
    first = model("check", "-", given=byte_examples()["up-mac-first"]["payload"].encode())
    assert "/mac" in first.output
    data = model("check", "-", given=byte_examples()["up-bad-data"]["payload"].encode())
    assert "/data/reads = 0" in data.output
    good = byte_examples()["up-good"]["payload"]
    unknown = model("check", "-", given=good.replace("tag.sighted", "tag.sigted").encode())
    assert "unknown message type" in unknown.output
    impossible = model("check", "-", given=good.replace("2026-05-18", "2026-02-30").encode())
    assert "no such instant in the calendar" in impossible.output


def test_check_asks_for_the_schema_when_it_cannot_tell() -> None:
    said = model("check", "-", given=b'{"tag":"tag-0001"}')
    assert said.exit_code == 2
    assert "--as" in said.output


def test_requirements_are_filtered_and_printed() -> None:
    everything = json.loads(model("requirements", "--json").output)
    assert [r["id"] for r in everything] == [r.id for r in requirements()]
    bells = json.loads(model("requirements", "--json", "--role", "bell", "--level", "SHOULD").output)
    assert bells
    assert all("bell" in r["roles"] and r["level"] == "SHOULD" for r in bells)
    wire = json.loads(model("requirements", "--json", "--clause", "4").output)
    assert {r["clause"] for r in wire} == {"4.1", "4.2", "4.3", "4.4", "4.5"}
    calls = model("requirements", "--service", "bell_call", "--lang", "en").output
    assert "near a bell call" in calls
    assert model("requirements", "--clause", "99").exit_code == 2


def test_bundle_is_whole_and_its_sums_are_right(tmp_path: Path) -> None:
    out = tmp_path / "bundle"
    assert model("bundle", "--out", str(out)).exit_code == 0
    lines = (out / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
    listed = dict(reversed(line.split("  ")) for line in lines)
    files = {
        p.relative_to(out).as_posix(): p for p in out.rglob("*") if p.is_file() and p.name != "SHA256SUMS"
    }
    assert set(listed) == set(files)
    assert all(hashlib.sha256(p.read_bytes()).hexdigest() == listed[name] for name, p in files.items())
    assert {
        "openapi.json",
        "asyncapi.json",
        "requirements.json",
        "standard.ko.html",
        "schemas/envelope.json",
    } <= set(files)
    assert model("bundle", "--out", str(out)).exit_code == 2
