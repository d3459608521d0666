"""The states of a drill: preparing, then the open ones, then over."""

from typing import Literal

State = Literal["preparing", "ready", "running", "paused", "ended", "failed"]
OPEN: tuple[State, ...] = ("ready", "running", "paused")
OVER: tuple[State, ...] = ("ended", "failed")
