"""A reader in the jig, with tags that go by; and a tag in the jig before a golden reader, which is the same bench."""

from safezone_sim.devices.reader import READ_PERIOD_S, Reader
from safezone_sim.devices.tag import CALL_BURSTS, CALL_PERIOD_S, Tag
from safezone_sim.lab.jig import Doing, Jig, Refused
from safezone_sim.lab.part import Part, Setting
from safezone_sim.scenario import Noise
from safezone_sim.world.model import Antenna, Device

RSSI_DBM = -55.0
NOW_AND_THEN_S = (2.5, 5.5, 4.0)  # between reads at the edge of the range
BATTERY_OUT_S = 10.0


class ReaderJig(Jig):
    """One reader, and every tag that is asked for."""

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self._tags: dict[str, Tag] = {}
        self._called: Tag | None = None
        self._call_m = 0.0  # distance of the tag that calls

    def make(self, part: Part) -> Reader:
        args, more = self.common(part)
        antennas = tuple(
            Antenna(name, side, 0.0, 0.0, self.setting.range_m)  # type: ignore[arg-type]
            for name, side in self.setting.antennas
        )
        device = Device(self.setting.device, "reader", 0.0, 0.0, antennas=antennas)
        return Reader(*args, device=device, noise=Noise(latency_s=0.0), **more)

    def tag(self, id_: str) -> Tag:
        """The tag that was registered under this id."""
        if id_ not in self._tags:
            self._tags[id_] = tag = Tag(
                self.outside, id_, lambda press: self._on_air(tag, press), counts=self.setting.counts
            )
        return self._tags[id_]

    def _reader(self) -> Reader | None:
        """None while it does not run."""
        if self.part is None:
            return None
        assert isinstance(self.part.equipment, Reader)
        return self.part.equipment

    def _read(self, tag: Tag, antenna: str, distance_m: float = 0.0) -> None:
        reader, answer = self._reader(), tag.answer(distance_m, self.setting.range_m)
        if reader is not None and answer is not None:
            reader.read(answer, antenna, RSSI_DBM)

    def _on_air(self, tag: Tag, press: int | None) -> None:
        reader = self._reader()
        if reader is not None and self._call_m <= self.setting.call_range_m:
            reader.hear(tag.id, press, self.setting.antennas[0][0], RSSI_DBM - 15.0)

    def _antenna(self, name: str) -> str:
        if name not in dict(self.setting.antennas):
            raise Refused(f"no antenna {name}")
        return name

    def do_present_tag(self, tag: str, antenna: str, seconds: float, distance_m: float | None) -> Doing:
        one, end = self.tag(tag), self.outside.now + seconds
        self._antenna(antenna)
        while True:
            self._read(one, antenna, distance_m or 0.0)
            if self.outside.now + READ_PERIOD_S > end:
                break
            yield self.sleep(READ_PERIOD_S)
        yield self.sleep(end - self.outside.now)
        return None

    def do_present_tags(self, tags: list[str], antennas: list[str], seconds: float) -> Doing:
        began = self.outside.now
        # One behind the other; each is twice read at each antenna.
        steps = sorted(
            (
                n * 0.5 * seconds / len(tags) + k * 0.4 * seconds / len(antennas) + again * 0.05 * seconds,
                tag,
                antenna,
            )
            for n, tag in enumerate(tags)
            for k, antenna in enumerate(antennas)
            for again in (0, 1)
        )
        for after, tag, antenna in steps:
            yield self.sleep(began + after - self.outside.now)
            self._read(self.tag(tag), self._antenna(antenna))
        yield self.sleep(began + seconds - self.outside.now)
        return None

    def do_edge_of_range(self, tag: str, antenna: str, seconds: float) -> Doing:
        one, end, n = self.tag(tag), self.outside.now + seconds, 0
        self._antenna(antenna)
        self._read(one, antenna)
        while self.outside.now + NOW_AND_THEN_S[n % 3] <= end:
            yield self.sleep(NOW_AND_THEN_S[n % 3])
            self._read(one, antenna)
            n += 1
        yield self.sleep(end - self.outside.now)
        return None

    def do_press_tag(self, tag: str, hold_s: float, bounces: int, distance_m: float | None) -> Doing:
        self._called, self._call_m = self.tag(tag), distance_m or 0.0
        began = self.outside.now
        yield from self.bouncing(self._called.contact, True, bounces)
        yield self.sleep(began + hold_s - self.outside.now)
        yield from self.bouncing(self._called.contact, False, bounces)
        return {"press": self._called.presses} if self.setting.counts else None

    def do_change_battery(self, tag: str) -> Doing:
        yield self.sleep(BATTERY_OUT_S)
        self.tag(tag).change_battery()
        return None

    def look_at_transmissions(self) -> Doing:
        yield self.sleep(CALL_BURSTS * CALL_PERIOD_S)
        return {"transmissions": self._called.sent if self._called is not None else 0}
