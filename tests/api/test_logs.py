"""Logs: structured, and without anything that leads to a person, whatever the code or a library writes."""

import ast
import io
import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
import safezone_hub
from safezone_hub.logs import FIELDS, JsonFormatter, configure_logging

from tests.api.town import NAMES, TOKEN, WHERE, lively, running
from tests.hub.hub_world import lat_lon

HUB = Path(safezone_hub.__file__).parent


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """Everything logged, at the most talkative level, as the hub would write it."""
    root, kept = logging.getLogger(), (logging.getLogger().handlers[:], logging.getLogger().level)
    out = io.StringIO()
    configure_logging("DEBUG", out)
    yield out
    root.handlers[:], root.level = kept
    logging.captureWarnings(False)


def test_a_lively_hub_with_every_kind_of_error_logs_nothing_of_anybody(
    lines: io.StringIO, tmp_path: Path
) -> None:
    with running(tmp_path / "state") as town:
        lively(town)
        for who in (None, "guardian/g-c2", "operator/o1", "school/t1"):
            for path in (
                "/v1/children/c1/position",
                "/v1/children/c1/data",
                f"/v1/incidents/{town.incidents['c1']}",
            ):
                town.call(who, "GET", path)
        engine = town.hub.engine
        with pytest.raises(RuntimeError):  # an answer that fails, with a name in its words
            engine.ask(lambda zones, work: (_ for _ in ()).throw(RuntimeError(NAMES["c1"]))).result()
        for logger in ("safezone.hub", "uvicorn.error", "another.library", "a.library"):
            log = logging.getLogger(logger)
            log.setLevel(logging.NOTSET)  # another test's uvicorn in this process may have quietened it
            log.warning("position of %s", NAMES["c1"], extra={"child": "c1", "reason": "p-c1"})
            try:
                raise ValueError(f"p-c1 at {lat_lon(*WHERE['c1'])}")
            except ValueError:
                log.exception("it failed")
        logging.getLogger("a.library").error(f"sent to {NAMES['c2']} 010-0000-0001")
        ids = [b["id"] for kind in ("child", "guardian", "binding", "consent")
               for b in town.call("admin", "GET", f"/v1/registry/{kind}").json()["items"]]  # fmt: skip
        devices = [f"{x}-{c}" for c in WHERE for x in ("p", "t")]
        tokens = [*town.tokens.values(), TOKEN]
        traces = [
            *ids,
            *devices,
            *NAMES.values(),
            *town.incidents.values(),
            *tokens,
            "010-0000-0001",
            "/down",
            "/up",
        ]
        traces += [f"{v:.3f}" for c in WHERE for v in lat_lon(*WHERE[c]).values()]
    text = lines.getvalue()
    parsed = [json.loads(line) for line in text.splitlines()]
    assert len(parsed) >= 9 and {"at", "level", "logger", "event"} <= set(parsed[0])
    ours = json.dumps(
        [{k: v for k, v in line.items() if k not in ("at", "where")} for line in parsed], ensure_ascii=False
    )
    places = json.dumps([line.get("where", []) for line in parsed])
    for trace in traces:
        assert f'"{trace}"' not in ours and (len(trace) < 4 or trace not in ours), trace
        assert len(trace) < 5 or trace not in places, trace
    failed = [line for line in parsed if line.get("error") == "ValueError"]
    assert len(failed) == 4 and all("test_logs.py" in line["where"][-1] for line in failed)


def test_only_named_fields_of_plain_shape_come_out() -> None:
    def shown(**extra: object) -> dict[str, object]:
        record = logging.makeLogRecord(
            {"name": "safezone.hub", "msg": "x", "levelno": 30, "levelname": "WARNING", **extra}
        )
        line = json.loads(JsonFormatter().format(record))
        return {k: v for k, v in line.items() if k not in ("at", "level", "logger", "event")}

    assert shown(status=503, operation="getPosition", service="phone_call_112", duration_ms=1.5) == {
        "status": 503, "operation": "getPosition", "service": "phone_call_112", "duration_ms": 1.5,
    }  # fmt: skip
    assert shown(child="c1", topic="safezone/v1/z1/dev/p-c1/up", name_="홍길동", zone="z1") == {}
    for value in (
        "7041138-c001",
        "p-c1",
        "홍길동",
        "37.5086,126.8913",
        "a b",
        "x" * 65,
        True,
        ["x"],
        {"a": 1},
        "010000",
    ):
        assert shown(reason=value, status=value) == {}, value
    assert not {"child", "guardian", "device", "topic", "name", "lat", "lon", "zone", "id", "address"} & set(
        FIELDS
    )


def test_every_log_call_of_the_hub_has_a_constant_text() -> None:
    """Arguments are dropped when a line is written; a text put together by hand would not be."""
    wrong, seen = [], 0
    for path in sorted(HUB.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            receiver = node.func.value
            named = isinstance(receiver, ast.Name) and receiver.id in ("log", "logger", "logging", "_log")
            if not named or node.func.attr not in (
                "debug",
                "info",
                "warning",
                "error",
                "exception",
                "critical",
            ):
                continue
            seen += 1
            first = node.args[0] if node.args else None
            if not isinstance(first, ast.Constant) or not isinstance(first.value, str):
                wrong.append(f"{path.relative_to(HUB)}:{node.lineno}")
    assert seen > 10, seen
    assert wrong == []
