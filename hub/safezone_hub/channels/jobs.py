"""What the courier is given, what it says of it, and what a channel says of one try. Values only."""

from dataclasses import dataclass, field
from typing import Literal

State = Literal["sent", "delivered", "retrying", "failed"]
Blame = Literal["job", "address", "link"]


@dataclass(frozen=True, slots=True)
class Job:
    """One notice to one address. Its ``repr`` shows nothing personal, so that a log cannot either."""

    id: str  # delivery id (UUID); goes to the receiver so that it can drop repeats
    notice: str  # id of the notice it carries
    channel: str  # "sms" | "email" | "webhook"
    address: str = field(repr=False)  # number, mail address or URL
    secret: str | None = field(repr=False)  # webhook signing secret (base64url)
    language: str  # ko | en
    subject: str = field(repr=False)  # short line for mail
    text: str = field(repr=False)  # the words, event time and send time in them
    body: bytes = field(repr=False)  # JSON of the notice (webhooks), or CAP XML
    content_type: str  # of body
    urgent: bool  # emergency: ahead of routine, shorter waits, longer persistence
    tries: int = 0  # of earlier lives of the process
    made_at: float = 0.0  # seconds since 1970 that giving up counts from; 0: from when the courier took it


@dataclass(frozen=True, slots=True)
class Report:
    """A change of state. ``detail`` is a short code without anything personal in it."""

    job: str
    state: State
    at: float  # seconds since 1970
    detail: str
    provider_id: str | None
    tries: int
    next_at: float | None  # of a retry, seconds since 1970; None while there is no connection to retry on


@dataclass(frozen=True, slots=True)
class Sent:
    """A delivery of an earlier life of the process whose receipt has not come yet."""

    job: str
    provider_id: str
    tries: int = 0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one try. ``blame`` says what must wait before a retry: the job, its address, or the link."""

    kind: Literal["sent", "delivered", "retry", "failed"]
    detail: str
    provider_id: str | None = None
    after_s: float | None = None  # the other side asked for this wait
    blame: Blame = "job"


def sent(detail: str, provider_id: str | None = None) -> Outcome:
    """The other side has taken it on; whether it arrives is not known yet."""
    return Outcome("sent", detail, provider_id)


def delivered(detail: str) -> Outcome:
    """The other side said that it arrived."""
    return Outcome("delivered", detail)


def retry(detail: str, blame: Blame = "address", after_s: float | None = None) -> Outcome:
    return Outcome("retry", detail, None, after_s, blame)


def failed(detail: str) -> Outcome:
    """Trying again would change nothing."""
    return Outcome("failed", detail)
