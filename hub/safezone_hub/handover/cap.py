"""The hand-over as a message of the Common Alerting Protocol, version 1.2 (OASIS, 2010).

One message a version of the incident: Alert first, then Update, and Cancel when there was nothing after all, each
with ``references`` to every earlier one. Scope is always Restricted: it speaks of a child. A drill is always Exercise.
What CAP has no element for stands in ``parameter`` under names of ours, the first block (Korean) and the second alike.
"""

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from safezone_hub.clock import zone_info
from safezone_hub.handover import wording
from safezone_hub.handover.document import CLOSED, handover
from safezone_hub.handover.view import HandoverView, Issued, moment

NAMESPACE = "urn:oasis:names:tc:emergency:cap:1.2"
CAP_TYPE = "application/cap+xml"
PROFILE = "profile:safezone:1"
SERVICE_CODE = "urn:safezone:v1:service"
LANGUAGES = {"ko": "ko-KR", "en": "en-US"}
# Longer than the slowest reminder of an incident that is being worked; each version renews it.
EXPIRES_S = 3600
_ALLOWED_IN_ID = re.compile(r"[^\s,<&]+\Z")
# Everything XML 1.0 can not hold, escaped or not.
_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_UNSAID = {"ko": "미상", "en": "unknown"}


@dataclass(frozen=True, slots=True)
class Grade:
    """How CAP grades a service while it is open."""

    categories: tuple[str, ...]
    urgency: str
    severity: str
    certainty: str


# Severity: «significant threat to life» for whoever calls for help, is in danger or gone. Certainty: a button is
# observed, a position is inferred, a silence is a possibility.
_GRADES = {
    "tag_call": Grade(("Security", "Rescue"), "Immediate", "Severe", "Observed"),
    "bell_call": Grade(("Security", "Rescue"), "Immediate", "Severe", "Observed"),
    "phone_call_112": Grade(("Security", "Rescue"), "Immediate", "Severe", "Observed"),
    "missing_report": Grade(("Rescue", "Security"), "Immediate", "Severe", "Likely"),
    "danger_entry": Grade(("Safety", "Rescue"), "Immediate", "Severe", "Likely"),
    "route_deviation": Grade(("Safety", "Security"), "Expected", "Moderate", "Likely"),
    "tag_silent": Grade(("Safety", "Security"), "Expected", "Moderate", "Possible"),
    "not_arrived": Grade(("Safety",), "Expected", "Moderate", "Possible"),
}
_UNGRADED = Grade(("Safety",), "Unknown", "Unknown", "Unknown")
_RESPONSES = {
    "open": ("Assess", "Execute"),
    "acknowledged": ("Assess", "Execute"),
    "dispatched": ("Execute", "Monitor"),
    "on_scene": ("Monitor",),
}


def cap_identifier(incident: str, version: int) -> str:
    """The message's identifier. ValueError for an id that CAP could not tell apart in ``references``."""
    return _checked(f"{incident}.{version}")


def cap_alert(
    incident: Mapping[str, Any], view: HandoverView, languages: Sequence[str] = ("ko", "en")
) -> bytes:
    """The message of one version of the incident, UTF-8 XML. ``view.earlier`` becomes ``references``.

    Raises ValueError for a sender or an incident id with blanks, commas, ``<`` or ``&``, which CAP forbids.
    """
    document = handover(incident, view)
    return _write(_alert(incident, document, view, languages))


# ------------------------------------------------------------------------------------ the message


def _alert(
    incident: Mapping[str, Any], document: Mapping[str, Any], view: HandoverView, languages: Sequence[str]
) -> ET.Element:
    sender = _checked(view.sender)
    drill = document.get("exercise")
    alert = ET.Element("alert", {"xmlns": NAMESPACE})
    _put(alert, "identifier", cap_identifier(document["incident"], document["version"]))
    _put(alert, "sender", sender)
    _put(alert, "sent", _time(view.now, view.timezone))
    _put(alert, "status", "Exercise" if drill else "Actual")
    _put(alert, "msgType", _message_type(document["state"], view.earlier))
    _put(alert, "scope", "Restricted")
    _put(alert, "restriction", _joined(document["handling"]["text"]))
    _put(alert, "code", PROFILE)
    if drill:
        _put(alert, "note", _joined(drill["text"]))
    if view.earlier:
        references = (_reference(document["incident"], sender, each, view.timezone) for each in view.earlier)
        _put(alert, "references", " ".join(references))
    _put(alert, "incidents", " ".join(_checked(id_) for id_ in (document["incident"], *document["linked"])))
    for lang in languages:
        alert.append(_info(incident, document, view, lang))
    return alert


def _info(
    incident: Mapping[str, Any], document: Mapping[str, Any], view: HandoverView, lang: str
) -> ET.Element:
    info = ET.Element("info")
    grade = _grade(document)
    title = document["what"]["title"][lang]
    state = wording.both(wording.STATES[document["state"]])[lang]
    mark = wording.both(("[훈련] ", "[DRILL] "))[lang] if "exercise" in document else ""
    closed = document["state"] in CLOSED
    position = document["where"].get("position")
    _put(info, "language", LANGUAGES[lang])
    for category in grade.categories:
        _put(info, "category", category)
    _put(info, "event", title)
    for response in ("AllClear",) if closed else _RESPONSES[document["state"]]:
        _put(info, "responseType", response)
    _put(info, "urgency", grade.urgency)
    _put(info, "severity", grade.severity)
    _put(info, "certainty", grade.certainty)
    _put(info, "audience", document["needed"]["text"][lang])
    _pair(info, "eventCode", SERVICE_CODE, document["what"]["service"])
    _put(info, "effective", _time(view.now, view.timezone))
    _put(info, "onset", _time(moment(incident["opened_at"]), view.timezone))
    _put(info, "expires", _time(view.now + EXPIRES_S, view.timezone))
    _put(info, "senderName", view.callback.name or view.sender)
    _put(info, "headline", f"{mark}{title} ({state}): {view.zone_name}")
    _put(info, "description", mark + _description(document, lang))
    accuracy = position["accuracy_m"] if position else None
    _put(info, "instruction", mark + wording.instruction(_callback(document), accuracy, closed)[lang])
    if "links" in document:
        _put(info, "web", document["links"]["handover"])
    _put(info, "contact", _callback(document))
    for name, value in _parameters(document):
        _pair(info, "parameter", f"safezone:{name}", value)
    area = ET.SubElement(info, "area")
    _put(area, "areaDesc", document["where"]["text"][lang], instead=_UNSAID[lang])
    if position:
        _put(area, "circle", _circle(position["lat"], position["lon"], position["accuracy_m"]))
    return info


def _grade(document: Mapping[str, Any]) -> Grade:
    grade = _GRADES.get(document["what"]["service"], _UNGRADED)
    categories = grade.categories
    if document["what"]["medical"] and "Health" not in categories:
        categories = ("Health", *categories)
    certainty = "Unlikely" if "prank" in document["what"]["marks"] else grade.certainty
    if document["state"] in ("false_alarm", "withdrawn"):
        return Grade(categories, "Past", "Minor", "Unlikely")
    if document["state"] == "resolved":
        return Grade(categories, "Past", "Minor", certainty)
    return Grade(categories, grade.urgency, grade.severity, certainty)


def _message_type(state: str, earlier: Sequence[Issued]) -> str:
    """Update and Cancel need something to refer to; without an earlier message it is an Alert."""
    if not earlier:
        return "Alert"
    return "Cancel" if state in ("false_alarm", "withdrawn") else "Update"


def _description(document: Mapping[str, Any], lang: str) -> str:
    lines = [document["what"]["text"][lang], document["where"]["text"][lang]]
    if "child" in document and "description" in document["child"]:
        lines.append(document["child"]["description"])
    if "evidence" in document:
        evidence = document["evidence"]
        age = {"ko": f"{evidence['age_s']}초 전", "en": f"{evidence['age_s']} s ago"}[lang]
        lines.append(f"{evidence['text'][lang]}, {age}")
    return "\n".join(lines)


def _parameters(document: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    """What CAP has no element for, as text."""
    yield "incident", document["incident"]
    yield "version", str(document["version"])
    yield "service", document["what"]["service"]
    yield "class", document["what"]["class"]
    yield "state", document["state"]
    yield "medical", "true" if document["what"]["medical"] else "false"
    for mark in document["what"]["marks"]:
        yield "mark", mark
    yield "told_at", document["when"]["told_at"]
    yield "legal_basis", document["handling"]["legal_basis"]
    position = document["where"].get("position")
    if position:
        yield "lat", repr(position["lat"])
        yield "lon", repr(position["lon"])
        yield "accuracy_m", repr(position["accuracy_m"])
        yield "confidence_pct", str(position["confidence_pct"])
    near = document["where"].get("near")
    if near:
        yield "near", f"{near['kind']} {near['id']} {near['distance_m']}"
    if "evidence" in document:
        yield "evidence_at", document["evidence"]["at"]
        yield "evidence_age_s", str(document["evidence"]["age_s"])
        yield "evidence_basis", document["evidence"]["basis"]
    if "child" in document:
        yield "child_name", document["child"]["name"]
        yield "child_grade", str(document["child"]["grade"])
    if "exercise" in document:
        yield "drill", document["exercise"]["drill"]
    for camera in document["cameras"]:
        yield "camera", camera["id"]
        for picture in ("snapshot", "live"):
            if picture in camera:
                yield f"camera_{picture}", camera[picture]
    for unit in document["units"]:
        yield "unit", unit["id"]
    for name, link in document.get("links", {}).items():
        yield f"link_{name}", link


def _callback(document: Mapping[str, Any]) -> str:
    callback = document["callback"]
    return f"{callback['name']} {callback['contact']}" if "contact" in callback else str(callback["name"])


def _circle(lat: float, lon: float, radius_m: float) -> str:
    """«lat,lon radius», the radius in kilometres; 7 decimals are a centimetre, and no exponent is allowed."""
    return f"{lat:.7f},{lon:.7f} {max(radius_m, 0.1) / 1000:.4f}"


def _reference(incident: str, sender: str, earlier: Issued, timezone: str) -> str:
    sent = _time(moment(earlier.sent), timezone)
    return f"{sender},{cap_identifier(incident, earlier.version)},{sent}"


def _time(at: float, timezone: str) -> str:
    """Local time with offset, whole seconds, never ``Z``; CAP writes UTC as ``-00:00``."""
    text = datetime.fromtimestamp(int(at // 1), zone_info(timezone)).isoformat()
    return text[:-6] + "-00:00" if text.endswith("+00:00") else text


# ------------------------------------------------------------------------------------ writing


def _checked(text: str) -> str:
    if not _ALLOWED_IN_ID.match(text):
        raise ValueError(f"{text!r} can not stand in CAP: no blanks, commas, < or &")
    return text


def _joined(text: Mapping[str, str]) -> str:
    return f"{text['ko']}\n{text['en']}"


def _put(parent: ET.Element, name: str, text: str, instead: str = "") -> None:
    """One element. What XML can not hold is left out of its text; if nothing is left, ``instead``, or no element:

    an empty one is valid, but readers built from the schema stumble over it.
    """
    kept = _FORBIDDEN.sub("", text) or instead
    if kept:
        ET.SubElement(parent, name).text = kept


def _pair(parent: ET.Element, name: str, key: str, value: str) -> None:
    kept = _FORBIDDEN.sub("", value)
    if kept:
        pair = ET.SubElement(parent, name)
        _put(pair, "valueName", key)
        _put(pair, "value", kept)


def _write(root: ET.Element) -> bytes:
    data: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    # A parser takes a bare carriage return for a line feed; as a reference it survives.
    return data.replace(b"\r", b"&#13;")
