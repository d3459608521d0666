"""What the handlers work with: built once by ``build_api``, nothing global."""

from collections.abc import Callable
from dataclasses import dataclass

from safezone_hub.access import TokenBook
from safezone_hub.api.auditing import Audits
from safezone_hub.api.enrolling import Enrolments
from safezone_hub.api.limits import Buckets, Limits
from safezone_hub.api.sse import Streams
from safezone_hub.channels import Courier
from safezone_hub.clock import Clock
from safezone_hub.engine import Engine
from safezone_hub.metrics import Metrics


@dataclass(frozen=True)
class About:
    """What the hub says of itself."""

    hub_id: str
    mqtt_host: str
    mqtt_port: int


@dataclass(frozen=True)
class Services:
    """The parts behind the API. ``checks`` gives the state of each part of the hub, ``ok`` or what is wrong."""

    engine: Engine
    clock: Clock
    about: About
    checks: Callable[[], dict[str, str]]
    book: TokenBook
    limits: Limits
    failed_tokens: Buckets
    enrolment: Buckets
    enrolment_codes: Buckets
    streams: Streams
    audits: Audits
    enrolments: Enrolments
    metrics: Metrics
    courier: Courier | None
