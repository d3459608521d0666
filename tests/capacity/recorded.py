"""A small recorded morning for tests: one invented school, whose phones and readers say something all the time."""

import sys
from pathlib import Path

from safezone_sim.capacity.recording import RecordedZone, Recording, Said

sys.path.insert(0, str(Path(__file__).parents[1] / "bench"))

from load.district import District, lat_lon

MIDNIGHT = 1_780_000_000.0 - 1_780_000_000.0 % 86400
START, END = 8 * 3600.0, 8 * 3600.0 + 60.0


def morning(children: int = 24, schools: int = 2, every_s: float = 1.0) -> Recording:
    """Each child's phone once in so many seconds, a heartbeat now and then, a stay at a pole; one call in the middle."""
    zones = []
    for school in range(schools):
        district = District(
            f"s{school}", children, poles=4, bells=2, cameras=2, now=MIDNIGHT, prefix=f"s{school}-"
        )
        said = []
        steps = int((END - START) / every_s)
        for step in range(steps):
            for n, child in enumerate(district.child_ids):
                t = START + (step + n / children) * every_s
                at = lat_lon(*district.on_the_way(n))
                data = {
                    **at,
                    "accuracy_m": 12,
                    "fix_source": "gps",
                    "fixed_at": _text(t - 0.5),
                    "moving": True,
                }
                said.append(Said(t, f"p-{child}", "phone.located", -0.25, data))
            t = START + step * every_s
            status = {"online": True, "mains": True, "queue_depth": 0, "clock": _text(t), "interval_s": 60}
            said.append(Said(t, district.pole_ids[step % 4], "device.status", 0.0, status))
        stay = {
            "tag": f"t-{district.child_ids[0]}",
            "antenna": "a",
            "stay": "s-1",
            "reads": 3,
            "rssi_peak_dbm": -60,
        }
        for phase, t in (("start", START + 5), ("end", START + 9)):
            moments = {"first_at": _text(START + 5), "last_at": _text(t)}
            said.append(
                Said(t, district.pole_ids[0], "tag.sighted", 0.0, {**stay, **moments, "phase": phase})
            )
        call = {"tag": f"t-{district.child_ids[1]}", "press": 7, "pressed_at": _text(START + 30)}
        said += [Said(START + 30 + k, district.pole_ids[k], "tag.called", 0.0, call) for k in (0, 1)]
        said.sort(key=lambda each: each.t)
        zones.append(RecordedZone(district.zone, tuple(district.items()), tuple(said), MIDNIGHT))
    return Recording("morning", tuple(zones), START, END)


def _text(t: float) -> str:
    from safezone_sim.capacity.signing import iso

    return iso(MIDNIGHT + t)
