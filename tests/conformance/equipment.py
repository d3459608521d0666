"""Runs cases of the suite against the small equipment, each device in a folder of its own. Also by hand:

python -m tests.conformance.equipment bell TC-BELL-BELL-03 [defect …]
"""

import base64
import json
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from safezone_conformance import case as registry
from safezone_conformance.case import Case
from safezone_conformance.cases import bell, camera, device, phone, reader, tag
from safezone_conformance.equipment_session import EquipmentSession, replay
from safezone_conformance.proforma import Ics, Ixit, fields_of, items_of
from safezone_conformance.record import read_record
from safezone_conformance.session import Result

NONCE = b"small equipment: not secret, ever"
SECRET = base64.urlsafe_b64encode(b"an invented key of thirty-two by").decode().rstrip("=")
RIG = Path(__file__).with_name("small_devices.py")
TAGS = " ".join(f"T{n}" for n in range(1, 31))
QUICK = {"phases.offline_s": 20.0, "phases.repeats_s": 16.0, "phases.heartbeat_s": 10.0, "phases.still_s": 3.0, "phases.fixes": 30,
         "phases.step_s": 0.15, "device.start_s": 15.0, "device.reconnect_s": 8.0, "device.stuck_s": 1.5, "limits.network_s": 0.5,
         "stimulus.patience_s": 30.0}  # fmt: skip


def chosen(role: str, texts: Iterable[str] = ()) -> list[Case]:
    """Cases of a role whose name holds one of the texts. Of equipment only, whatever else is in the suite."""
    texts = list(texts)
    assert bell and camera and device and phone and reader and tag
    return [
        c
        for _, c in sorted(registry._registered.items())
        if role in c.roles and (not texts or any(t in c.name for t in texts))
    ]


def ics(role: str, counted: bool = True) -> Ics:
    has = {i.name for i in items_of(role)} - {"no-press-counter" if counted else "press-counter"}
    return Ics(role, {"vendor": "invented", "product": f"small {role}", "version": "0"}, frozenset(has))


def ixit(role: str, folder: Path, options: dict[str, Any], **more: Any) -> Ixit:
    values = {f.key: f.default for f in fields_of(role)} | {
        k: v for k, v in QUICK.items() if k in {f.key for f in fields_of(role)}
    }
    command = f"exec {sys.executable} {RIG} {folder / 'device'} {SECRET} '{json.dumps(options)}'"
    values |= {"broker.port": 0, "device.zone": "small-1", "device.id": f"{role}-1", "device.keyid": "k1", "device.secret": SECRET,
               "stimulus.way": "command", "stimulus.command": command} | more  # fmt: skip
    for key, value in {"device.antennas": "out:outer in:inner", "device.tags": TAGS, "device.unknown_tag": "stranger-7",
                       "device.golden_tag": "T30", "device.presets": "gate:120 yard:270 road:30"}.items():  # fmt: skip
        if key in values:
            values[key] = value
    return Ixit(role, values)


def run_on(
    role: str, some: Sequence[Case], defects: Sequence[str] = (), counted: bool = True, gateway: bool = False
) -> list[Result]:
    """These cases, one after another on one device."""
    with tempfile.TemporaryDirectory(prefix="small-") as name:
        folder = Path(name)
        options = {"defects": list(defects), "counted": counted, "gateway": gateway}
        session = EquipmentSession(
            ics(role, counted), ixit(role, folder, options), NONCE, None, folder / "out"
        )
        try:
            return [session.run(case) for case in some]
        finally:
            session.close()


def run_split(
    role: str,
    some: Sequence[Case],
    devices: int = 8,
    defects: Sequence[str] = (),
    counted: bool = True,
    gateway: bool = False,
) -> list[Result]:
    """As ``run_on``, over several devices of the kind at a time."""
    parts = [some[n::devices] for n in range(min(devices, len(some)))]
    with ThreadPoolExecutor(len(parts)) as pool:
        return [
            r for part in pool.map(lambda p: run_on(role, p, defects, counted, gateway), parts) for r in part
        ]


def again(result: Result, role: str, counted: bool = True) -> str:
    """The verdict worked out from the record as it is stored."""
    record = read_record("\n".join(result.record.lines()))
    session = EquipmentSession(ics(role, counted), ixit(role, Path("."), {}), NONCE, None, Path("."))
    return str(replay(result.case, record, NONCE, session.settings).verdict)


def main(role: str, *words: str) -> None:
    some = chosen(role, [w for w in words if w.startswith("TC-")])
    gateway = "gateway" in words
    began = time.monotonic()
    for r in sorted(
        run_split(
            role,
            some,
            defects=[w for w in words if not w.startswith("TC-")],
            counted="uncounted" not in words,
            gateway=gateway,
        ),
        key=lambda r: r.case.name,
    ):
        repeat = again(r, role, "uncounted" not in words)
        print(
            f"{r.case.name:32} {r.outcome.verdict:14} {r.record.ended_at:6.1f} s  replay {'same' if repeat == r.outcome.verdict else repeat}  {r.outcome.why} {' '.join(r.left)}"
        )
        for f in r.outcome.findings:
            if not f.ok:
                print(f"    {f.requirement} ({f.level}): expected {f.expected}; got {f.got}")
    print(f"{time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main(*sys.argv[1:])
