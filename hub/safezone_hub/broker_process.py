"""The broker's own process: ``python -m safezone_hub.broker_process CONFIG``. Not for use by hand.

Exits when its standard input closes, that is when the hub is gone, however it went. It also does
what rumqttd leaves undone: without TCP_NODELAY every answer to a message waits 40 ms for a delayed
acknowledgement. Accepted connections inherit the option from the listener on Linux, and the listener is ours.
"""

import logging
import os
import socket
import sys
import threading
import time

from iotcore import IotCoreBroker

START_S = 8.0


def main() -> None:
    logging.basicConfig(level=logging.WARNING)
    # rumqttd reports every packet as an error span.
    logging.getLogger("rumqttd").setLevel(logging.CRITICAL)
    broker = IotCoreBroker(config_path=sys.argv[1])
    broker.check_ports()
    ports = {int(address.rsplit(":", 1)[1]) for address in broker.listeners()}
    threading.Thread(target=broker.run_forever, daemon=True).start()
    deadline = time.monotonic() + START_S
    while not ports <= _listening() and time.monotonic() < deadline:
        time.sleep(0.01)
    print("ready" if ports <= _listening() else "not listening", flush=True)
    sys.stdin.buffer.read()
    os._exit(0)


def _listening() -> set[int]:
    """Ports this process listens on; their connections will answer without delay."""
    ports = set()
    for fd in map(int, os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else ():
        try:
            with socket.socket(fileno=os.dup(fd)) as listener:
                if listener.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
                    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    ports.add(listener.getsockname()[1])
        except OSError:
            continue  # no socket, or closed meanwhile
    return ports


if __name__ == "__main__":
    main()
