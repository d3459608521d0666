"""What is true of every message from a hub and of every answer, held against each one in whatever case it comes."""

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from safezone_conformance import openapi
from safezone_conformance.identity import raw_key
from safezone_conformance.record import Entry, bytes_of
from safezone_conformance.wire import Malformed, breaches, breaches_of_message, mac_is_right, parse

if TYPE_CHECKING:
    from safezone_conformance.hub_bench import Answer, Down, HubBench

TOPIC = re.compile(r"safezone/v1/([^/]+)/(dev|guardian|desk|peer|clock)/([^/]+)/down")


def read_down(t: "HubBench", entry: Entry) -> "Down":
    """A message down, held to chapters 3 and 4, its receipts to 5, its notices and alerts to 8.9 and 8.10."""
    from safezone_conformance.hub_bench import Down

    content = entry.content
    topic, payload = str(content["topic"]), bytes_of(content["payload"])
    match = TOPIC.fullmatch(topic)
    principal = f"{match[2]}/{t.name(match[3])}" if match else topic
    down = Down(entry, False, principal, payload, {})
    t.ambient(
        "ALL-TOPIC-001",
        match is not None,
        "a topic of the form safezone/v1/{zone}/{role}/{id}/down",
        topic,
        down,
    )
    t.ambient("ALL-TOPIC-009", content.get("qos") == 1, "QoS 1", f"QoS {content.get('qos')} on {topic}", down)
    t.ambient("ALL-TOPIC-013", not content.get("retain"), "no retain flag", f"retained on {topic}", down)
    t.ambient("ALL-TOPIC-010", len(payload) <= 65536, "at most 65536 bytes", f"{len(payload)} bytes", down)
    try:
        envelope = parse(payload)
    except Malformed as error:
        t.ambient(
            "ALL-ENV-006" if "twice" in str(error) else "ALL-ENV-005",
            False,
            "one JSON object in UTF-8",
            str(error),
            down,
        )
        return down
    down.envelope = envelope
    wrong = breaches("envelope", envelope)
    t.ambient("ALL-ENV-001", not wrong, "an envelope that satisfies its schema", "; ".join(wrong), down)
    if not wrong:
        wrong = breaches_of_message(envelope)
        unknown = [w for w in wrong if w.startswith("/type:")]
        t.ambient("ALL-ENV-002", not unknown, "a message of the standard", "; ".join(unknown), down)
        if not unknown:
            t.ambient(
                "ALL-ENV-003",
                not wrong,
                f"data that satisfies messages/{envelope['type']}",
                "; ".join(wrong),
                down,
            )
    _hold_mac(t, down, topic, match)
    if wrong or match is None:
        return down
    if down.type == "receipt":
        _hold_receipt(t, down)
    elif down.type in ("notice", "alert"):
        _hold_told(t, down)
    return down


def _hold_mac(t: "HubBench", down: "Down", topic: str, match: "re.Match[str] | None") -> None:
    ends = down.payload.rstrip(b"\r\n") == down.payload and b',"mac":"' in down.payload[-60:]
    t.ambient("ALL-ENV-007", ends, 'mac last, as ,"mac":"…"}', repr(down.payload[-70:]), down)
    key = t.keys.get(down.principal)
    if key is None:
        return
    t.ambient(
        "HUB-MAC-003",
        down.envelope.get("keyid") == key["keyid"],
        f"keyid {key['keyid']}",
        down.envelope.get("keyid"),
        down,
    )
    right = mac_is_right(raw_key(key), topic, down.payload)
    t.ambient("ALL-MAC-001", right, "the mac of these bytes under the recipient's key", "another", down)
    if match is not None and t.settings.hub_id:
        source = f"{match[1]}/hub/{t.settings.hub_id}"
        t.ambient(
            "ALL-TOPIC-004",
            down.envelope.get("source") == source,
            f"source {source}",
            down.envelope.get("source"),
            down,
        )


def _hold_receipt(t: "HubBench", down: "Down") -> None:
    rows = down.data["receipts"]
    role, _, name = down.principal.partition("/")
    own = f"{t.zone}/{role}/{t.id(name)}"
    others = [r for r in rows if r["source"] != own]
    t.ambient(
        "HUB-RCPT-005",
        not others and 1 <= len(rows) <= 200,
        f"1 to 200 entries of {own} only",
        others or len(rows),
        down,
    )
    bare = [r for r in rows if r["status"] == "rejected" and not r.get("reason")]
    t.ambient("HUB-RCPT-006", not bare, "a reason in every entry of status rejected", bare, down)


def _hold_told(t: "HubBench", down: "Down") -> None:
    data = down.data
    loose = [e for e in data.get("evidence", []) if t.sent_message(e) is None]
    t.ambient("HUB-NOTE-010", not loose, "evidence that names messages which were sent", loose, down)
    free = data["service"] in ("not_arrived", "tag_silent", "missing_report", "location_provided")
    t.ambient(
        "HUB-NOTE-011",
        bool(data.get("evidence")) or free,
        "evidence that is not empty",
        data.get("evidence"),
        down,
    )
    from safezone_model.loader import SERVICES

    role = down.principal.partition("/")[0]
    t.ambient("HUB-SVC-002", role in SERVICES[data["service"]].recipients or _climbed(data),
              f"{data['service']} goes to {', '.join(SERVICES[data['service']].recipients)}", down.principal, down)  # fmt: skip


def _climbed(data: Mapping[str, Any]) -> bool:
    # Once it has climbed to a desk, it is given again there as any other incident.
    return data["service"] == "not_arrived" and bool({"escalated", "reminder"} & set(data.get("flags", [])))


# HTTP


def hold_answer(t: "HubBench", method: str, path: str, answer: "Answer") -> None:
    """An answer's status, form and body by ``openapi.json``."""
    status, kind = answer.status, answer.headers.get("content-type", "")
    # Health tells its state in a form of its own also where it is not well.
    if status >= 400 and openapi.answer_schema(method, path, status) is None:
        is_problem = kind.partition(";")[0].strip() == "application/problem+json"
        t.ambient("HUB-HTTP-002", is_problem, f"{status} as application/problem+json", kind, answer)
        body = answer.json
        if is_problem:
            same = isinstance(body, dict) and body.get("status") == status
            t.ambient("HUB-HTTP-003", same, f"status {status} in the problem", body, answer)
        return
    schema = openapi.answer_schema(method, path, status)
    if schema is None or kind.partition(";")[0].strip() != "application/json":
        return
    wrong = [e.message[:200] for e in openapi.validator(json.dumps(schema)).iter_errors(answer.json)][:3]
    t.ambient(
        "HUB-API-002",
        not wrong,
        f"{method} {path.partition('?')[0]} answers as openapi.json says",
        "; ".join(wrong),
        answer,
    )
    secrets = [k["secret"] for k in t.keys.values() if k["secret"].encode() in answer.body]
    t.ambient("HUB-REG-003", not secrets, "no secret in an answer", f"{len(secrets)} keys shown", answer)
