"""The bundled hub with one planted bottleneck, as its command: ``python broken_hub.py slow|drops FILE serve …``.

``slow`` sleeps 5 ms for every message it judges. ``drops`` takes no notice of one message in N, whenever it comes, and
writes down which; FILE is where.
"""

import json
import sys
import time
import zlib
from pathlib import Path
from typing import Any

from safezone_hub import commands, inbox, pipeline

SLEEP_S = 0.005


def slow() -> None:
    run = pipeline.run

    def sleeping(*given: Any) -> None:
        time.sleep(SLEEP_S)
        run(*given)

    pipeline.run = sleeping


def drops(one_in: int, file: Path) -> None:
    put, dropped = inbox.Inbox.put_messages, set[str]()

    def losing(self: Any, arrivals: list[tuple[str, bytes]], may_overtake: Any) -> None:
        kept = []
        for topic, payload in arrivals:
            message = json.loads(payload)
            of_device = topic.split("/")[3] == "dev" and message["type"] != "camera.state"
            if of_device and zlib.crc32(message["id"].encode()) % one_in == 0:
                if message["id"] not in dropped:
                    dropped.add(message["id"])
                    with file.open("a") as out:
                        out.write(f"{message['type']} {message['id']}\n")
            else:
                kept.append((topic, payload))
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
