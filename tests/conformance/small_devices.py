"""Small equipment for tests of the suite: a rig that speaks the stimulus protocol, and the device in a process of its own.

``python small_devices.py FOLDER SECRET [OPTIONS as JSON]`` is the stimulus command. The device talks MQTT to the suite's
broker like any other; a power cut is a kill. Options: interval_s, stuck_s, defects, counted (tags with a counter).
"""

import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from safezone_gateway.gateway import Config, Gateway
from safezone_gateway.uplink import Principal, Uplink, iso, open_store

KEYID = "k1"
READ_EVERY_S = 0.4
DEBOUNCE_S = 0.08


class Clock:
    offset_s = 0.0

    def __call__(self) -> float:
        return time.time() + self.offset_s


# Devices: each takes events from the rig, and answers what can be seen of it


class Device:
    kind = ""

    def __init__(self, o: Mapping[str, Any]) -> None:
        self.o, self.clock = o, Clock()
        self.health: dict[str, Any] = dict(o.get("health", {}))
        self.who = Principal(o["zone"], o["device"], KEYID, o["secret"])
        self.store = open_store(Path(o["folder"]) / "store.sqlite")
        self.start()

    def defect(self, name: str) -> bool:
        return name in self.o.get("defects", ())

    def start(self) -> None:
        self.uplink = Uplink(self.who, self.o["broker"], self.store, now=self.clock, on_down=self.told, on_receipt=self.receipted,
                             reconnect_s=2)  # fmt: skip
        self.status()
        threading.Thread(target=self.beat, daemon=True).start()

    def told(self, envelope: Mapping[str, Any]) -> None:
        pass

    def receipted(self, id_: str, status: str) -> None:
        pass

    def status(self) -> None:
        self.uplink.send("device.status", lambda now, depth: {
            "online": True, "queue_depth": depth, "clock": iso(now), "interval_s": self.o["interval_s"], **self.health})  # fmt: skip

    def beat(self) -> None:
        while True:
            time.sleep(self.o["interval_s"] * 0.9)
            self.status()

    def take(self, e: Mapping[str, Any]) -> Mapping[str, Any]:
        match e["ev"]:
            case "clock":
                self.clock.offset_s = e["offset_s"]
            case "exercise":
                self.uplink.exercise = e["drill"]
            case "health":
                self.health |= e["health"]
                self.status()
            case "end":
                self.uplink.close()
                os._exit(0)
            case _:
                return self.happen(e)
        return {}

    def happen(self, e: Mapping[str, Any]) -> Mapping[str, Any]:
        raise AssertionError(e)


class Reader(Device):
    def start(self) -> None:
        antennas = tuple(self.o["antennas"])
        folder = Path(self.o["folder"])
        self.store.close()
        self.gateway = Gateway(
            Config(
                self.who, self.o["broker"], folder / "store.sqlite", antennas, interval_s=self.o["interval_s"]
            ),
            self.clock,
        )
        self.uplink, self.store = self.gateway.uplink, self.gateway.store
        if self.health:
            self.gateway.take({"status": self.health}, 0.0)

    def take(self, e: Mapping[str, Any]) -> Mapping[str, Any]:
        if e["ev"] == "health":
            self.gateway.take({"status": e["health"]}, 0.0)
            return {}
        if e["ev"] == "end":
            self.gateway.close()
            os._exit(0)
        return super().take(e)

    def happen(self, e: Mapping[str, Any]) -> Mapping[str, Any]:
        self.gateway.take({e["ev"]: e["row"]}, 0.0)
        return {}


class Bell(Device):
    def start(self) -> None:
        self.pressing = False
        self.changed_at = 0.0
        self.lamp_for, self.lamp, self.siren = "", False, None
        self.lock = threading.Lock()
        self.health = {"tamper": False, "stuck_button": False, "self_test": "not_run", **self.health}
        super().start()

    def happen(self, e: Mapping[str, Any]) -> Mapping[str, Any]:
        now = time.monotonic()
        with self.lock:
            if e["ev"] == "down":
                fresh = not self.pressing and now - self.changed_at > DEBOUNCE_S
                self.pressing, self.changed_at = True, now
                if fresh or self.defect("bounce"):
                    self.press(now)
            elif e["ev"] == "up":
                self.pressing, self.changed_at = False, now
                if self.health["stuck_button"]:
                    self.health["stuck_button"] = False
                    self.status()
            elif e["ev"] == "look":
                return {"lamp": self.lamp, "siren_after_s": self.siren}
        return {}

    def press(self, began: float) -> None:
        self.siren = None if self.defect("no-siren") else time.monotonic() - began
        self.lamp = self.defect("lamp-early")
        with self.uplink.together():
            n = self.store.get("press", 0) + 1
            if not self.defect("ram-counter"):
                self.store.put("press", n)
            self.lamp_for = self.uplink.send(
                "bell.pressed", lambda at, _d: {"press": n, "pressed_at": iso(at)}
            )
        threading.Thread(target=self.watch, args=(self.lamp_for,), daemon=True).start()

    def watch(self, mine: str) -> None:
        end = time.monotonic() + self.o["stuck_s"]
        while time.monotonic() < end:
            time.sleep(0.05)
            if not self.pressing:
                return
        with self.lock:
            if self.pressing and self.lamp_for == mine:
                self.health["stuck_button"] = True
                self.status()

    def receipted(self, id_: str, status: str) -> None:
        if id_ == self.lamp_for and status != "rejected":
            self.lamp = True


class Camera(Device):
    def start(self) -> None:
        self.preset = next(iter(self.o["presets"]))
        self.before = self.preset
        self.incident: str | None = None
        self.until = 0.0
        self.moves = 0
        self.seen_turns: set[str] = set()
        super().start()
        threading.Thread(target=self.hold, daemon=True).start()

    def turn(self, preset: str) -> None:
        if preset != self.preset:
            self.moves += 1
        self.preset = preset

    def hold(self) -> None:
        while True:
            time.sleep(0.05)
            if self.incident and self.until and time.monotonic() > self.until:
                self.incident, self.until = None, 0.0
                self.turn(self.before)

    def told(self, envelope: Mapping[str, Any]) -> None:
        data, busy = envelope["data"], False
        if envelope["type"] == "camera.turn":
            if (envelope["id"] in self.seen_turns and not self.defect("turns-again")) or data[
                "preset"
            ] not in self.o["presets"]:
                pass
            elif self.incident not in (None, data["incident"]):
                busy = True
            else:
                if self.incident is None:
                    self.before = self.preset
                self.incident = data["incident"]
                self.until = time.monotonic() + data["hold_s"] if data.get("hold_s") else 0.0
                self.turn(data["preset"])
            self.seen_turns.add(envelope["id"])
        elif envelope["type"] == "camera.release":
            if data["incident"] == self.incident:
                self.incident, self.until = None, 0.0
                self.turn(self.before)
        else:
            return
        bearing = float(self.o["presets"][self.preset])
        self.uplink.send(
            "camera.state",
            {"preset": self.preset, "bearing_deg": bearing, "command": envelope["id"], "busy": busy},
        )

    def happen(self, e: Mapping[str, Any]) -> Mapping[str, Any]:
        moved, self.moves = self.moves > 0, 0
        return {"preset": self.preset, "moved": moved}


class Phone(Device):
    def start(self) -> None:
        self.fix: dict[str, Any] | None = None
        self.consent = self.store.get("consent", "given")
        super().start()

    def happen(self, e: Mapping[str, Any]) -> Mapping[str, Any]:
        if e["ev"] == "consent":
            self.consent = e["status"]
            self.store.put("consent", self.consent)
        elif e["ev"] == "lost":
            self.fix = None
        elif e["ev"] == "fix":
            if e.get("mock") or self.consent != "given":
                return {}
            accuracy = 12.0
            sigma = (3.0 if not self.defect("boasts") else 30.0) * accuracy / 4.53
            north, east = random.gauss(0, sigma), random.gauss(0, sigma)
            self.fix = {
                "lat": e["lat"] + north / 111195,
                "lon": e["lon"] + east / 88230,
                "accuracy_m": accuracy,
            }
            now = self.clock()
            self.uplink.send(
                "phone.located",
                {**self.fix, "fix_source": "gps", "fixed_at": iso(now), "moving": e["moving"]},
            )
        elif e["ev"] == "dial":
            n = self.store.get("call", 0) + 1
            self.store.put("call", n)
            data = {"dialled_at": iso(self.clock()), "call": f"c{n}"} | (
                {"position": self.fix} if self.fix else {}
            )
            self.uplink.send("phone.called", data)
        return {}


KINDS = {"reader": Reader, "tag": Reader, "bell": Bell, "camera": Camera, "phone": Phone}


def device_main(options: str) -> None:
    o = json.loads(options)
    device = KINDS[o["role"]](o)
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        print(json.dumps(device.take(json.loads(line))), flush=True)
    os._exit(0)


# A reader with the shipped gateway before it


class Behind:
    """Plays the reader: keeps lines until the gateway, a process of its own, has answered them."""

    def __init__(self, o: Mapping[str, Any]) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        folder = Path(o["folder"])
        self.file = folder / "gateway.toml"
        self.file.write_text(f"""[hub]
broker = "{o["broker"]}"
[device]
zone = "{o["zone"]}"
id = "{o["device"]}"
keyid = "{KEYID}"
secret = "{o["secret"]}"
interval_s = {o["interval_s"]}
[reader]
listen = "127.0.0.1:{self.port}"
antennas = {json.dumps(o["antennas"])}
[store]
file = "store.sqlite"
""")
        self.lines: list[dict[str, Any]] = [{"n": 0, "status": {"mains": True, "battery_pct": 100}}]
        self.number = 0
        self.linked = True
        self.process: subprocess.Popen[bytes] | None = None
        threading.Thread(target=self.talk, daemon=True).start()

    def on(self) -> None:
        self.process = subprocess.Popen([sys.executable, "-m", "safezone_gateway.commands", "--config", str(self.file)],
                                        stdout=subprocess.DEVNULL)  # fmt: skip
        time.sleep(0.8)

    def off(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def say(self, **line: Any) -> None:
        self.number += 1
        self.lines.append({"n": self.number, **line})

    def talk(self) -> None:
        while True:
            try:
                with socket.create_connection(("127.0.0.1", self.port), 1.0) as end:
                    file = end.makefile("rw", encoding="utf-8")
                    file.write(json.dumps({"n": -1, "hello": {"now": iso(time.time())}}) + "\n")
                    file.flush()
                    file.readline()
                    while self.linked:
                        if not self.lines:
                            time.sleep(0.01)
                            continue
                        file.write(json.dumps(self.lines[0]) + "\n")
                        file.flush()
                        if json.loads(file.readline()).get("ok") is None:
                            break
                        self.lines.pop(0)
            except (OSError, ValueError):
                pass
            time.sleep(0.1)


# The rig


class Rig:
    def __init__(self, folder: str, secret: str, options: Mapping[str, Any]) -> None:
        e = os.environ
        self.o = {"interval_s": 2.0, "stuck_s": 1.5, "antennas": ["out", "in"], "presets": {"gate": 120, "yard": 270, "road": 30},
                  "defects": [], "counted": True, "boot_s": 0.4, **options, "folder": folder, "secret": secret,
                  "broker": e["SAFEZONE_BROKER"], "role": e["SAFEZONE_ROLE"], "zone": e["SAFEZONE_ZONE"],
                  "device": e["SAFEZONE_DEVICE"]}  # fmt: skip
        self.counters: dict[str, int] = {}
        self.latched: list[dict[str, Any]] = []
        self.child: subprocess.Popen[str] | None = None
        self.lock = threading.Lock()
        self.changed: dict[str, Any] = {}
        self.behind = Behind(self.o) if self.o.get("gateway") else None

    def on(self) -> None:
        if self.behind is not None:
            self.behind.on()
            return
        o = {**self.o, "health": self.changed}
        child = subprocess.Popen(
            [sys.executable, __file__, "device", json.dumps(o)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert child.stdout is not None
        child.stdout.readline()
        with self.lock:
            self.child = child
            latched, self.latched = self.latched, []
        for event in latched:
            self.ev(**event)

    def off(self, kill: bool) -> None:
        if self.behind is not None:
            self.behind.off()
            return
        child = self.child
        assert child is not None and child.stdin is not None
        if kill:
            child.send_signal(signal.SIGKILL)
        else:
            child.stdin.write(json.dumps({"ev": "end"}) + "\n")
            child.stdin.flush()
        child.wait()
        with self.lock:
            self.child = None

    def ev(self, **event: Any) -> Mapping[str, Any]:
        if self.behind is not None:
            at = iso(time.time())
            if event["ev"] == "health":
                self.behind.say(status=event["health"])
            elif event["ev"] in ("read", "call"):
                self.behind.say(**{event["ev"]: {**event["row"], "at": at}})
            return {}
        with self.lock:
            if self.child is None:
                self.latched.append(
                    event
                )  # a button's contact is latched while there is power for nothing else
                return {}
            assert self.child.stdin is not None and self.child.stdout is not None
            self.child.stdin.write(json.dumps(event) + "\n")
            self.child.stdin.flush()
            answer: Mapping[str, Any] = json.loads(self.child.stdout.readline())
            return answer

    def contact(self, hold_s: float, bounces: int) -> None:
        for _ in range(bounces):
            self.ev(ev="down")
            self.ev(ev="up")
        self.ev(ev="down")
        time.sleep(hold_s)
        self.ev(ev="up")

    def read(self, tag: str, antenna: str) -> None:
        self.ev(ev="read", row={"tag": tag, "antenna": antenna, "rssi_dbm": -60})

    def do(self, verb: str, a: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """None: unsupported."""
        at = iso(time.time())
        match verb:
            case "hello":
                self.changed = (
                    {"mains": True, "battery_pct": 100.0}
                    if self.o["role"] != "phone"
                    else {"battery_pct": 90.0}
                )
                self.on()
                if self.o["role"] == "phone":
                    self.ev(ev="consent", status="given")
            case "begin":
                pass
            case "power_cut":
                self.off(kill=True)
                time.sleep(a["off_s"])
                self.on()
            case "reboot":
                self.off(kill=False)
                press = threading.Timer(a["press_after_s"] or 0.0, self.contact, (a["hold_s"], 0))
                if a["press_after_s"] is not None:
                    press.start()
                time.sleep(self.o["boot_s"])
                self.on()
                if a["press_after_s"] is not None:
                    press.join()
            case "reset_store":
                self.off(kill=True)
                for file in Path(self.o["folder"]).glob("store.sqlite*"):
                    file.unlink()
                time.sleep(1.1)
                self.on()
            case "set_clock" | "exercise" if self.behind is not None:
                return None
            case "network" if self.behind is not None and a["link"] == "gateway":
                self.behind.linked = a["up"]
                time.sleep(0.3)
            case "set_clock":
                self.ev(ev="clock", offset_s=a["offset_s"])
            case "exercise":
                self.ev(ev="exercise", drill=a["drill"])
            case "mains":
                self.changed["mains"] = a["up"]
                self.ev(ev="health", health={"mains": a["up"]})
            case "low_battery":
                self.changed["battery_pct"] = a["pct"]
                self.ev(ev="health", health={"battery_pct": a["pct"]})
            case "open_case":
                self.ev(ev="health", health={"tamper": a["open"]})
            case "self_test" if self.o["role"] == "bell":
                self.ev(ev="health", health={"self_test": "passed"})
                if "test-rings" in self.o["defects"]:
                    self.contact(0.1, 0)
                return {"outcome": "passed"}
            case "present_tag":
                end = time.monotonic() + a["seconds"]
                while True:
                    self.read(a["tag"], a["antenna"])
                    if time.monotonic() >= end:
                        break
                    time.sleep(min(READ_EVERY_S, max(0.01, end - time.monotonic())))
            case "present_tags":
                gap = a["seconds"] / len(a["tags"]) / len(a["antennas"])
                for tag in a["tags"]:
                    for antenna in a["antennas"]:
                        self.read(tag, antenna)
                        time.sleep(gap)
            case "edge_of_range":
                end = time.monotonic() + a["seconds"]
                chance = random.Random(3)
                while time.monotonic() < end:
                    self.read(a["tag"], a["antenna"])
                    time.sleep(min(chance.uniform(0.3, 7.5), max(0.0, end - time.monotonic())))
            case "press_tag":
                n = self.counters[a["tag"]] = self.counters.get(a["tag"], 0) + 1
                row = {
                    "tag": a["tag"],
                    **({"press": n} if self.o["counted"] else {}),
                    "antenna": "out",
                    "rssi_dbm": -70,
                }
                for _ in range(3):
                    self.ev(ev="call", row=row)
                    time.sleep(0.1)
                return {"press": n, "at": at}
            case "change_battery":
                pass
            case "press":
                for _ in range(a["times"]):
                    self.contact(a["hold_s"], a["bounces"])
                    time.sleep(max(0.0, a["every_s"] - a["hold_s"]) if a["times"] > 1 else 0.0)
            case "hold_button":
                self.ev(ev="down" if a["held"] else "up")
            case "move" | "still" if self.o["role"] == "phone":
                truth = []
                points = a["points"] if verb == "move" else [self.changed.get("point", [37.5, 126.9])]
                for lat, lon in points:
                    truth.append({"at": datetime.now(UTC).isoformat(), "lat": lat, "lon": lon})
                    self.ev(ev="fix", lat=lat, lon=lon, moving=verb == "move")
                    time.sleep(a["step_s"] if verb == "move" else a["seconds"])
                return {"truth": truth}
            case "no_fix":
                if a["on"]:
                    self.ev(ev="lost")
            case "mock_position":
                if a["on"]:
                    self.ev(
                        ev="fix",
                        lat=a["lat"],
                        lon=a["lon"],
                        moving=False,
                        mock="mocks" not in self.o["defects"],
                    )
            case "dial_112":
                self.ev(ev="dial")
                return {"dialled": True, "at": at}
            case "consent":
                self.ev(ev="consent", status=a["status"])
            case "observe":
                if a["what"] == "transmissions":
                    return {"transmissions": 3}
                return self.ev(ev="look")
            case _:
                return None
        return {"at": at}


def main(folder: str, secret: str, options: str = "{}") -> None:
    Path(folder).mkdir(parents=True, exist_ok=True)
    rig = Rig(folder, secret, json.loads(options))
    for line in sys.stdin:
        request = json.loads(line)
        try:
            seen = rig.do(request["do"], request["args"])
            reply = {"ok": False, "why": "unsupported"} if seen is None else {"ok": True, "seen": seen}
        except Exception as error:
            reply = {"ok": False, "why": repr(error)}
        print(json.dumps({"n": request["n"], **reply}), flush=True)
    for process in (rig.child, rig.behind and rig.behind.process):
        if process is not None:
            process.kill()


if __name__ == "__main__":
    if sys.argv[1] == "device":
        device_main(sys.argv[2])
    else:
        main(*sys.argv[1:])
