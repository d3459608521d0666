"""Bytes that a hub sends down: a receipt for every message, a notice for every guardian, an alert for the desk.

What a hub really sends is the hub's: it may group receipts, and names differ in length. Counted here is one
receipt a message, and per service one notice or alert as the standard writes it, with two observations as
evidence and both texts; so these are the standard's sizes, not a measurement of any hub.
"""

from functools import lru_cache

import numpy as np
import pyarrow as pa

from safezone_sim.city.sizes import TIME, UUID, data_bytes, envelope_bytes
from safezone_sim.city.truth import KINDS, Truth
from safezone_sim.life.day import Day

TEXT = {
    "ko": "홍길동 어린이가 08:31 학교에 도착했습니다. 서울예시초등학교 정문",
    "en": "Hong Gil-dong arrived at school at 08:31, main gate.",
}


def bytes_down(day: Day, messages: pa.Table, truth: Truth) -> dict[str, int]:
    """Bytes down of one school's day by kind: ``receipt``, ``notice``, ``alert``. One receipt for each message."""
    zone = day.world.zone
    words = messages["device"].combine_chunks()
    count = messages["count"].to_numpy().astype(np.int64)
    per_device = np.bincount(words.indices.to_numpy(), weights=count, minlength=len(words.dictionary))
    receipts = sum(
        int(n) * receipt_bytes(zone, device)
        for device, n in zip(words.dictionary.to_pylist(), per_device.tolist(), strict=True)
    )
    told = np.bincount(truth.kind, weights=truth.guardians, minlength=len(KINDS)).astype(int).tolist()
    opened = np.bincount(truth.kind[truth.desk], minlength=len(KINDS)).tolist()
    return {
        "receipt": receipts,
        "notice": sum(n * notice_bytes(zone, k) for k, n in zip(KINDS, told, strict=True)),
        "alert": sum(n * alert_bytes(zone, k) for k, n in zip(KINDS, opened, strict=True)),
    }


def receipt_bytes(zone: str, device: str) -> int:
    """A receipt for one accepted message."""
    data = {"receipts": [{"source": f"{zone}/dev/{device}", "id": UUID, "status": "accepted"}]}
    return _down("receipt", zone, f"{device}-key") + data_bytes(data)


@lru_cache(maxsize=4096)
def notice_bytes(zone: str, service: str) -> int:
    """A notice of one service to one guardian."""
    return _down("notice", zone, f"{zone}-g001-key") + data_bytes(_told(zone, service))


@lru_cache(maxsize=4096)
def alert_bytes(zone: str, service: str) -> int:
    """An alert of one service to the desk."""
    more = {"incident": "inc-000001", "device": f"{zone}-r001", "cameras": [f"{zone}-k01"]}
    return _down("alert", zone, f"{zone}-desk-key") + data_bytes(_told(zone, service) | more)


def _told(zone: str, service: str) -> dict[str, object]:
    evidence = {"source": f"{zone}/dev/{zone}-r001", "id": UUID}
    return {
        "service": service,
        "child": f"{zone}-c001",
        "event_at": TIME,
        "evidence": [evidence, evidence],
        "place": {"id": f"{zone}-school", "name": "서울예시초등학교"},
        "position": {"lat": 37.5081234, "lon": 126.8912345, "accuracy_m": 15},
        "text": TEXT,
    }


def _down(kind: str, zone: str, keyid: str) -> int:
    """A sealed envelope of the hub: its source is ``{zone}/hub/hub-1``; the key is the recipient's."""
    return envelope_bytes(kind, zone, "hub", "hub-1", f"{zone}-drill") + len(keyid) - len("hub-1-key")
