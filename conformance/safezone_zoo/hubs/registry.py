"""10 and 11.2: the registry."""

from safezone_zoo.mutant import defect

API, REGISTRY, ITEMS, ZONES = (
    "safezone_hub.api.registry", "safezone_hub.registry", "safezone_hub.items", "safezone_hub.zones",
)  # fmt: skip

defect(
    "registry-always-new",
    (API, "201 if new else 200", "201"),
    kills="TC-HUB-REG-01[area]", reason="HUB-REG-001",
    ko="있던 항목을 바꾸어도 201로 답한다", en="answers 201 also when an item was there",
)  # fmt: skip
defect(
    "registry-keeps-the-first",
    (REGISTRY, "        self.bodies.keep(body)\n", "        if old is None:\n            self.bodies.keep(body)\n"),
    kills="TC-HUB-REG-01[area]", reason="HUB-REG-002",
    ko="바꾼 항목 대신 처음 것을 돌려준다", en="goes on showing the item as it was first put",
)  # fmt: skip
defect(
    "registry-shows-keys",
    (API, "return json_reply(items.without_secrets(body))\n", "return json_reply(body)\n"),
    kills="TC-HUB-REG-01[device]", reason="HUB-REG-003",
    ko="GET이 키의 비밀을 돌려준다", en="shows the secret of a key in GET",
)  # fmt: skip
defect(
    "registry-shows-webhook-secrets",
    (ITEMS, 'if name != "secret"}', 'if name != "secret" or "keyid" not in value}'),
    kills="TC-HUB-REG-01[agency]", reason="HUB-REG-003",
    ko="키의 비밀만 빼고 웹훅의 비밀은 보인다", en="leaves out the secret of keys, but not of webhooks",
)  # fmt: skip
defect(
    "registry-quotes-secrets",
    (ITEMS, "_hidden(error.message, secrets)", "error.message"),
    kills="TC-HUB-REG-01[desk]", reason="HUB-REG-003",
    ko="틀린 비밀을 오류에 그대로 적는다", en="quotes a mistyped secret in the error",
)  # fmt: skip
defect(
    "registry-refuses-without-a-reason",
    (API, "raise invalid(error.errors, ", "raise invalid([], "),
    kills="TC-HUB-REG-02[area]", reason="HUB-REG-004",
    ko="맞지 않는 항목을 errors 없이 거절한다", en="refuses an item without errors",
)  # fmt: skip
defect(
    "registry-stores-what-it-refuses",
    (API, '        raise invalid(error.errors, "the item does not fit its schema") from None',
     "        if isinstance(body, dict) and body.get(\"zone\"):\n"
     "            await guard.on(call, guard.hub_itself, lambda s: s.zones.registry.items.setdefault((kind, id_), body))\n"
     '        raise invalid(error.errors, "the item does not fit its schema") from None'),
    kills="TC-HUB-REG-02[unit]", reason="HUB-REG-004",
    ko="거절한 항목이 남는다", en="keeps an item that it refused",
)  # fmt: skip
defect(
    "registry-takes-any-member",
    (ITEMS, "class _Item(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):",
     "class _Item(msgspec.Struct, frozen=True, omit_defaults=True):"),
    kills="TC-HUB-REG-02[staff]", reason="HUB-REG-005",
    ko="모르는 요소를 받아들인다", en="takes members nobody knows",
)  # fmt: skip
defect(
    "registry-ignores-the-path",
    (API, "if (item.kind, item.id) != (kind, id_):", "if item.kind != kind:"),
    kills="TC-HUB-REG-02[area]", reason="HUB-REG-006",
    ko="URL의 id를 보지 않는다", en="does not look at the id of the URL",
)  # fmt: skip
defect(
    "registry-deletes-with-200",
    (API, "return Response(status_code=204)", "return Response(status_code=200)"),
    kills="TC-HUB-REG-01[area]", reason="HUB-REG-007",
    ko="DELETE에 200으로 답한다", en="answers DELETE by 200",
)  # fmt: skip
defect(
    "registry-keeps-what-it-deletes",
    (REGISTRY, "body = self.bodies.pop((kind, id_))", "body = self.bodies.get((kind, id_))"),
    kills="TC-HUB-REG-01[area]", reason="HUB-REG-007",
    ko="지운 항목을 계속 보인다", en="goes on showing an item that was deleted",
)  # fmt: skip
defect(
    "registry-lists-every-zone",
    (API, "sight.zones.registry.list(kind, zone)", "sight.zones.registry.list(kind, None)"),
    kills="TC-HUB-REG-03", reason="HUB-REG-008",
    ko="목록을 구역으로 거르지 않는다", en="does not filter lists by zone",
)  # fmt: skip
defect(
    "registry-pages-overlap",
    (API, 'if body["id"] > after][: limit + 1]', 'if body["id"] >= after][: limit + 1]'),
    kills="TC-HUB-REG-03", reason="HUB-REG-008",
    ko="쪽이 앞 쪽의 마지막 것부터 다시 시작한다", en="begins a page with the last item of the page before",
)  # fmt: skip
defect(
    "registry-imports-what-fits",
    (API, "    parsed, errors = await asyncio.to_thread(_read_all, rows)\n",
     "    parsed, errors = await asyncio.to_thread(_read_all, rows)\n"
     "    if errors:\n"
     "        good = {(i.kind, i.id) for i in parsed}\n"
     '        kept = [r for r in rows if (r.get("kind"), r.get("id")) in good]\n'
     "        await guard.on(call, guard.items_of({i.zone for i in parsed}),"
     " lambda s: s.zones.put(s.work, kept, parsed, s.wall))\n"),
    kills="TC-HUB-REG-04", reason="HUB-REG-009",
    ko="묶음에서 맞는 항목만 저장한다", en="stores those items of a batch that fit",
)  # fmt: skip
defect(
    "registry-numbers-from-nought",
    (API, "for line, body in enumerate(rows, 1):", "for line, body in enumerate(rows):"),
    kills="TC-HUB-REG-04", reason="HUB-REG-010",
    ko="묶음의 줄을 0부터 센다", en="counts the lines of a batch from 0",
)  # fmt: skip
defect(
    "registry-tells-the-first-error",
    (API, "            errors += [{**where, **found} for found in error.errors]",
     "            errors = errors or [{**where, **found} for found in error.errors]"),
    kills="TC-HUB-REG-04", reason="HUB-REG-010",
    ko="묶음의 첫 오류만 알린다", en="tells the first error of a batch only",
)  # fmt: skip
defect(
    "registry-keeps-old-bindings",
    (REGISTRY, "rows_of[:] = [b for b in rows_of if b.id != item.id]", "rows_of[:] = list(rows_of)"),
    kills="TC-HUB-REG-05", reason="HUB-REG-011",
    ko="연결을 바꾸어도 옛 연결로 판정한다", en="judges by a binding that was replaced",
)  # fmt: skip
defect(
    "registry-keeps-old-keys",
    (REGISTRY, 'self._keys[f"{zone}/{role}/{id_}"] = Key(key.keyid, decode_secret(key.secret), sends_as)',
     'self._keys.setdefault(f"{zone}/{role}/{id_}", Key(key.keyid, decode_secret(key.secret), sends_as))'),
    (REGISTRY, 'self._keys.pop(f"{item.zone}/dev/{item.id}", None)', "pass"),
    kills="TC-HUB-REG-06[other-keyid]", reason="HUB-REG-012",
    ko="키를 바꾸어도 옛 키를 쓴다", en="goes on with the former key",
)  # fmt: skip
defect(
    "registry-knows-keys-by-name",
    (REGISTRY, 'self._keys[f"{zone}/{role}/{id_}"] = Key(key.keyid, decode_secret(key.secret), sends_as)',
     'old = self._kept.get((zone, role, id_, key.keyid)) if hasattr(self, "_kept") else None\n'
     "        self._kept = getattr(self, \"_kept\", {})\n"
     '        self._kept[zone, role, id_, key.keyid] = old or Key(key.keyid, decode_secret(key.secret), sends_as)\n'
     '        self._keys[f"{zone}/{role}/{id_}"] = self._kept[zone, role, id_, key.keyid]'),
    kills="TC-HUB-REG-06[same-keyid]", reason="HUB-REG-012",
    ko="keyid가 같으면 새 비밀을 보지 않는다", en="does not look at a new secret under the same keyid",
)  # fmt: skip
defect(
    "registry-deleted-devices-speak",
    (REGISTRY, 'self._keys.pop(f"{item.zone}/dev/{item.id}", None)', "pass"),
    kills="TC-HUB-REG-07", reason="HUB-REG-015",
    ko="지운 장치의 메시지를 받는다", en="takes messages of a deleted device",
)  # fmt: skip
defect(
    "registry-guardians-for-ever",
    (REGISTRY, "rows[:] = [r for r in rows if r.id != item.id]", "rows[:] = list(rows)"),
    kills="TC-HUB-REG-08", reason="HUB-REG-016",
    ko="보호자에게서 뺀 어린이를 계속 알린다", en="goes on telling a guardian of a child that was removed",
)  # fmt: skip
defect(
    "registry-guardians-by-hand",
    (REGISTRY, 'self._put_key(item.zone, "guardian", item.id, item.key, "guardian")', "pass"),
    kills="TC-HUB-REG-09", reason="HUB-REG-017",
    ko="보호자의 키는 등록 호출이 아니라 따로 넣어야 한다", en="wants the keys of guardians from elsewhere than the registry",
)  # fmt: skip
defect(
    "registry-two-clocks",
    (ZONES, "if running is not None and running != item.id:", "if running is None and running == item.id:"),
    kills="TC-HUB-REG-10", reason="HUB-REG-018",
    ko="시계가 있는 둘째 훈련을 받는다", en="takes a second drill with a clock",
)  # fmt: skip
defect(
    "registry-any-gate",
    (ITEMS, 'if position == "gate" and sides != ["inner", "outer"]:', 'if position == "gate" and not sides:'),
    kills="TC-HUB-REG-11", reason="HUB-REG-019",
    ko="안테나가 맞지 않는 문 리더기를 받는다", en="takes a gate reader whose antennas do not fit",
)  # fmt: skip
defect(
    "registry-bound-twice",
    (ITEMS, '    return not before(one.until, other.from_) and not before(other.until, one.from_)', '    return False'),
    kills="TC-HUB-REG-11", reason="HUB-REG-019",
    ko="태그를 한때에 두 어린이에게 잇는다", en="binds a tag to two children at one time",
)  # fmt: skip
defect(
    "registry-bound-once-for-ever",
    (ITEMS, '    return not before(one.until, other.from_) and not before(other.until, one.from_)', '    return True'),
    kills="TC-HUB-REG-11", reason="HUB-REG-019",
    ko="끝난 연결이 있으면 태그를 다시 잇지 못하게 한다", en="lets no tag be bound again after a binding that has ended",
)  # fmt: skip
defect(
    "registry-keyless-bell",
    (ITEMS, 'if isinstance(item, Device) and item.type != "tag" and item.key is None:', 'if isinstance(item, Device) and item.type == "reader" and item.key is None:'),
    kills="TC-HUB-REG-11", reason="HUB-REG-019",
    ko="키 없는 비상벨을 받는다", en="takes a bell without a key",
)  # fmt: skip
