"""17: delivery."""

from safezone_zoo.mutant import defect

DELIVERIES, EFFECTS, REQUESTS = "safezone_hub.deliveries", "safezone_hub.effects", "safezone_hub.requests"
WEBHOOK, SIGNING, NOTICES = (
    "safezone_hub.channels.webhook",
    "safezone_hub.channels.signing",
    "safezone_hub.notices",
)
API = "safezone_hub.api.notices"

defect(
    "delivery-without-webhooks",
    (DELIVERIES, '        if contact.channel == "sms" and cls == "everyday":', '        if contact.channel == "webhook" or (contact.channel == "sms" and cls == "everyday"):'),
    kills="TC-HUB-DELIV-01", reason="HUB-DELIV-001",
    ko="보호자의 웹훅으로 보내지 않는다", en="does not post to guardians' webhooks",
)  # fmt: skip
defect(
    "delivery-without-mail",
    (DELIVERIES, '        if contact.channel == "sms" and cls == "everyday":', '        if contact.channel == "email" or (contact.channel == "sms" and cls == "everyday"):'),
    kills="TC-HUB-DELIV-02", reason="HUB-DELIV-001",
    ko="전자우편으로 보내지 않는다", en="does not send e-mail",
)  # fmt: skip
defect(
    "delivery-ids-of-each-way",
    (EFFECTS, '        event = {"type": addressed.type, "id": addressed.message.id, "data": addressed.data}',
     '        event = {"type": addressed.type, "id": addressed.message.id[::-1], "data": addressed.data}'),
    kills="TC-HUB-DELIV-01", reason="HUB-DELIV-001",
    ko="스트림의 id가 MQTT의 것과 다르다", en="gives the stream another id than MQTT",
)  # fmt: skip
defect(
    "delivery-sms-at-once",
    (DELIVERIES, "message.made_at + sms_after_s if", "message.made_at + 0.1 if"),
    kills="TC-HUB-DELIV-03[emergency]", reason="HUB-DELIV-002",
    ko="확인을 기다리지 않고 문자를 보낸다", en="sends the text without waiting for a confirmation",
)  # fmt: skip
defect(
    "delivery-sms-in-spite-of-ack",
    (EFFECTS, "        zones.deliveries.not_needed(work.batch, effect.message, wall)", "        pass"),
    kills="TC-HUB-DELIV-03[danger]", reason="HUB-DELIV-002",
    ko="확인해도 문자를 보낸다", en="sends the text although the notice was confirmed",
)  # fmt: skip
defect(
    "delivery-sms-for-emergencies-alone",
    (DELIVERIES, 'contact.channel == "sms" and cls == "everyday"', 'contact.channel == "sms" and cls != "emergency"'),
    kills="TC-HUB-DELIV-03[danger]", reason="HUB-DELIV-002",
    ko="위험의 알림은 문자로 보내지 않는다", en="sends no text of class danger",
)  # fmt: skip
defect(
    "delivery-sms-of-everyday",
    (DELIVERIES, 'contact.channel == "sms" and cls == "everyday"', 'contact.channel == "pager" and cls == "everyday"'),
    kills="TC-HUB-DELIV-04", reason="HUB-DELIV-003",
    ko="일상의 알림도 문자로 보낸다", en="sends texts of everyday notices",
)  # fmt: skip
defect(
    "delivery-no-quiet",
    (NOTICES, "        if start <= now < end:\n            return end", "        if start <= now < end:\n            return None"),
    kills="TC-HUB-DELIV-05", reason="HUB-DELIV-004",
    ko="조용한 시간에도 일상의 알림을 보낸다", en="sends everyday notices during quiet hours",
)  # fmt: skip
defect(
    "delivery-quiet-for-all",
    (NOTICES, 'if recipient.quiet is None or SERVICES[service].cls != "everyday":', "if recipient.quiet is None:"),
    kills="TC-HUB-DELIV-05", reason="HUB-DELIV-004",
    ko="조용한 시간에는 긴급도 붙든다", en="holds emergencies back during quiet hours",
)  # fmt: skip
defect(
    "delivery-quiet-swallows",
    (EFFECTS, "        _send(zones, work, desk, message, subjects, wall, hold)\n", "        if hold is None:\n            _send(zones, work, desk, message, subjects, wall, hold)\n"),
    kills="TC-HUB-DELIV-06", reason="HUB-DELIV-004",
    ko="조용한 시간의 알림을 버린다", en="drops what falls into quiet hours",
)  # fmt: skip
defect(
    "delivery-of-drills-to-all",
    (DELIVERIES, "        if drill is None or to.id not in drill.allow:", "        if drill is None:"),
    kills="TC-HUB-DELIV-07", reason="HUB-DELIV-005",
    ko="훈련의 알림을 누구에게나 밖의 경로로 보낸다", en="lets notices of a drill leave to everybody",
)  # fmt: skip
defect(
    "delivery-of-drills-to-nobody",
    (DELIVERIES, "        if drill is None or to.id not in drill.allow:\n            return", "        return"),
    kills="TC-HUB-DELIV-07", reason="HUB-DELIV-005",
    ko="allow에 있어도 훈련의 알림을 밖의 경로로 보내지 않는다", en="lets no notice of a drill leave, whatever allow says",
)  # fmt: skip
defect(
    "delivery-signs-the-body-alone",
    (SIGNING, 'return hmac.digest(key, f"{id_}.{timestamp}.".encode() + body, "sha256").hex()', 'return hmac.digest(key, body, "sha256").hex()'),
    kills="TC-HUB-DELIV-01", reason="HUB-DELIV-006",
    ko="본문만 서명한다", en="signs the body alone",
)  # fmt: skip
defect(
    "delivery-secret-as-text",
    (SIGNING, 'key = base64.b64decode(secret + "=" * (-len(secret) % 4), altchars=b"-_", validate=True)', "key = secret.encode()"),
    kills="TC-HUB-DELIV-08", reason="HUB-DELIV-006",
    ko="비밀을 풀지 않고 글자 그대로 열쇠로 쓴다", en="takes the letters of the secret for the key",
)  # fmt: skip
defect(
    "delivery-tried-once",
    (WEBHOOK, "        if answer.status in RETRIED or answer.status >= 500:", "        if answer.status in RETRIED:"),
    (WEBHOOK, "        return failed(code)", "        return delivered(code)"),
    kills="TC-HUB-DELIV-10", reason="HUB-DELIV-009",
    ko="어떤 답이든 전달된 것으로 친다", en="takes any answer for delivered",
)  # fmt: skip
defect(
    "delivery-new-id-each-try",
    (WEBHOOK, "**signed_headers(job.secret, job.id, now, job.body)", '**signed_headers(job.secret, f"{job.id}-{now}", now, job.body)'),
    kills="TC-HUB-DELIV-08", reason="HUB-DELIV-007",
    ko="다시 보낼 때마다 Safezone-Id가 다르다", en="gives every try another Safezone-Id",
)  # fmt: skip
defect(
    "delivery-tried-for-ever",
    (WEBHOOK, "        return failed(code)", "        return retry(code)"),
    kills="TC-HUB-DELIV-09", reason="HUB-DELIV-008",
    ko="거절해도 끝없이 다시 보낸다", en="tries what was refused for ever",
)  # fmt: skip
defect(
    "delivery-seen-when-sent",
    (API, '"seen" if row[7] else "sent"', '"seen"'),
    kills="TC-HUB-DELIV-10", reason="HUB-DELIV-009",
    ko="보냈으면 본 것으로 친다", en="takes what was sent for seen",
)  # fmt: skip
defect(
    "delivery-seen-goes-on",
    (REQUESTS, "    if zones.outbox.settle(work.batch, zone, notice, by):\n        work.touched.add(zone)\n", ""),
    kills="TC-HUB-DELIV-11", reason="HUB-DELIV-011",
    ko="본 알림을 계속 되풀이한다", en="goes on repeating what was seen",
)  # fmt: skip
defect(
    "delivery-seen-and-texted",
    (REQUESTS, "    zones.deliveries.not_needed(work.batch, notice, wall)\n", ""),
    kills="TC-HUB-DELIV-11", reason="HUB-DELIV-011",
    ko="본 알림을 문자로도 보낸다", en="sends a text of what was seen",
)  # fmt: skip
defect(
    "delivery-seen-unnoted",
    (REQUESTS, '    if incident in desk.state.incidents and by.startswith("guardian/"):', "    if False:"),
    kills="TC-HUB-DELIV-11", reason="HUB-DELIV-011",
    ko="보호자가 본 것을 사건의 이력에 남기지 않는다", en="does not note in the incident that the guardian has seen it",
)  # fmt: skip
defect(
    "delivery-complaints-twice",
    (REQUESTS, "    if zones.case(zone, id_) is not None:", "    if False:"),
    kills="TC-HUB-DELIV-12", reason="HUB-DELIV-012",
    ko="같은 알림의 이의를 두 번 받는다", en="takes a second complaint of the same notice",
)  # fmt: skip
defect(
    "delivery-complaints-unlisted",
    (API, '        return sight.zones.store.cases(zone, "complaint", None, None, COMPLAINTS_MAX)', '        return sight.zones.store.cases(zone, "complaint", None, None, COMPLAINTS_MAX)[1:]'),
    kills="TC-HUB-DELIV-12", reason="HUB-DELIV-012",
    ko="학교의 목록에서 이의가 빠진다", en="leaves a complaint out of the school's list",
)  # fmt: skip
defect(
    "delivery-complaints-answered-twice",
    (REQUESTS, '    if row[2] != "open":', "    if False:"),
    kills="TC-HUB-DELIV-12", reason="HUB-DELIV-013",
    ko="답한 이의에 다시 답하게 한다", en="lets a complaint be answered again",
)  # fmt: skip
defect(
    "delivery-complaints-uncounted",
    (REQUESTS, '    desk.tally(wall).add("complaints", "opened")\n', ""),
    kills="TC-HUB-DELIV-13", reason="HUB-DELIV-014",
    ko="통계에서 이의를 세지 않는다", en="does not count complaints in the statistics",
)  # fmt: skip
defect(
    "delivery-upheld-uncounted",
    (REQUESTS, "    if upheld:\n        desk.tally", "    if not upheld and False:\n        desk.tally"),
    kills="TC-HUB-DELIV-13", reason="HUB-DELIV-014",
    ko="통계에서 받아들인 이의를 세지 않는다", en="does not count what was upheld",
)  # fmt: skip
defect(
    "delivery-gives-up-at-once",
    (WEBHOOK, "        if answer.status in RETRIED or answer.status >= 500:", "        if answer.status in RETRIED:"),
    kills="TC-HUB-DELIV-08", reason="HUB-DELIV-007",
    ko="한 번 실패하면 웹훅을 포기한다", en="gives a webhook up after one failure",
)  # fmt: skip
