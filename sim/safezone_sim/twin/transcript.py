"""Every byte that crossed the wire, in order, as gzipped JSON lines."""

import gzip
from pathlib import Path
from typing import BinaryIO, cast


class Transcript:
    """Lines ``{"t", "dir", "topic", "payload"}``; ``t`` in simulated seconds after local midnight."""

    def __init__(self, path: Path) -> None:
        self._file = cast(BinaryIO, gzip.open(path, "wb", compresslevel=1))
        self._lines: list[bytes] = []
        self.up = 0
        self.down = 0

    def note_up(self, t: float, topic: str, payload: bytes) -> None:
        """A message went to the broker."""
        self.up += 1
        self._note(b"up", t, topic, payload)

    def note_down(self, t: float, topic: str, payload: bytes) -> None:
        """A message came from the broker."""
        self.down += 1
        self._note(b"down", t, topic, payload)

    def _note(self, direction: bytes, t: float, topic: str, payload: bytes) -> None:
        self._lines.append(
            b'{"t":%.3f,"dir":"%b","topic":"%b","payload":%b}\n' % (t, direction, topic.encode(), payload)
        )
        if len(self._lines) >= 2000:
            self._flush()

    def _flush(self) -> None:
        self._file.write(b"".join(self._lines))
        self._lines.clear()

    def close(self) -> None:
        self._flush()
        self._file.close()
