"""Webhooks: the notice as a signed POST. 2xx is the receiver's word that it has it."""

from concurrent.futures import ThreadPoolExecutor

from safezone_hub.channels.channel import Desk
from safezone_hub.channels.http_client import (
    BadUrl,
    HttpClient,
    NoAnswer,
    parse_target,
    retry_after_s,
    trust,
)
from safezone_hub.channels.jobs import Job, Outcome, delivered, failed, retry
from safezone_hub.channels.lanes import Limits
from safezone_hub.channels.reaching import CheckedBackend, ForbiddenAddress
from safezone_hub.channels.settings import WebhookSettings
from safezone_hub.channels.signing import signed_headers
from safezone_hub.clock import Clock

LANE_SLOTS = 4
RETRIED = frozenset({408, 425, 429})


class WebhookChannel:
    name = "webhook"
    keeps_receipts = False

    def __init__(self, settings: WebhookSettings, clock: Clock) -> None:
        self._settings, self._clock = settings, clock
        self.limits = Limits(
            settings.at_once, settings.per_host, min(LANE_SLOTS, settings.per_host), slow=True
        )

    async def open(self, desk: Desk) -> None:
        settings = self._settings
        # A thread for every try that may be under way: a resolver that hangs holds up nobody else.
        self._resolvers = ThreadPoolExecutor(2 * settings.at_once, thread_name_prefix="resolve")
        tls, timeout_s, at_once = settings.trust or trust(None), settings.timeout_s, 2 * settings.at_once
        allow = settings.allow_private
        self._clients = {
            "https": HttpClient(
                timeout_s, at_once, tls, CheckedBackend(self._resolvers, allow_private=allow)
            ),
            # What is said of a child crosses the open internet under TLS only.
            "http": HttpClient(
                timeout_s,
                at_once,
                tls,
                CheckedBackend(self._resolvers, allow_private=allow, only_private=True),
            ),
        }

    def place(self, job: Job) -> tuple[str, str]:
        try:
            return parse_target(job.address).origin, job.address
        except BadUrl:
            return "", job.address

    async def deliver(self, job: Job) -> Outcome:
        now = self._clock.now()
        try:
            target = parse_target(job.address)
            headers = {
                "Content-Type": job.content_type,
                "User-Agent": "safezone-hub",
                **signed_headers(job.secret, job.id, now, job.body),
            }
            answer = await self._clients[target.scheme].request("POST", target.url, headers, job.body)
        except NoAnswer as error:
            return retry(str(error))
        except ForbiddenAddress as error:
            return failed(f"address refused: {error}")
        except BadUrl as error:
            return failed(f"address refused: {error}")
        except ValueError:
            return failed("bad signing secret")
        code = f"http {answer.status}"
        if 200 <= answer.status < 300:
            return delivered(code)
        if answer.status in RETRIED or answer.status >= 500:
            return retry(code, after_s=retry_after_s(answer.headers, now))
        return failed(code)

    async def close(self) -> None:
        for client in self._clients.values():
            await client.close()
        self._resolvers.shutdown(wait=False, cancel_futures=True)
