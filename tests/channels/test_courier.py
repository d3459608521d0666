"""The courier as a whole: nobody holds up others, emergencies overtake, nothing known is taken twice."""

import asyncio
import threading
import time
from collections import Counter
from collections.abc import Callable

import pytest
from safezone_hub.channels import (
    ChannelSettings,
    Courier,
    Patience,
    SmppSettings,
    SmtpSettings,
    WebhookSettings,
)
from safezone_hub.channels import courier as courier_module
from starlette.responses import Response

from tests.channels.post import QUICK, Received, Receiver, Reports, Starting, in_turn, job, status, until
from tests.channels.smsc import OK, Smsc

INSIDE = ChannelSettings(
    webhook=WebhookSettings(timeout_s=2.0, allow_private=True), urgent=QUICK, routine=QUICK
)
HANGING = {f"/a{n}" for n in (3, 13, 23, 33, 43)}


class Gate:
    """Answers wait at it until it opens."""

    def __init__(self) -> None:
        self.inside, self.most, self.is_open = 0, 0, False

    async def __call__(self, received: Received) -> Response:
        self.inside += 1
        self.most = max(self.most, self.inside)
        while not self.is_open:
            await asyncio.sleep(0.01)
        self.inside -= 1
        return status(204)


def test_five_hanging_addresses_of_fifty_hold_up_nobody(
    start: Starting, receiver: Receiver, reports: Reports
) -> None:
    """500 jobs, all on one host, which is the hard case: hanging and living addresses share its slots."""

    async def answer(received: Received) -> Response:
        if received.path in HANGING:
            await asyncio.sleep(60.0)
        return status(204)

    receiver.answer = answer
    # Whoever had to wait for a timeout would come too late here.
    courier = start(ChannelSettings(webhook=WebhookSettings(timeout_s=30.0, allow_private=True)))
    jobs = [job("webhook", receiver.url(f"/a{n % 50}"), urgent=n % 7 == 0) for n in range(500)]
    living = [j.id for j in jobs if not any(j.address.endswith(path) for path in HANGING)]
    courier.send(jobs)
    reports.wait_all(living, "delivered", timeout_s=20.0)
    assert len(living) == 450
    assert {report.job for report in reports.seen} == set(living)
    counts = courier.counts()
    assert (counts["webhook_delivered"], counts["webhook_running"], counts["webhook_waiting"]) == (450, 5, 45)


def test_hanging_hosts_hold_up_no_other(start: Starting, reports: Reports) -> None:
    receivers = [Receiver() for _ in range(12)]
    try:
        gate = Gate()  # opened before any timeout
        for hanging in receivers[:5]:
            hanging.answer = gate
        courier = start(ChannelSettings(webhook=WebhookSettings(timeout_s=20.0, allow_private=True)))
        dead = [job("webhook", r.url(f"/{n}")) for r in receivers[:5] for n in range(10)]
        living = [job("webhook", r.url(f"/{n}")) for r in receivers[5:] for n in range(10)]
        courier.send([*dead, *living])
        assert reports.wait_all([j.id for j in living], "delivered") < 15.0
        gate.is_open = True
        reports.wait_all([j.id for j in dead], "delivered")
    finally:
        for server in receivers:
            server.close()


def test_dead_channel_holds_up_no_other(
    start: Starting, centre: Callable[..., Smsc], receiver: Receiver, reports: Reports
) -> None:
    smsc = centre()
    gone = Receiver()
    gone.close()
    courier = start(
        ChannelSettings(
            smtp=SmtpSettings("127.0.0.1", gone.port, "a@zone.test", "none"),
            sms=SmppSettings("127.0.0.1", smsc.port, "zone", "0212", "secret08"),
            webhook=WebhookSettings(timeout_s=2.0, allow_private=True),
            urgent=QUICK,
            routine=QUICK,
        )
    )
    mails = [job("email", f"g{n}@example.org", urgent=n % 2 == 0) for n in range(200)]
    texts = [job("sms", f"010-0000-{n:04}") for n in range(50)]
    calls = [job("webhook", receiver.url(f"/{n}")) for n in range(50)]
    courier.send([*mails, *texts, *calls])
    reports.wait_all([j.id for j in texts], "sent")
    reports.wait_all([j.id for j in calls], "delivered")
    health = courier.health()
    assert health["sms"] == health["webhook"] == "ok"
    assert health["email"].startswith("connection refused since")


def test_emergency_overtakes_a_thousand_routine_jobs(
    start: Starting, centre: Callable[..., Smsc], reports: Reports
) -> None:
    entered, lock = threading.Event(), threading.Event()

    def answer(submitted: object) -> int:
        entered.set()
        lock.wait(5.0)
        return OK

    smsc = centre(answer=answer)
    courier = start(
        ChannelSettings(sms=SmppSettings("127.0.0.1", smsc.port, "zone", "0212", "secret08", window=4))
    )
    courier.send([job("sms", f"010-0000-{n:04}") for n in range(1000)])
    assert entered.wait(5.0)
    urgent = job("sms", "010-0000-9999", urgent=True)
    courier.send([urgent])
    lock.set()
    reports.wait(urgent.id, "sent")
    ahead = [s.dest for s in smsc.submits].index("01000009999")
    assert ahead <= 10, f"{ahead} routine texts went before the emergency"


def test_at_most_so_many_at_one_host(start: Starting, receiver: Receiver, reports: Reports) -> None:
    gate = Gate()
    receiver.answer = gate
    settings = WebhookSettings(timeout_s=5.0, allow_private=True, per_host=4)
    courier = start(ChannelSettings(webhook=settings, urgent=QUICK, routine=QUICK))
    jobs = [job("webhook", receiver.url(f"/{n}"), urgent=True) for n in range(20)]
    courier.send(jobs)
    receiver.wait(4)
    gate.is_open = True
    reports.wait_all([j.id for j in jobs], "delivered")
    assert gate.most == 4


def test_known_ids_are_ignored_while_here_and_after(
    start: Starting, receiver: Receiver, reports: Reports
) -> None:
    gate = Gate()
    receiver.answer = gate
    courier, one = start(INSIDE), job("webhook", receiver.url())
    assert courier.send([one, one]) == []
    receiver.wait(1)
    courier.send([one])
    gate.is_open = True
    reports.wait(one.id, "delivered")
    courier.send([one])
    other = job("webhook", receiver.url())
    courier.send([other])
    reports.wait(other.id, "delivered")
    assert Counter(r.headers["safezone-id"] for r in receiver.received) == {one.id: 1, other.id: 1}
    assert courier.counts()["repeated"] == 3


def test_what_there_is_no_room_for_is_named_and_can_come_again(
    start: Starting, receiver: Receiver, reports: Reports, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(courier_module, "HELD_JOBS", 5)
    gate = Gate()
    receiver.answer = gate
    courier, jobs = start(INSIDE), [job("webhook", receiver.url(f"/{n}")) for n in range(8)]
    refused = courier.send(jobs)
    assert refused == [j.id for j in jobs[5:]]
    urgent = job("webhook", receiver.url("/urgent"), urgent=True)
    assert courier.send([urgent]) == [], "emergencies still find room"
    gate.is_open = True
    reports.wait_all([j.id for j in [*jobs[:5], urgent]], "delivered")
    assert courier.send(jobs) == []
    reports.wait_all([j.id for j in jobs], "delivered")
    assert len(receiver.received) == 9
    assert courier.counts()["refused"] == 3


def test_jobs_taken_before_the_start_go_out_with_it(receiver: Receiver, reports: Reports) -> None:
    courier, early = Courier(INSIDE, reports), job("webhook", receiver.url())
    courier.send([early])
    courier.start()
    try:
        reports.wait(early.id, "delivered")
    finally:
        courier.close(0.2)


def test_reports_that_were_not_taken_come_again_in_order(
    start: Starting, receiver: Receiver, reports: Reports
) -> None:
    receiver.answer = in_turn(status(500), status(204))
    reports.refusing = True
    courier, one = start(INSIDE), job("webhook", receiver.url())
    courier.send([one])
    receiver.wait(2)
    until(lambda: courier.counts()["reports_held"] == 2)
    assert reports.seen == []
    reports.refusing = False
    reports.wait(one.id, "delivered")
    assert reports.states(one.id) == ["retrying", "delivered"]


def test_close_lets_what_is_under_way_end_and_begins_nothing(receiver: Receiver, reports: Reports) -> None:
    gate = Gate()
    receiver.answer = gate
    settings = WebhookSettings(timeout_s=5.0, allow_private=True, per_host=2)
    courier = Courier(ChannelSettings(webhook=settings, urgent=QUICK, routine=QUICK), reports)
    courier.start()
    jobs = [job("webhook", receiver.url(f"/{n}")) for n in range(5)]
    courier.send(jobs)
    receiver.wait(1)
    closing = threading.Thread(target=courier.close, args=(5.0,))
    closing.start()
    time.sleep(0.1)
    gate.is_open = True
    closing.join(5.0)
    assert not closing.is_alive()
    assert [report.state for report in reports.seen] == ["delivered"]
    assert len(receiver.received) == 1
    assert courier.send([job("webhook", receiver.url())]) == []


def test_close_does_not_wait_for_the_dead(receiver: Receiver, reports: Reports) -> None:
    receiver.answer = Gate()
    courier = Courier(INSIDE, reports)
    courier.start()
    stuck = job("webhook", receiver.url())
    courier.send([stuck])
    receiver.wait(1)
    began = time.monotonic()
    courier.close(0.2)
    assert time.monotonic() - began < 2.0
    assert reports.seen == [], "the next life of the process tries it again"


def test_a_day_is_not_needed_to_see_that_urgent_jobs_persist_longer() -> None:
    settings = ChannelSettings()
    assert settings.urgent.give_up_after_s > settings.routine.give_up_after_s
    assert settings.urgent.max_s < settings.routine.max_s
    assert settings.urgent.first_s < settings.routine.first_s


def test_old_jobs_are_given_up_after_one_full_chance(start: Starting, reports: Reports) -> None:
    gone = Receiver()
    gone.close()
    short = Patience(first_s=0.05, factor=1.0, max_s=0.3, give_up_after_s=3600.0)
    courier = start(ChannelSettings(webhook=INSIDE.webhook, routine=short))
    old = job("webhook", gone.url(), made_at=time.time() - 7200.0)
    courier.send([old])
    assert reports.wait(old.id, "failed", timeout_s=3.0).tries >= 2
