"""Puts a device of any role into its jig and lets it be asked."""

from typing import IO

from safezone_sim.lab.bell import BellJig
from safezone_sim.lab.camera import CameraJig
from safezone_sim.lab.jig import Jig
from safezone_sim.lab.part import Setting
from safezone_sim.lab.phone import PhoneJig
from safezone_sim.lab.reader import ReaderJig

JIGS: dict[str, type[Jig]] = {
    "reader": ReaderJig,
    "tag": ReaderJig,  # before a golden reader
    "bell": BellJig,
    "camera": CameraJig,
    "phone": PhoneJig,
}


def run_device(setting: Setting, requests: IO[str], replies: IO[str]) -> None:
    """Until ``requests`` ends."""
    JIGS[setting.role](setting).serve(requests, replies)
