"""The bundled hub with one planted bottleneck, as its command: ``python broken_hub.py slow|drops FILE serve …``.

``slow`` sleeps 5 ms for every message it judges. ``drops`` takes no notice of one message in N, whenever it comes, and
writes down which, and which calls it took; FILE is where.
"""

import json
import sys
import time
import zlib
from pathlib import Path
from typing import Any

from safezone_hub import commands, inbox, pipeline

SLEEP_S = 0.005
CALLS = ("tag.called", "bell.pressed", "phone.called")


def _press(message: dict[str, Any]) -> str:
    """One press, whoever relays it."""
    data = message["data"]
    return f"{data.get('tag', message['source'])}/{data.get('press', data.get('call'))}"


def slow() -> None:
    run = pipeline.run

    def sleeping(*given: Any) -> None:
        time.sleep(SLEEP_S)
        run(*given)

    pipeline.run = sleeping


def drops(one_in: int, file: Path) -> None:
    put, noted = inbox.Inbox.put_messages, set[str]()

    def note(line: str) -> None:
        if line not in noted:
            noted.add(line)
            with file.open("a") as out:
                out.write(line + "\n")

    def losing(self: Any, arrivals: list[tuple[str, bytes]], may_overtake: Any) -> None:
        kept = []
        for topic, payload in arrivals:
            message = json.loads(payload)
            of_device = topic.split("/")[3] == "dev" and message["type"] != "camera.state"
            if of_device and zlib.crc32(message["id"].encode()) % one_in == 0:
                note(f"dropped {message['type']} {message['id']} {_press(message)}")
            else:
                kept.append((topic, payload))
                if message["type"] in CALLS:
                    note(f"kept {message['type']} - {_press(message)}")
        put(self, kept, may_overtake)

    inbox.Inbox.put_messages = losing  # type: ignore[method-assign]


def main() -> None:
    kind, file, *rest = sys.argv[1:]
    if kind == "slow":
        slow()
    else:
        drops(int(kind.partition("=")[2]), Path(file))
    sys.argv = ["safezone hub", *rest]
    commands.hub_group()


if __name__ == "__main__":
    main()
