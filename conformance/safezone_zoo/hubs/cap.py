"""16.3: CAP 1.2."""

from safezone_zoo.mutant import defect

CAP, AGENCIES = "safezone_hub.handover.cap", "safezone_hub.agencies"

defect(
    "cap-out-of-order",
    (CAP, '    _put(info, "event", title)\n', ""),
    (CAP, '    _put(info, "urgency", grade.urgency)\n', '    _put(info, "urgency", grade.urgency)\n    _put(info, "event", title)\n'),
    kills="TC-HUB-CAP-01[tag_call]", reason="HUB-CAP-001",
    ko="원소의 차례가 스키마와 다르다", en="writes elements out of the schema's order",
)  # fmt: skip
defect(
    "cap-words-of-its-own",
    (CAP, '"missing_report": Grade(("Rescue", "Security"), "Immediate", "Severe", "Likely")', '"missing_report": Grade(("Rescue", "Security"), "Immediate", "Severe", "Reported")'),
    kills="TC-HUB-CAP-01[missing_report]", reason="HUB-CAP-001",
    ko="스키마에 없는 낱말을 쓴다", en="uses words that the schema does not have",
)  # fmt: skip
defect(
    "cap-not-escaped",
    (CAP, "    data: bytes = ET.tostring(root, encoding=\"utf-8\", xml_declaration=True)\n",
     "    data: bytes = ET.tostring(root, encoding=\"utf-8\", xml_declaration=True).replace(b\"&amp;\", b\"&\")\n"),
    kills="TC-HUB-CAP-01[missing_report]", reason="HUB-CAP-001",
    ko="글의 &를 그대로 쓴다", en="writes an & of a text as it is",
)  # fmt: skip
defect(
    "cap-drills-are-actual",
    (CAP, '"Exercise" if drill else "Actual"', '"Actual"'),
    kills="TC-HUB-CAP-02", reason="HUB-CAP-002",
    ko="훈련도 Actual로 보낸다", en="sends drills as Actual",
)  # fmt: skip
defect(
    "cap-all-are-tests",
    (CAP, '"Exercise" if drill else "Actual"', '"Exercise" if drill else "Test"'),
    kills="TC-HUB-CAP-01[bell_call]", reason="HUB-CAP-002",
    ko="실제 사건을 Test로 보낸다", en="sends real incidents as Test",
)  # fmt: skip
defect(
    "cap-always-alert",
    (CAP, "    if not earlier:\n        return \"Alert\"\n", "    return \"Alert\"\n"),
    kills="TC-HUB-CAP-03", reason="HUB-CAP-003",
    ko="언제나 Alert로 보낸다", en="sends Alert every time",
)  # fmt: skip
defect(
    "cap-never-cancels",
    (CAP, '"Cancel" if state in ("false_alarm", "withdrawn") else "Update"', '"Update"'),
    kills="TC-HUB-CAP-03", reason="HUB-CAP-003",
    ko="오인 신고로 끝나도 Cancel하지 않는다", en="does not cancel upon a false alarm",
)  # fmt: skip
defect(
    "cap-refers-to-the-last",
    (CAP, "for each in view.earlier)\n", "for each in view.earlier[-1:])\n"),
    kills="TC-HUB-CAP-03", reason="HUB-CAP-003",
    ko="references에 바로 앞의 메시지만 담는다", en="refers to the last message only",
)  # fmt: skip
defect(
    "cap-public",
    (CAP, '    _put(alert, "scope", "Restricted")\n    _put(alert, "restriction", _joined(document["handling"]["text"]))\n', '    _put(alert, "scope", "Public")\n'),
    kills="TC-HUB-CAP-01[tag_call]", reason="HUB-CAP-004",
    ko="어린이에 관한 메시지를 Public으로 보낸다", en="sends what speaks of a child as Public",
)  # fmt: skip
defect(
    "cap-korean-only",
    (CAP, 'languages: Sequence[str] = ("ko", "en")', 'languages: Sequence[str] = ("ko",)'),
    kills="TC-HUB-CAP-01[tag_call]", reason="HUB-CAP-005",
    ko="영어 info가 없다", en="has no info in English",
)  # fmt: skip
defect(
    "cap-radius-in-metres",
    (CAP, "{max(radius_m, 0.1) / 1000:.4f}", "{max(radius_m, 0.1):.4f}"),
    kills="TC-HUB-CAP-04", reason="HUB-CAP-006",
    ko="circle의 반지름을 미터로 쓴다", en="writes the radius of the circle in metres",
)  # fmt: skip
defect(
    "cap-lon-lat",
    (CAP, '{lat:.7f},{lon:.7f} ', '{lon:.7f},{lat:.7f} '),
    kills="TC-HUB-CAP-04", reason="HUB-CAP-006",
    ko="circle에 경도를 먼저 쓴다", en="writes the longitude first in the circle",
)  # fmt: skip
defect(
    "cap-times-in-z",
    (CAP, "    text = datetime.fromtimestamp(int(at // 1), zone_info(timezone)).isoformat()\n    return",
     "    text = datetime.fromtimestamp(int(at // 1), zone_info(\"UTC\")).isoformat()\n    return text.replace(\"+00:00\", \"Z\")\n    return"),
    kills="TC-HUB-CAP-01[closed]", reason="HUB-CAP-007",
    ko="시각을 Z로 쓴다", en="writes times with Z",
)  # fmt: skip
defect(
    "cap-identifier-of-the-incident",
    (CAP, '    return _checked(f"{incident}.{version}")', "    return _checked(incident)"),
    kills="TC-HUB-CAP-03", reason="HUB-CAP-008",
    ko="identifier에 version이 없다", en="has no version in its identifier",
)  # fmt: skip
