"""What the pages are told at the start. Nothing here is read from anywhere but the command line and its environment."""

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
    public_https: bool = False  # reached by https through a proxy: cookies are marked Secure


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
