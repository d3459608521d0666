"""What a stage needs, row by row, each cell an expression that shows its arithmetic. Pure functions of their inputs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import sqrt

import numpy as np

from safezone_sim.sizing.arithmetic import Term, larger, leaf, root, total, up
from safezone_sim.sizing.inputs import Load
from safezone_sim.sizing.settings import Assumptions, Prices
from safezone_sim.sizing.stages import Stage
from safezone_sim.staffing.plan import Staffing, Wording
from safezone_sim.staffing.sizing import ShiftLoad

DAYS = 30
Z_BUSIEST = 3.09  # of 1,000 seconds of a Poisson stream one is above mean + 3.09 √mean


@dataclass(frozen=True)
class Row:
    """One line of the table for one stage. ``money`` cells are in the currency of the prices."""

    key: str
    group: str
    name: Wording
    unit: str
    cell: Term
    decimals: int = 0
    money: bool = False


@dataclass(frozen=True)
class People:
    """What the sized desk says: closed form by shift, and what the simulation added."""

    loads: Sequence[ShiftLoad]
    covering: int
    added_operators: Sequence[int]
    added_patrols: Sequence[int]
    given_operators: Sequence[int | None]
    given_patrols: Sequence[int | None]
    most_patrols: int


@dataclass(frozen=True)
class Inputs:
    """Everything but the load."""

    assumptions: Assumptions
    prices: Prices
    knee_per_s: float
    knee_measured: bool
    kb_per_child: float
    kb_measured: bool
    plan: Staffing
    price_factor: Mapping[str, float]  # by item; 1 where absent


@dataclass(frozen=True)
class Change:
    """The load model moved: factors on children, share of phones, fixes and heartbeats a second."""

    children: float = 1.0
    phones: float = 1.0
    fixes: float = 1.0
    beats: float = 1.0


GROUPS: dict[str, Wording] = {
    "basis": Wording("누가 쓰는가", "who uses it"),
    "equipment": Wording("장비", "equipment"),
    "load": Wording("부하와 허브", "load and hubs"),
    "texts": Wording("알림", "notices"),
    "carrier": Wording("통신사: 어린이 한 명 한 달", "carrier: a child and month"),
    "storage": Wording("저장", "storage"),
    "people": Wording("사람", "people"),
    "cost": Wording("비용", "cost"),
}


def beats_per_s(load: Load) -> float:
    """Heartbeats a second of readers, bells and cameras: their part of the day's status messages."""
    things = load.readers + load.bells + load.cameras
    senders = things + load.phones
    seconds = 60.0 * max(1, int(np.count_nonzero(load.routine)))
    part = load.messages.get("device.status", 0.0) * (things / senders if senders else 0.0)
    return min(load.peak_per_s, part / seconds)


def changed(load: Load, change: Change) -> Load:
    """The load under another load model; bytes and storage move with the messages, notices with the children."""
    if change == Change():
        return load
    status = load.messages.get("device.status", 0.0)
    things = load.readers + load.bells + load.cameras
    fixed_status = status * things / max(1.0, things + load.phones)
    by_type: dict[str, float] = {}
    for kind, n in load.messages.items():
        if kind == "device.status":
            by_type[kind] = fixed_status * change.beats + (n - fixed_status) * (
                change.children * change.phones * change.beats
            )
        elif kind.startswith("phone."):
            fixes = change.fixes if kind == "phone.located" else 1.0
            by_type[kind] = n * change.children * change.phones * fixes
        else:
            by_type[kind] = n * (change.children if kind.startswith("tag.") else 1.0)
    before, after = load.all_messages, sum(by_type.values())
    old_children, new_children = before - fixed_status, after - fixed_status * change.beats
    beats = beats_per_s(load)
    child = new_children / old_children if old_children else 1.0
    peak = beats * change.beats + (load.peak_per_s - beats) * child
    messages = after / before if before else 1.0
    return replace(
        load,
        children=load.children * change.children,
        phones=load.phones * change.children * change.phones,
        guardians=load.guardians * change.children,
        messages=by_type,
        bytes_up=load.bytes_up * messages,
        bytes_down=load.bytes_down * messages,
        notices={k: n * change.children for k, n in load.notices.items()},
        peak_per_s=peak,
    )


def rows_of(stage: Stage, load: Load, inputs: Inputs, people: People) -> list[Row]:
    """All lines of one stage, in order. ``load`` is the mean of the seeds, one seed, or a changed one."""
    a = inputs.assumptions
    rows: list[Row] = []

    def add(key: str, group: str, ko: str, en: str, unit: str, cell: Term, decimals: int = 0) -> Term:
        rows.append(Row(key, group, Wording(ko, en), unit, cell, decimals))
        return cell.named(ko, en)

    def assumed(name: str) -> Term:
        found = getattr(a, name)
        return leaf(found.value, found.name.ko, found.name.en)

    def child(value: float, ko: str, en: str) -> Term:
        """Something that grows with the pupils."""
        return _times(leaf(value, ko, en), stage.pupils_ratio, "학생", "pupils")

    def thing(value: float, ko: str, en: str) -> Term:
        return _times(leaf(value, ko, en), stage.schools_ratio, "학교", "schools")

    schools = add(
        "schools", "basis", "학교", "schools", "", thing(load.schools, "모의한 학교", "schools simulated")
    )
    add("pupils", "basis", "학생", "pupils", "", child(load.pupils, "모의한 학생", "pupils simulated"))
    children = add(
        "children",
        "basis",
        "가입 어린이",
        "children served",
        "",
        child(load.children, "모의한 어린이", "children simulated"),
    )
    phones = add(
        "phones", "basis", "휴대전화", "phones", "", child(load.phones, "모의한 전화", "phones simulated")
    )
    add(
        "guardians",
        "basis",
        "보호자",
        "guardians",
        "",
        child(load.guardians, "모의한 보호자", "guardians simulated"),
    )

    tags = add("tags", "equipment", "태그", "tags", "", children)
    readers = add(
        "readers", "equipment", "리더", "readers", "", thing(load.readers, "모의한 리더", "readers simulated")
    )
    bells = add(
        "bells", "equipment", "비상벨", "bells", "", thing(load.bells, "모의한 비상벨", "bells simulated")
    )
    cameras = add(
        "cameras", "equipment", "CCTV", "cameras", "", thing(load.cameras, "모의한 CCTV", "cameras simulated")
    )
    links = add(
        "links",
        "equipment",
        "통신 회선",
        "network links",
        "",
        up((readers + bells + cameras) / assumed("devices_per_link")),
    )

    day = add("messages_day", "load", "하루 메시지", "messages a day", "",
              child(load.all_messages - _fixed(load), "어린이의 메시지", "children's messages")
              + thing(_fixed(load), "장비 상태", "heartbeats of equipment"))  # fmt: skip
    beats = beats_per_s(load)
    peak = add("peak", "load", "가장 바쁜 1분의 초당 메시지", "messages/s, busiest minute", "/s",
               thing(beats, "장비 상태/s", "heartbeats/s")
               + child(load.peak_per_s - beats, "어린이의 메시지/s", "children's messages/s"), _digits(load.peak_per_s))  # fmt: skip
    burst = add("peak_second", "load", "가장 바쁜 1초", "busiest second", "/s",
                peak + leaf(Z_BUSIEST, "z 99.9 %", "z 99.9 %") * root(peak), _digits(load.peak_per_s))  # fmt: skip
    knee = leaf(inputs.knee_per_s, "허브 하나의 한계" + ("(측정)" if inputs.knee_measured else "(가정)"),
                "knee of one hub" + (" (measured)" if inputs.knee_measured else " (assumed)"))  # fmt: skip
    by_rate = up(burst * assumed("headroom") / knee)
    each_kb = leaf(inputs.kb_per_child, "어린이 하나의 kB" + ("(측정)" if inputs.kb_measured else "(가정)"),
                   "kB a child" + (" (measured)" if inputs.kb_measured else " (assumed)"))  # fmt: skip
    by_memory = up(children * each_kb / leaf(1e6, "kB/GB", "kB/GB") / assumed("hub_memory_gb"))
    hubs = add("hubs", "load", "허브", "hubs", "", larger(by_rate, by_memory) + assumed("spare_hubs"))

    notices = add(
        "notices_day",
        "texts",
        "하루 알림",
        "notices a day",
        "",
        child(load.all_notices, "모의한 알림", "notices simulated"),
    )
    texts = add(
        "texts_month",
        "texts",
        "한 달 알림",
        "notices a month",
        "",
        notices * assumed("school_days_per_month"),
    )
    sms = add("sms_month", "texts", "그중 문자(SMS)", "of them SMS", "", texts * assumed("sms_share"))
    push = add("push_month", "texts", "그중 앱 알림", "of them push", "", texts - sms)

    add("texts_child", "carrier", "알림 / 어린이·월", "notices / child·month", "", texts / children, 1)
    up_each = leaf(load.bytes_up / max(1.0, load.all_messages), "메시지 byte 위로", "bytes up a message")
    down_each = leaf(
        load.bytes_down / max(1.0, load.all_messages), "메시지마다 byte 아래로", "bytes down a message"
    )
    each = up_each + down_each + leaf(2, "양방향", "both ways") * assumed("transport_bytes")
    per_phone = (load.messages.get("phone.located", 0.0) + load.messages.get("phone.called", 0.0)
                 + load.messages.get("device.status", 0.0) - _fixed(load)) / max(1.0, load.phones)  # fmt: skip
    phone_mb = add("phone_mb", "carrier", "MB / 휴대전화·월", "MB / phone·month", "MB",
                   leaf(per_phone, "전화 한 대의 하루 메시지", "messages of a phone and day") * each
                   * leaf(DAYS, "일", "days") / leaf(1e6, "byte/MB", "bytes/MB"), 2)  # fmt: skip
    add("child_mb", "carrier", "MB / 어린이·월(장비까지)", "MB / child·month, equipment included", "MB",
        day * each * leaf(DAYS, "일", "days") / leaf(1e6, "byte/MB", "bytes/MB") / children, 2)  # fmt: skip
    add("child_mb_text", "carrier", "그중 알림 KB / 어린이·월", "of them notices, KB / child·month", "kB",
        texts * (down_each + assumed("transport_bytes")) / leaf(1e3, "byte/KB", "bytes/kB") / children, 1)  # fmt: skip

    gb = leaf(1e9, "byte/GB", "bytes/GB")
    add("written_gb", "storage", "한 달에 쓰는 GB", "GB written a month", "GB",
        day * assumed("stored_bytes") * leaf(DAYS, "일", "days") * assumed("copies") / gb, 1)  # fmt: skip
    kept = add("kept_gb", "storage", "두고 있는 GB", "GB kept at a time", "GB",
               (day * assumed("stored_bytes") * assumed("days_kept") + texts * assumed("fact_bytes") * assumed("months_kept"))
               * assumed("copies") / gb, 1)  # fmt: skip

    posts, hours = _people(stage, inputs, people, rows)
    employed = add(
        "employed",
        "people",
        "고용할 근무자",
        "operators employed",
        "",
        up(posts * assumed("persons_per_post")),
    )
    hours = add("patrol_hours", "people", "한 달 출동 시간", "patrol hours a month", "h", hours, 0)

    one = leaf(1, "통합", "integration")
    quantity: dict[str, Term] = {
        "central": one if stage.desks == 1 else up(leaf(stage.desks, "상황실", "control rooms")),
        "hub": hubs, "storage_gb": kept, "reader": readers, "bell": bells, "camera": cameras, "link": links, "tag": tags,
        "school_setup": schools, "phone_data_mb": phone_mb * phones, "push": push, "sms": sms,
        "operator": employed, "patrol_hour": hours,
    }  # fmt: skip
    _costs(inputs, quantity, rows)
    return rows


def _people(stage: Stage, inputs: Inputs, people: People, rows: list[Row]) -> tuple[Term, Term]:
    """Lines of operators and patrols by shift; gives posts in all and patrol hours a month."""
    plan = inputs.plan
    posts: list[Term] = []
    rooms = leaf(stage.desks, "상황실 수", "control rooms")
    for n, load in enumerate(people.loads):
        ko, en = load.shift.name.ko, load.shift.name.en
        offered = (
            leaf(load.calls_per_hour, "바쁜 30분 호출/h", "calls/h, busiest half hour")
            * leaf(load.talk_s, "호출 하나 s", "s a call") / leaf(3600, "s/h", "s/h")
        )  # fmt: skip
        given = people.given_operators[n]
        if given is None:
            term = Term(
                float(load.operators),
                f"얼랑C({offered.ko})",
                f"ErlangC({offered.en})",
                f"ErlangC({offered.figures})",
            )
            if people.added_operators[n]:
                term = term + leaf(people.added_operators[n], "모의가 더한 사람", "added by simulation")
        else:
            term = leaf(given, "근무표", "as in the plan")
        if stage.desks != 1:
            term = up(term * rooms)
        rows.append(Row(f"operators_{load.shift.key}", "people",
                        Wording(f"근무자 {ko} {load.shift.start}–{load.shift.end}", f"operators, {en}"), "", term))  # fmt: skip
        posts.append(term.named(f"근무자 {ko}", f"operators {en}"))
    for n, load in enumerate(people.loads):
        given = people.given_patrols[n]
        if given is None:
            work = up(
                leaf(load.patrol_erlang, "출동 부하 Erl", "patrol load, Erl")
                / leaf(plan.patrols.busy_at_most, "쓸 수 있는 몫", "share to be used")
            )
            term = larger(
                leaf(people.covering, "도착 시간을 지키는 거점", "posts that keep the arrival time"), work
            )
            if term.value > people.most_patrols:
                term = leaf(people.most_patrols, "모든 거점", "every post there is")
            if people.added_patrols[n]:
                term = term + leaf(people.added_patrols[n], "모의가 더한 순찰차", "added by simulation")
        else:
            term = leaf(given, "근무표", "as in the plan")
        if stage.desks != 1:
            term = up(term * rooms)
        rows.append(Row(f"patrols_{load.shift.key}", "people",
                        Wording(f"순찰차 {load.shift.name.ko}", f"patrols, {load.shift.name.en}"), "", term))  # fmt: skip
    busiest = max(people.loads, key=lambda v: v.calls_per_hour)
    daily = leaf(people.loads[0].dispatches_per_day, "하루 출동", "dispatches a day")
    hours = (
        daily
        * leaf(busiest.busy_s, "출동 하나 s", "s a dispatch")
        * leaf(DAYS, "일", "days")
        / leaf(3600, "s/h", "s/h")
    )
    if stage.desks != 1:
        hours = hours * rooms
    return total(posts), hours


def _costs(inputs: Inputs, quantity: Mapping[str, Term], rows: list[Row]) -> None:
    prices = inputs.prices
    months = leaf(12 * prices.horizon_years, "개월", "months")
    once: dict[str, list[Term]] = {p.key: [] for p in prices.payer}
    monthly: dict[str, list[Term]] = {p.key: [] for p in prices.payer}
    whole_once: list[Term] = []
    whole_monthly: list[Term] = []
    for item in prices.item:
        factor = inputs.price_factor.get(item.key, 1.0)
        ko, en = item.name.ko, item.name.en
        for price, label, sums, whole in (
            (item.once, Wording("한 번", "once"), once, whole_once),
            (item.monthly, Wording("월", "monthly"), monthly, whole_monthly),
        ):
            if not price:
                continue
            cost = quantity[item.key] * leaf(price * factor, f"단가 {ko}", f"price of {en}")
            rows.append(Row(f"item_{item.key}_{label.en}", "items", Wording(f"{ko} · {label.ko}", f"{en}, {label.en}"),
                            prices.currency, cost, money=True))  # fmt: skip
            whole.append(cost.named(ko, en))
            for who, share in item.pays.items():
                if share:
                    part = cost.named(ko, en)
                    sums[who].append(part if share == 1 else part * leaf(share, "몫", "share"))
    last: dict[str, Term] = {}
    for key, ko, en, cell in (
        ("once", "처음 한 번", "once", total(whole_once)),
        ("monthly", "한 달", "a month", total(whole_monthly)),
    ):
        rows.append(
            Row(
                f"cost_{key}",
                "cost",
                Wording(f"전체 · {ko}", f"all, {en}"),
                prices.currency,
                cell,
                money=True,
            )
        )
        last[key] = cell.named(ko, en)
    years = prices.horizon_years
    rows.append(Row("cost_total", "cost", Wording(f"전체 · {years}년", f"all, {years} years"), prices.currency,
                    last["once"] + last["monthly"] * months, money=True))  # fmt: skip
    for payer in prices.payer:
        first = total(once[payer.key])
        each = total(monthly[payer.key])
        rows.append(
            Row(
                f"pay_{payer.key}_once",
                "cost",
                Wording(f"{payer.name.ko} · 처음", f"{payer.name.en}, once"),
                prices.currency,
                first,
                money=True,
            )
        )
        rows.append(
            Row(
                f"pay_{payer.key}_monthly",
                "cost",
                Wording(f"{payer.name.ko} · 한 달", f"{payer.name.en}, a month"),
                prices.currency,
                each,
                money=True,
            )
        )
        rows.append(Row(f"pay_{payer.key}_total", "cost", Wording(f"{payer.name.ko} · {years}년", f"{payer.name.en}, {years} years"), prices.currency,
                        first.named("처음", "once") + each.named("한 달", "a month") * months, money=True))  # fmt: skip


def _fixed(load: Load) -> float:
    """The day's heartbeats of equipment, not of phones."""
    things = load.readers + load.bells + load.cameras
    return load.messages.get("device.status", 0.0) * things / max(1.0, things + load.phones)


def _times(term: Term, ratio: tuple[float, float], ko: str, en: str) -> Term:
    """So many for so many; nothing where the stage is what was simulated."""
    if ratio[0] == ratio[1]:
        return term
    to, base = ratio
    return term * leaf(to, f"{ko} 이 단계", f"{en} here") / leaf(base, f"{ko} 모의", f"{en} simulated")


def _digits(value: float) -> int:
    return 1 if value < 100 else 0


def hub_need(stage: Stage, load: Load, inputs: Inputs) -> float:
    """How many hubs the peak needs, unrounded and without spares: shows movement where whole hubs do not."""
    beats = beats_per_s(load)
    peak = beats * stage.by_schools + (load.peak_per_s - beats) * stage.by_pupils
    by_rate = (peak + Z_BUSIEST * sqrt(peak)) * inputs.assumptions.headroom.value / inputs.knee_per_s
    children = load.children * stage.by_pupils
    return max(by_rate, children * inputs.kb_per_child / 1e6 / inputs.assumptions.hub_memory_gb.value)
