"""8.7: cameras."""

from safezone_zoo.mutant import defect

CAMERA, ENVELOPE = "safezone_sim.devices.camera", "safezone_sim.devices.envelope"

defect(
    "camera-that-turns-elsewhere",
    (CAMERA, 'self.mount.turn(data["preset"])', "self.mount.turn(self.device.presets[-1][0])"),
    kills="TC-CAMERA-CAM-01",
    reason="CAMERA-CAM-001",
    ko="시킨 프리셋이 아니라 마지막 프리셋으로 돈다",
    en="turns to its last preset, whatever was commanded",
    role="camera",
)
defect(
    "camera-that-proves-no-mac",
    (ENVELOPE, "    if not hmac.compare_digest(", "    if False and not hmac.compare_digest("),
    kills="TC-CAMERA-CAM-02[wrong]",
    reason="CAMERA-CAM-001",
    ko="mac이 틀린 camera.turn에도 돈다",
    en="turns upon a camera.turn whose mac is wrong",
    role="camera",
)
defect(
    "camera-that-names-no-command-it-obeys",
    (CAMERA, '"command": message["id"],',
     '**({} if message["data"].get("preset") in self._bearings else {"command": message["id"]}),'),
    kills="TC-CAMERA-CAM-01",
    reason="CAMERA-CAM-002",
    ko="따른 명령의 id를 답에 쓰지 않는다",
    en="does not name a command that it has obeyed",
    role="camera",
)  # fmt: skip
defect(
    "camera-that-obeys-a-repeat-again",
    (CAMERA, "and not repeat and free", "and free"),
    (CAMERA, "        if preset != self.preset:\n", "        if preset:\n"),
    kills="TC-CAMERA-CAM-03",
    reason="CAMERA-CAM-003",
    ko="반복된 camera.turn에 다시 움직인다",
    en="moves again upon a repeated camera.turn",
    role="camera",
)
defect(
    "camera-that-is-never-busy",
    (CAMERA, '"busy": self.held_for not in (None, message["data"]["incident"])', '"busy": False'),
    kills="TC-CAMERA-CAM-04",
    reason="CAMERA-CAM-004",
    ko="다른 사건이 잡고 있어도 busy가 아니라고 한다",
    en="does not say busy when another incident holds it",
    role="camera",
)
defect(
    "camera-that-turns-home-when-it-does-not-know",
    (CAMERA, '        data = message["data"]\n        free',
     '        data = dict(message["data"])\n        if data["preset"] not in self._bearings:\n'
     '            data["preset"] = self.device.presets[0][0]\n        free'),
    kills="TC-CAMERA-CAM-06",
    reason="CAMERA-CAM-006",
    ko="없는 프리셋이면 첫 프리셋으로 돈다",
    en="turns to its first preset upon one it does not have",
    role="camera",
)  # fmt: skip
defect(
    "camera-that-sends-a-picture-along",
    (CAMERA, '"bearing_deg": self._bearings.get(self.preset, 0.0),', '"bearing_deg": self._bearings.get(self.preset, 0.0), "snapshot": "data:image/jpeg;base64,/9j/4AAQ",'),
    kills="TC-CAMERA-CAM-09",
    reason="CAMERA-CAM-007",
    ko="camera.state에 화면을 싣는다",
    en="puts a picture into camera.state",
    role="camera",
)  # fmt: skip
defect(
    "camera-that-stays-when-let-go",
    (CAMERA, "            self._go_back()\n        self._answer(message)", "            self._hold_for(None)\n        self._answer(message)"),
    kills="TC-CAMERA-CAM-07",
    reason="CAMERA-CAM-014",
    ko="camera.release에 돌아가지 않는다",
    en="does not go back upon camera.release",
    role="camera",
)  # fmt: skip
defect(
    "camera-that-anybody-lets-go",
    (CAMERA, 'if self.held_for == message["data"]["incident"]:', "if self.held_for is not None:"),
    kills="TC-CAMERA-CAM-08",
    reason="CAMERA-CAM-015",
    ko="잡고 있지 않은 사건의 camera.release에도 돌아간다",
    en="goes back upon the release of an incident that does not hold it",
    role="camera",
)
