"""What the pages are told at the start. Nothing here is read from anywhere but the command line and its environment."""

import socket
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Settings:
    """``hub`` and ``control`` are base addresses without a slash at the end; without ``control`` there are no drills."""

    hub: str
    control: str | None = None
    control_token: str | None = None
    map_dir: Path | None = None
    shared: bool = False  # whoever reaches the pages may steer every drill: one teacher on an own machine
    others: str = ""  # the address at which other devices of the network reach the pages; empty: they do not
    public_https: bool = False  # reached by https through a proxy: cookies are marked Secure


LOCAL_NAMES = ("127.0.0.1", "localhost", "::1")  # by which only this machine finds itself


def address_for_others(host: str, port: int) -> str:
    """Where other devices find what listens at ``host``; empty for this machine alone. Nothing is sent to find it."""
    if host in LOCAL_NAMES:
        return ""
    if host in ("0.0.0.0", "::"):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            try:
                probe.connect(
                    ("192.0.2.1", 9)
                )  # an address of documents: it only says which of ours would be used
                host = str(probe.getsockname()[0])
            except OSError:
                host = socket.gethostname()
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def base_address(text: str) -> str:
    """A base address in one form. ValueError for what is none."""
    address = text.strip().rstrip("/")
    if (
        not address.startswith(("http://", "https://"))
        or len(address.split("/")) < 3
        or not address.split("/")[2]
    ):
        raise ValueError(f"{text!r} is no address. Write it as http://127.0.0.1:8080")
    return address
