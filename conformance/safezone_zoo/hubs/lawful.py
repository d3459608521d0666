"""Hubs that are unlike the reference and yet by the standard: nothing may fail them."""

from safezone_zoo.mutant import lawful

CODEC, NOTICES, ENGINE, PIPELINE, STATE, CLOCK, CONTEXT, OPENING, REPLY, ZONES = (
    f"safezone_hub.{name}" for name in (
        "codec", "notices", "engine", "pipeline", "state", "clock", "context", "incidents.opening", "api.reply", "api.zones",
    )
)  # fmt: skip
HEAD = "head = msgspec.json.encode(envelope)[:-1]"
RECEIPTS = "        if not self.zones.settings.early_receipts:\n            self._send_receipts(work)\n        zones, now"

lawful(
    "lawful-slower",
    (ENGINE, "                    self.zones.store.write(work.batch)\n", """                    time.sleep(0.15)
                    self.zones.store.write(work.batch)
"""),
    ko="저장할 때마다 0.15 s가 걸린다",
    en="takes 0.15 s for each commit",
)  # fmt: skip
lawful(
    "lawful-more-members",
    (CODEC, HEAD, """envelope = {**envelope, "data": {**envelope["data"], "x-vendor": [1, {"a": None}]}, "traceparent": "00-1-2-01"}
    head = msgspec.json.encode(envelope)[:-1]"""),
    ko="봉투와 data에 제 멤버를 더한다",
    en="adds members of its own to envelope and data",
)  # fmt: skip
lawful(
    "lawful-other-json",
    (CODEC, HEAD, 'head = json.dumps(dict(reversed(envelope.items())), indent=1, ensure_ascii=True).encode()[:-1]'),
    ko="멤버의 순서와 공백과 이스케이프가 다르다",
    en="writes JSON with another order of members, white space and escapes",
)  # fmt: skip
lawful(
    "lawful-incident-numbers",
    (OPENING, "    id_ = stable_id(", '    id_ = "Case_" + stable_id('),
    ko="사건의 id가 UUID가 아니다",
    en="ids of incidents are no UUIDs",
)
lawful(
    "lawful-receipts-one-by-one",
    (ENGINE, "    grouped.setdefault(address, []).append(receipt)", '    self._send_down(address, "receipt", {"receipts": [receipt]})'),
    ko="수신증을 묶지 않는다",
    en="does not group receipts",
)  # fmt: skip
lawful(
    "lawful-receipts-last",
    (ENGINE, RECEIPTS, "        zones, now"),
    (ENGINE, "        if self._link is not None:\n            self._link.flush()\n        if self._courier", """        self._send_receipts(work)
        if self._link is not None:
            self._link.flush()
        if self._courier"""),
    ko="알림을 먼저, 수신증을 나중에 보낸다",
    en="sends notices first and receipts after them",
)  # fmt: skip
lawful(
    "lawful-repeats-accepted",
    (PIPELINE, 'status, reason = "duplicate", None', 'status, reason = "accepted", None'),
    ko="되풀이의 수신증이 처음과 같이 accepted이다",
    en="receipts of repeats say accepted, as the first did",
)
# What a call near by and a look at a position must say is fixed (9.11, 11.3); the rest of the words is free.
lawful(
    "lawful-other-words",
    (NOTICES, "out[language] = marks + text", 'out[language] = marks + text if tell.service in ("bell_call", "location_provided") else (\n            f"{tell.service} · {child.name if child is not None else tell.device}")'),
    ko="알림의 글이 다르다",
    en="words its notices differently",
)  # fmt: skip
# Registry items and the hand-over are closed by their schemas; other answers are open.
lawful(
    "lawful-more-in-answers",
    (REPLY, "return Response(_encode(body), status,",
     'return Response(_encode({**body, "x_vendor": {"build": 7}} if isinstance(body, dict) and not body.keys() & {"kind", "schema"} else body), status,'),
    ko="HTTP 답의 본문에 제 멤버를 더한다",
    en="adds members of its own to bodies of answers",
)  # fmt: skip
lawful(
    "lawful-local-times",
    (CLOCK, 'datetime.fromtimestamp(round(at, 3), UTC).isoformat(timespec="milliseconds")[:-6] + "Z"',
     'datetime.fromtimestamp(round(at, 3), ZoneInfo("Asia/Seoul")).isoformat(timespec="microseconds")'),
    ko="시각을 +09:00과 소수 여섯 자리로 쓴다",
    en="writes times with +09:00 and six decimals",
)  # fmt: skip
lawful(
    "lawful-uuid-4",
    (CONTEXT, "body[6] = 0x70 | body[6] & 0x0F", "body[6] = 0x40 | body[6] & 0x0F"),
    ko="id가 UUID 4판이다",
    en="its ids are UUIDs of version 4",
)
lawful(
    "lawful-largest-offset",
    (STATE, "return ordered[n // 2] if n % 2 else (ordered[n // 2 - 1] + ordered[n // 2]) / 2", "return ordered[-1]"),
    ko="시계 오차로 최근 값 가운데 가장 큰 것을 쓴다",
    en="takes the largest of recent values for the offset of a clock",
)  # fmt: skip
lawful(
    "lawful-bad-topics-by-zone",
    (PIPELINE, '    except Rejected:\n        zone = ""', '    except Rejected:\n        zone = (message.topic + "//").split("/")[2]'),
    ko="bad_topic을 토픽에 쓰인 구역에 센다",
    en="counts bad_topic with the zone that the topic names",
)  # fmt: skip
lawful(
    "lawful-all-reasons-listed",
    (ZONES, '"rejected": {', '"rejected": {"too_large": 0, "bad_topic": 0, "not_json": 0, "bad_envelope": 0, "bad_mac": 0} | {'),
    ko="통계에 없는 사유도 0으로 보인다",
    en="lists reasons that did not occur as 0",
)  # fmt: skip
lawful(
    "lawful-post-of-desk-unnamed",
    (NOTICES, 'data["post"] = recipient.post', 'data |= {"post": recipient.post} if recipient.post != "desk" else {}'),
    ko="자리 desk의 경보에는 post를 쓰지 않는다",
    en="does not name post in alerts for the post desk",
)  # fmt: skip
