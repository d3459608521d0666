"""12.1: health of devices; and 8.2: tags that are nobody's."""

from safezone_zoo.mutant import defect

HEALTH, PIPELINE = "safezone_hub.rules.health", "safezone_hub.pipeline"
BEAT = "    device.heartbeat_at = obs.received_at\n"

defect(
    "health-patient",
    (HEALTH, "if now - last >= heartbeat_fault_s:", "if now - last >= 2 * heartbeat_fault_s:"),
    kills="TC-HUB-STATUS-01",
    reason="HUB-STATUS-009",
    ko="20분이 지나야 고장으로 본다",
    en="calls a device faulty after 20 minutes only",
)
defect(
    "health-fault-stays",
    (HEALTH, BEAT, "    device.heartbeat_at = device.heartbeat_at or obs.received_at\n"),
    kills="TC-HUB-STATUS-01",
    reason="HUB-STATUS-010",
    ko="다시 온 device.status로 고장을 풀지 않는다",
    en="does not take a fault back when device.status comes again",
)
defect(
    "health-mains-unseen",
    (HEALTH, '("mains", data.mains is False)', '("mains", data.mains is None)'),
    kills="TC-HUB-STATUS-02",
    reason="HUB-STATUS-011",
    ko="전원 상실을 보이지 않는다",
    en="does not show a loss of mains power",
)
defect(
    "health-fault-told-to-parents",
    (HEALTH, BEAT, BEAT + """    if data.tamper is True:
        for child in sorted(ctx.view.children):
            ctx.tell("tag_silent", child, obs.at, [obs.cite], exercise=obs.exercise)
"""),
    kills="TC-HUB-STATUS-03",
    reason="HUB-STATUS-012",
    ko="열린 함체를 태그 침묵으로 알린다",
    en="tells an opened case as a silent tag",
)  # fmt: skip
defect(
    "health-nobodys-tag-refused",
    (PIPELINE, "        message.child = child_of(desk.view, message.obs)\n", """        message.child = child_of(desk.view, message.obs)
        if message.child is None and checked.envelope.type == "tag.sighted":
            raise Rejected("bad_data", "a tag of nobody", proved=checked.envelope)
"""),
    kills="TC-HUB-TAG-21",
    reason="HUB-TAG-012",
    ko="누구의 것도 아닌 태그의 tag.sighted를 거부한다",
    en="refuses tag.sighted of a tag that is nobody's",
)  # fmt: skip
defect(
    "health-first-battery",
    (HEALTH, "device.battery_pct = data.battery_pct if isinstance(data.battery_pct, int | float) else None",
     "device.battery_pct = device.battery_pct or (data.battery_pct if isinstance(data.battery_pct, int | float) else None)"),
    kills="TC-HUB-STATUS-04",
    reason="HUB-OPS-010",
    ko="배터리를 처음 알린 값으로 둔다",
    en="keeps the battery as it was first reported",
)  # fmt: skip
defect(
    "health-preset-forgotten",
    (HEALTH, "device.preset, device.busy = obs.data.preset,", "device.preset, device.busy = device.preset or obs.data.preset,"),
    kills="TC-HUB-STATUS-04",
    reason="HUB-OPS-010",
    ko="카메라의 처음 프리셋을 계속 보인다",
    en="goes on showing the first preset of a camera",
)  # fmt: skip
defect(
    "health-any-antenna-will-do",
    ("safezone_hub.rules.gates", "antenna = reader.antennas.get(data.antenna) if reader is not None else None",
     "antenna = next(iter(reader.antennas.values()), None) if reader is not None else None"),
    kills="TC-HUB-TAG-22",
    reason="HUB-TAG-017",
    ko="등록되지 않은 안테나의 감지로 등교를 알린다",
    en="tells an arrival by a sighting at an antenna that is not registered",
)  # fmt: skip
