"""8.7: cameras."""

from safezone_zoo.mutant import defect

SIGHT, CAMERAS = "safezone_hub.places.sight", "safezone_hub.incidents.cameras"
EFFECTS, NOTICES, HEALTH = "safezone_hub.effects", "safezone_hub.notices", "safezone_hub.rules.health"

defect(
    "cameras-by-distance-alone",
    (SIGHT, "        if not sees and share < GLIMPSE:\n            continue\n", ""),
    (SIGHT, "group = (not sees, not in_order(camera.id), camera.id in busy)", "group = (False, False, False)"),
    (SIGHT, "camera.id in down or away > camera.view_m + accuracy_m", "camera.id in down or away > 1000"),
    kills="TC-HUB-CAM-01", reason="HUB-CAM-008",
    ko="볼 수 있는지 따지지 않고 가장 가까운 카메라를 돌린다", en="turns the nearest cameras whether they can see the place or not",
)  # fmt: skip
defect(
    "cameras-that-are-off",
    (CAMERAS, "    down = {id_ for id_, device in ctx.state.devices.items() if not device.online}\n", "    down = set()\n"),
    (CAMERAS, "ctx.settings.cameras_max,", "1,"),
    (CAMERAS, "lambda id_: in_order(ctx, id_)", "lambda id_: True"),
    kills="TC-HUB-CAM-01", reason="HUB-CAM-008",
    ko="꺼진 카메라가 가까우면 그것만 돌린다", en="turns only the nearest camera, even if it is offline",
)  # fmt: skip
defect(
    "cameras-first-preset",
    (SIGHT, "preset, bearing = min(camera.presets, key=lambda p: (angle_between_deg(p[1], towards), p[0]))",
     "preset, bearing = camera.presets[0]"),
    kills="TC-HUB-CAM-01", reason="HUB-CAM-009",
    ko="맞는 프리셋을 고르지 않고 첫 프리셋으로 돌린다", en="turns to the first preset instead of the closest",
)  # fmt: skip
defect(
    "cameras-told-once",
    (EFFECTS, "for message in zones.writer.camera_turn(desk.view, desk.ledger, effect):\n                    _send(zones, work, desk, message, (), wall)",
     "for message in zones.writer.camera_turn(desk.view, desk.ledger, effect):\n                    work.outgoing.append(message)"),
    kills="TC-HUB-CAM-03", reason="HUB-CAM-010",
    ko="camera.turn을 되풀이하지 않는다", en="never repeats camera.turn",
)  # fmt: skip
defect(
    "cameras-never-settled",
    (HEALTH, 'ctx.effects.append(Settle(obs.data.command, f"dev/{obs.device}"))', "pass"),
    kills="TC-HUB-CAM-03", reason="HUB-CAM-010",
    ko="camera.state가 와도 camera.turn을 계속 되풀이한다", en="goes on repeating camera.turn after the camera.state",
)  # fmt: skip
defect(
    "cameras-or-no-alert",
    ("safezone_hub.rules.calls", "        posts=(\"desk\", \"fire119\") if medical else (\"desk\",),\n        position=position,",
     "        posts=() if not cameras else (\"desk\", \"fire119\") if medical else (\"desk\",),\n        position=position,"),
    kills="TC-HUB-CAM-04", reason="HUB-CAM-011",
    ko="볼 카메라가 없으면 경보도 나가지 않는다", en="gives no alert where no camera can see the place",
)  # fmt: skip
defect(
    "cameras-never-released",
    (CAMERAS, "            if view.preset is not None:\n                ctx.effects.append(ReleaseCamera", "            if view.preset is None:\n                ctx.effects.append(ReleaseCamera"),
    kills="TC-HUB-CAM-05", reason="HUB-CAM-013",
    ko="사건이 끝나도 카메라를 놓지 않는다", en="keeps the cameras when the incident is closed",
)  # fmt: skip
defect(
    "cameras-released-once",
    (EFFECTS, "for message in zones.writer.camera_release(desk.view, desk.ledger, effect):\n                    _send(zones, work, desk, message, (), wall)",
     "for message in zones.writer.camera_release(desk.view, desk.ledger, effect):\n                    work.outgoing.append(message)"),
    kills="TC-HUB-CAM-05", reason="HUB-CAM-016",
    ko="camera.release를 되풀이하지 않는다", en="never repeats camera.release",
)  # fmt: skip
defect(
    "cameras-forget-the-other-incident",
    (CAMERAS, "        elif heir[1] is not None and heir[1] != view.preset:", "        elif False:"),
    kills="TC-HUB-CAM-06", reason="HUB-CAM-013",
    ko="다른 사건이 기다리는 카메라를 끝난 사건 쪽에 둔다", en="leaves a camera at a closed incident though another waits for it",
)  # fmt: skip
defect(
    "cameras-of-any-incident",
    ("safezone_hub.api.incidents", 'if url is None or camera not in [c["id"] for c in shown["cameras"]]:', "if url is None:"),
    kills="TC-HUB-CAM-07", reason="HUB-CAM-017",
    ko="사건과 무관한 카메라도 보여 준다", en="shows cameras that are not of the incident",
)  # fmt: skip
defect(
    "cameras-looked-through-unseen",
    ("safezone_hub.api.guard", '        kind = "view"', '        kind = "access"'),
    kills="TC-HUB-CAM-07", reason="HUB-CAM-017",
    ko="카메라를 본 것을 기록하지 않는다", en="does not record that somebody looked through a camera",
)  # fmt: skip
defect(
    "cameras-turned-after-release",
    ("safezone_hub.effects", "                zones.outbox.drop_turns(work.batch, desk.zone, effect.camera, effect.incident)\n", ""),
    kills="TC-HUB-CAM-05", reason="HUB-CAM-019",
    ko="놓아준 카메라에 camera.turn을 계속 되풀이한다", en="goes on repeating camera.turn to a camera that was let go",
)  # fmt: skip

defect(
    "cameras-without-their-pictures",
    ("safezone_hub.incidents.public", "            if url is not None:", "            if url is None:"),
    kills="TC-HUB-CAM-07", reason="HUB-CAM-020",
    ko="사건의 카메라에 화면의 경로를 싣지 않는다", en="leaves the paths of the pictures out of an incident's cameras",
)  # fmt: skip
