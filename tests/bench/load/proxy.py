"""A TCP proxy that can lose the network: while it is cut nothing passes, and nobody is told."""

import random
import selectors
import socket
import threading

_CHUNK = 65536


class Proxy:
    """Forwards every connection to ``target``. ``cut`` and ``heal`` may be called from any thread."""

    def __init__(self, target: tuple[str, int], seed: int = 1) -> None:
        self._target, self._rng = target, random.Random(seed)
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self._listener.setblocking(False)
        self.address: tuple[str, int] = self._listener.getsockname()
        self._pairs: dict[socket.socket, socket.socket] = {}
        self._waiting: dict[socket.socket, bytes] = {}
        self._stop, self._is_cut, self._heal = threading.Event(), threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="proxy", daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        return self.address[1]

    @property
    def url(self) -> str:
        return f"mqtt://127.0.0.1:{self.port}"

    def cut(self) -> None:
        """From now on bytes stay where they are, and new connections hang."""
        self._is_cut.set()

    def heal(self) -> None:
        """Bytes pass again; every second old connection is gone, as after a router forgot it."""
        self._heal.set()
        self._is_cut.clear()

    def close(self) -> None:
        self._stop.set()
        self._thread.join(5)
        for each in list(self._pairs):
            each.close()
        self._listener.close()

    def _run(self) -> None:
        while not self._stop.is_set():
            if self._is_cut.is_set():
                self._stop.wait(0.01)
                continue
            if self._heal.is_set():
                self._heal.clear()
                for each in list(self._pairs):
                    if (
                        each in self._pairs and self._rng.random() < 0.25
                    ):  # of either end: about one pair in two
                        self._drop(each)
            self._pass()

    def _pass(self) -> None:
        """One round of what is ready. A fresh selector: there are few connections."""
        with selectors.DefaultSelector() as ready:
            ready.register(self._listener, selectors.EVENT_READ)
            for each in self._pairs:
                # A side whose peer does not take more is not read.
                events = selectors.EVENT_READ if not self._waiting.get(self._pairs[each]) else 0
                events |= selectors.EVENT_WRITE if self._waiting.get(each) else 0
                if events:
                    ready.register(each, events)
            for key, events in ready.select(0.01):
                each = key.fileobj
                assert isinstance(each, socket.socket)
                if each is self._listener:
                    self._accept()
                elif each in self._pairs:
                    if events & selectors.EVENT_WRITE:
                        self._push(each, b"")
                    if events & selectors.EVENT_READ and each in self._pairs:
                        self._read(each)

    def _accept(self) -> None:
        try:
            near, _ = self._listener.accept()
            far = socket.create_connection(self._target, timeout=2.0)
        except BlockingIOError:
            return
        except OSError:
            near.close()
            return
        for each in (near, far):
            each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            each.setblocking(False)
        self._pairs[near], self._pairs[far] = far, near

    def _read(self, each: socket.socket) -> None:
        try:
            chunk = each.recv(_CHUNK)
        except BlockingIOError:
            return
        except OSError:
            chunk = b""
        if chunk:
            self._push(self._pairs[each], chunk)
        else:
            self._drop(each)

    def _push(self, to: socket.socket, chunk: bytes) -> None:
        data = self._waiting.pop(to, b"") + chunk
        try:
            sent = to.send(data)
        except BlockingIOError:
            sent = 0
        except OSError:
            self._drop(to)
            return
        if sent < len(data):
            self._waiting[to] = data[sent:]

    def _drop(self, each: socket.socket) -> None:
        other = self._pairs.pop(each)
        self._pairs.pop(other, None)
        for one in (each, other):
            self._waiting.pop(one, None)
            one.close()
