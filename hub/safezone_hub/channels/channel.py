"""What the courier asks of a channel, and what a channel may tell the courier between tries."""

from typing import Protocol

from safezone_hub.channels.jobs import Job, Outcome
from safezone_hub.channels.lanes import Limits
from safezone_hub.channels.ledger import Arrival


class Desk(Protocol):
    """The courier, as a channel sees it. Called on the courier's loop."""

    def hold(self, why: str) -> None:
        """There is no link: give me nothing until ``release``."""

    def release(self) -> None: ...

    def receipt(self, part: str, arrival: Arrival, detail: str, reference: str = "") -> bool:
        """The fate of a message, by the provider's id or our own (``reference``). When this returns True
        it has been reported; False: the hub could not take it, and it should come again."""

    def open_messages(self) -> list[tuple[str, str]]:
        """Job and provider id of the messages whose receipt has not come."""


class Channel(Protocol):
    """One way to reach people. All calls on the courier's loop."""

    name: str
    limits: Limits
    keeps_receipts: bool  # whether a receipt may follow what was sent

    def place(self, job: Job) -> tuple[str, str]:
        """Host and address that the job goes to, as keys."""

    async def open(self, desk: Desk) -> None: ...

    async def deliver(self, job: Job) -> Outcome:
        """One try. Ends by itself, within the channel's timeouts; may be cancelled at the end."""

    async def close(self) -> None:
        """Take leave of the other side, within a second or two."""
