"""A trivial subscriber, for the bare broker: takes every message up, acknowledges it, counts it.

    python tests/bench/load/counter.py --port 1883

Says ``ready`` on stdout, counts until its standard input closes, then prints one JSON object: how many
messages, and how many in each second since the first.
"""

import argparse
import json
import select
import socket
import sys
import time

from safezone_sim.capacity import wire

UP = "safezone/v1/+/+/+/up"


def count(buffer: bytes, acknowledgements: list[bytes]) -> int:
    """Where the last whole packet ends. Reads no topic and no payload: that is the subscriber's whole work."""
    start, size = 0, len(buffer)
    while size - start >= 2:
        length, shift, at = 0, 0, start + 1
        while at < size:
            byte = buffer[at]
            at += 1
            length |= (byte & 0x7F) << shift
            if byte < 0x80:
                break
            shift += 7
        else:
            break
        if at + length > size:
            break
        if buffer[start] & 0xF0 == wire.PUBLISH:
            named = at + 2 + (buffer[at] << 8 | buffer[at + 1])
            acknowledgements.append(b"\x40\x02" + buffer[named : named + 2])
        start = at + length
    return start


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    args = parser.parse_args()
    connection = socket.create_connection((args.host, args.port), timeout=10)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.sendall(wire.connect("counter") + wire.subscribe(1, UP))
    reader = wire.Reader()
    while not reader.subacks:
        reader.feed(connection.recv(65536))
    print("ready", flush=True)
    seconds: dict[int, int] = {}
    first, total, buffer = 0.0, 0, b""
    while True:
        readable, _, _ = select.select([connection, sys.stdin], [], [])
        if connection in readable:
            chunk = connection.recv(1 << 20)
            if not chunk:
                break
            acknowledgements: list[bytes] = []
            buffer += chunk
            buffer = buffer[count(buffer, acknowledgements) :]
            if acknowledgements:
                connection.sendall(b"".join(acknowledgements))
                now = time.monotonic()
                first = first or now
                total += len(acknowledgements)
                second = int(now - first)
                seconds[second] = seconds.get(second, 0) + len(acknowledgements)
        elif sys.stdin in readable:
            break
    last = max(seconds, default=0)
    print(
        json.dumps({"messages": total, "a_second": [seconds.get(n, 0) for n in range(last + 1)]}), flush=True
    )


if __name__ == "__main__":
    main()
