"""A camera in the jig: where it really looks."""

from safezone_sim.devices.camera import Camera, Mount
from safezone_sim.lab.jig import Doing, Jig
from safezone_sim.lab.part import Part, Setting
from safezone_sim.world.model import Device


class CameraJig(Jig):
    """One camera, which stays with the incident that holds it."""

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self.mount = Mount(setting.presets[0][0])
        self._moves_seen = 0

    def make(self, part: Part) -> Camera:
        args, more = self.common(part)
        device = Device(
            self.setting.device, "camera", 0.0, 0.0, presets=self.setting.presets, fov_deg=60.0, view_m=50.0
        )
        return Camera(*args, device=device, mount=self.mount, yields=False, **more)

    def _until_it_rests(self) -> Doing:
        while self.part is not None and self.mount.turning:
            yield self.sleep(0.05)
        return None

    def look_at_preset(self) -> Doing:
        yield from self._until_it_rests()
        self._moves_seen = self.mount.moves
        return {"preset": self.mount.preset, "bearing_deg": dict(self.setting.presets)[self.mount.preset]}

    def look_at_moved(self) -> Doing:
        yield from self._until_it_rests()
        before, self._moves_seen = self._moves_seen, self.mount.moves
        return {"moved": self.mount.moves != before}
