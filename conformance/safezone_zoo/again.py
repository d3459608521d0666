"""``python -S -m safezone_zoo.again SOCKET FOLDER``: kill a zoo hub as a crash does it and start it again."""

import json
import socket
import sys


def order(address: str, what: dict[str, object]) -> dict[str, object]:
    """One order to a zygote, and its answer."""
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(address)
        with client.makefile("rw") as lines:
            lines.write(json.dumps(what) + "\n")
            lines.flush()
            found: dict[str, object] = json.loads(lines.readline() or "{}")
            return found


if __name__ == "__main__":
    answer = order(sys.argv[1], {"do": "again", "folder": sys.argv[2]})
    if not answer.get("ok"):
        print(answer.get("why"), file=sys.stderr)
        sys.exit(1)
