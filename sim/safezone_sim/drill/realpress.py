"""A real bell beside a drill, for the lab only: its press carries no drill id and the wall clock's time.

It is no part of the scene: own connection, own key, own clock. It stands for the device that calls in earnest while a
school drills, so that a test can see the call break through.
"""

import queue
import random
import secrets
import threading
from collections.abc import Mapping
from datetime import UTC, datetime

from msgspec import UNSET

from safezone_sim.devices.envelope import Up, WireTime, seal, secret_bytes, uuid7
from safezone_sim.twin.broker import Connection

AGAIN_S = 2.0
TRIES = 30


class RealBell:
    """``press`` sends until the hub's receipt; one thread a press."""

    def __init__(self, host: str, port: int, zone: str, bell: str, key: Mapping[str, str]) -> None:
        midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        self._time, self._midnight = WireTime(midnight), midnight
        self._source, self.topic = f"{zone}/dev/{bell}", f"safezone/v1/{zone}/dev/{bell}/up"
        self._keyid, self._key = key["keyid"], secret_bytes(key["secret"])
        self._rng = random.Random(secrets.randbits(64))
        self._epoch = int(datetime.now(UTC).timestamp())
        self._seq = 0
        self._stopped = threading.Event()
        self._connection = Connection(
            host, port, [f"safezone/v1/{zone}/dev/{bell}/down"], f"lab-{secrets.token_hex(4)}"
        )
        self._connection.open()

    def press(self) -> None:
        """Presses now, for real."""
        self._seq += 1
        t = (datetime.now(UTC) - self._midnight).total_seconds()
        now = self._time.text(t)
        message = Up(
            "1.0", uuid7(self._time.unix_ms(t), self._rng), self._source, "bell.pressed", now, "application/json",
            self._keyid, self._epoch, self._seq, UNSET, {"press": self._epoch + self._seq, "pressed_at": now},
        )  # fmt: skip
        payload = seal(self._key, self.topic.encode(), message)
        threading.Thread(target=self._say, args=(payload, message.id), daemon=True).start()

    def _say(self, payload: bytes, id_: str) -> None:
        for _ in range(TRIES):
            self._connection.publish(self.topic, payload)
            try:
                while True:
                    _, received, _ = self._connection.inbound.get(timeout=AGAIN_S)
                    if id_.encode() in received:
                        return
            except queue.Empty:
                if self._stopped.is_set():
                    return

    def close(self) -> None:
        self._stopped.set()
        self._connection.close()
