"""11.4: operation."""

from safezone_zoo.mutant import defect

ZONES, PLAIN, PIPELINE, INCIDENTS = (
    "safezone_hub.api.zones", "safezone_hub.store.plain", "safezone_hub.pipeline", "safezone_hub.api.incidents",
)  # fmt: skip

defect(
    "operation-counts-no-repeats",
    (ZONES, '"duplicate": counts.get("duplicate", 0)', '"duplicate": 0'),
    kills="TC-HUB-OPS-01", reason="HUB-OPS-001",
    ko="되풀이를 세지 않는다", en="does not count repeats",
)  # fmt: skip
defect(
    "operation-names-no-faults",
    (ZONES, '"devices_in_fault": in_fault', '"devices_in_fault": in_fault[:0]'),
    kills="TC-HUB-OPS-01", reason="HUB-OPS-001",
    ko="고장난 장치를 말하지 않는다", en="names no faulty device",
)  # fmt: skip
defect(
    "operation-counts-notices-together",
    (ZONES, "notices.setdefault(service, {})[role] = n", 'notices.setdefault(service, {})["guardian"] = n'),
    kills="TC-HUB-OPS-01", reason="HUB-OPS-001",
    ko="알림과 경보를 나누어 세지 않는다", en="does not count notices and alerts apart",
)  # fmt: skip
defect(
    "operation-oldest-first",
    (PLAIN, "WHERE zone = ? ORDER BY at DESC, n DESC LIMIT ?", "WHERE zone = ? ORDER BY at, n LIMIT ?"),
    kills="TC-HUB-OPS-02", reason="HUB-OPS-002",
    ko="거부를 옛것부터 준다", en="gives the oldest rejections first",
)  # fmt: skip
defect(
    "operation-samples-whole",
    (PIPELINE, "SAMPLE_BYTES = 512", "SAMPLE_BYTES = 65536"),
    kills="TC-HUB-OPS-02", reason="HUB-OPS-002",
    ko="거부한 것을 통째로 보인다", en="shows the whole of what it refused",
)  # fmt: skip
defect(
    "operation-open-means-all",
    (INCIDENTS, "sight.zones.store.incidents(zone, state, place, limit + 1)",
     'sight.zones.store.incidents(zone, "all", place, limit + 1)'),
    kills="TC-HUB-OPS-03", reason="HUB-OPS-003",
    ko="state로 고르지 않는다", en="does not choose incidents by state",
)  # fmt: skip
defect(
    "operation-heartbeat-never",
    (ZONES, "if device is not None and device.heartbeat_at is not None:", "if device is None and device is not None:"),
    kills="TC-HUB-OPS-04", reason="HUB-OPS-004",
    ko="last_heartbeat가 늘 null이다", en="tells null for last_heartbeat, always",
)  # fmt: skip
defect(
    "operation-offset-unknown",
    (ZONES, '"clock_offset_s": round(device.offset_s(), 3) if device is not None and known else None',
     '"clock_offset_s": 0.0 if device is not None and known else None'),
    kills="TC-HUB-OPS-04", reason="HUB-OPS-004",
    ko="시계 차이를 0이라고 한다", en="tells an offset of 0 whatever the clock",
)  # fmt: skip
defect(
    "operation-rejections-of-all",
    (ZONES, "return sight.zones.store.rejections(sight.desk.zone, limit)",
     "return [r for z in sight.zones.desks for r in sight.zones.store.rejections(z, limit)]"),
    kills="TC-HUB-OPS-05", reason="HUB-OPS-005",
    ko="모든 구역의 거부를 보인다", en="shows the rejections of every zone",
)  # fmt: skip
