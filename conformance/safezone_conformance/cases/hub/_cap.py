"""A CAP 1.2 message (OASIS, July 2010) judged by its structure: which elements, in what order, how often, of what form.

The table is written from the standard's data dictionary (its chapter 3.2). What a schema cannot say (references, circle)
is read by ``Cap``.
"""

import re
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

NAMESPACE = "urn:oasis:names:tc:emergency:cap:1.2"
SIGNATURE = "{http://www.w3.org/2000/09/xmldsig#}"
OFTEN = 1_000_000
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[-+]\d\d:\d\d", re.ASCII)
FORMS = {
    "language": re.compile(r"[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*", re.ASCII),
    "decimal": re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)", re.ASCII),
    "integer": re.compile(r"[-+]?\d+", re.ASCII),
}


@dataclass(frozen=True)
class Element:
    """``form``: text, time, language, decimal, integer, or the words allowed, parted by blanks. ``parts``: what is in it."""

    name: str
    least: int = 0
    most: int = 1
    form: str = "text"
    parts: tuple["Element", ...] = ()


def _pair(name: str) -> Element:
    return Element(name, 0, OFTEN, parts=(Element("valueName", 1), Element("value", 1)))


AREA = (
    Element("areaDesc", 1), Element("polygon", most=OFTEN), Element("circle", most=OFTEN), _pair("geocode"),
    Element("altitude", form="decimal"), Element("ceiling", form="decimal"),
)  # fmt: skip
RESOURCE = (
    Element("resourceDesc", 1), Element("mimeType", 1), Element("size", form="integer"), Element("uri"),
    Element("derefUri"), Element("digest"),
)  # fmt: skip
INFO = (
    Element("language", form="language"),
    Element("category", 1, OFTEN, "Geo Met Safety Security Rescue Fire Health Env Transport Infra CBRNE Other"),
    Element("event", 1),
    Element("responseType", 0, OFTEN, "Shelter Evacuate Prepare Execute Avoid Monitor Assess AllClear None"),
    Element("urgency", 1, form="Immediate Expected Future Past Unknown"),
    Element("severity", 1, form="Extreme Severe Moderate Minor Unknown"),
    Element("certainty", 1, form="Observed Likely Possible Unlikely Unknown"),
    Element("audience"), _pair("eventCode"),
    Element("effective", form="time"), Element("onset", form="time"), Element("expires", form="time"),
    Element("senderName"), Element("headline"), Element("description"), Element("instruction"), Element("web"),
    Element("contact"), _pair("parameter"), Element("resource", 0, OFTEN, parts=RESOURCE),
    Element("area", 0, OFTEN, parts=AREA),
)  # fmt: skip
ALERT = (
    Element("identifier", 1), Element("sender", 1), Element("sent", 1, form="time"),
    Element("status", 1, form="Actual Exercise System Test Draft"),
    Element("msgType", 1, form="Alert Update Cancel Ack Error"),
    Element("source"), Element("scope", 1, form="Public Restricted Private"), Element("restriction"),
    Element("addresses"), Element("code", most=OFTEN), Element("note"), Element("references"), Element("incidents"),
    Element("info", 0, OFTEN, parts=INFO),
)  # fmt: skip


class Cap:
    """A message read. ``breaches``: what it does not satisfy of the schema; empty if it does."""

    def __init__(self, body: bytes) -> None:
        self.breaches: list[str] = []
        self.root = ET.Element("none")
        if b"<!DOCTYPE" in body:
            self.breaches.append("a document type declaration")
            return
        try:
            self.root = ET.fromstring(body)
        except (ET.ParseError, LookupError, ValueError) as error:
            self.breaches.append(f"no XML: {error}")
            return
        if self.root.tag != _tag("alert"):
            self.breaches.append(f"the root is {self.root.tag}, not alert of {NAMESPACE}")
            return
        signed = [child for child in self.root if child.tag.startswith(SIGNATURE)]
        own = list(self.root)[: len(self.root) - len(signed)]
        if any(child.tag.startswith(SIGNATURE) for child in own):
            self.breaches.append("a signature before the end")
        self._hold(self.root, own, ALERT, "alert")

    def _hold(
        self, parent: ET.Element, found: Sequence[ET.Element], parts: Sequence[Element], path: str
    ) -> None:
        """Hold children to a sequence of elements."""
        self._hold_attributes(parent, path)
        if (parent.text or "").strip() or any((child.tail or "").strip() for child in parent):
            self.breaches.append(f"{path}: text between elements")
        place = 0
        for part in parts:
            count = 0
            while place < len(found) and found[place].tag == _tag(part.name):
                count, place = count + 1, place + 1
                where = f"{path}/{part.name}"
                if part.parts:
                    self._hold(found[place - 1], list(found[place - 1]), part.parts, where)
                else:
                    self._hold_value(found[place - 1], part, where)
            if not part.least <= count <= part.most:
                self.breaches.append(f"{path}/{part.name}: {count} times")
        if place < len(found):
            self.breaches.append(f"{path}: {found[place].tag.rpartition('}')[2]} is unknown, or out of order")

    def _hold_attributes(self, element: ET.Element, path: str) -> None:
        odd = [
            name
            for name in element.attrib
            if not name.startswith("{http://www.w3.org/2001/XMLSchema-instance}")
        ]
        if odd:
            self.breaches.append(f"{path}: attribute {odd[0]}")

    def _hold_value(self, element: ET.Element, part: Element, path: str) -> None:
        self._hold_attributes(element, path)
        if len(element):
            self.breaches.append(f"{path}: elements in a text")
        text = element.text or ""
        if part.form == "text":
            return
        if part.form == "time":
            right = is_time(text.strip())
        elif part.form in FORMS:
            right = FORMS[part.form].fullmatch(text.strip()) is not None
        else:
            right = text in part.form.split()
        if not right:
            self.breaches.append(f"{path}: {text!r}")

    # What is in it

    def text(self, name: str) -> str:
        """Of an element of alert, "" if it is not there."""
        return self.root.findtext(_tag(name)) or ""

    @property
    def infos(self) -> list[ET.Element]:
        return self.root.findall(_tag("info"))

    def of_info(self, name: str) -> list[str]:
        """The text of an element of info, of each info that has it."""
        return [i.findtext(_tag(name)) or "" for i in self.infos if i.find(_tag(name)) is not None]

    @property
    def circles(self) -> list[str]:
        return [c.text or "" for c in self.root.iter(_tag("circle"))]

    @property
    def reference(self) -> str:
        """As a later message names this one."""
        return f"{self.text('sender')},{self.text('identifier')},{self.text('sent')}"

    @property
    def references(self) -> list[str]:
        return self.text("references").split()


def is_time(text: str) -> bool:
    """Local time with offset, whole seconds, never Z, and an instant of the calendar."""
    if TIME.fullmatch(text) is None:
        return False
    try:
        # The end of a day may be written 24:00:00.
        datetime.fromisoformat(text.replace("T24:00:00", "T00:00:00"))
    except ValueError:
        return False
    return True


def circle(text: str) -> tuple[float, float, float] | None:
    """Latitude, longitude, radius in kilometres; None if it is no circle."""
    centre, _, radius = text.partition(" ")
    lat, _, lon = centre.partition(",")
    try:
        return float(lat), float(lon), float(radius)
    except ValueError:
        return None


def _tag(name: str) -> str:
    return f"{{{NAMESPACE}}}{name}"


def closer_than(one: Any, other: float, by: float) -> bool:
    return isinstance(one, int | float) and abs(one - other) <= by
