"""Why a notice was missed, late or false: what truly happened, what equipment saw, what the hub said.

Sentences in Korean and English, for the report and for whoever repairs the hub.
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Sequence

from safezone_model import SERVICES

from safezone_sim.judge.day import Day
from safezone_sim.judge.location import place_at
from safezone_sim.judge.notices import Notice, read_notices
from safezone_sim.judge.place_evidence import Evidence
from safezone_sim.judge.register import Register, Zone
from safezone_sim.judge.rows import Row, Stray
from safezone_sim.judge.wording import EVIDENCE, FAULTS, Text, clock, joined, place_name, sample, span
from safezone_sim.records import Fault, Fix, Press, RunRecord, Stay, TruthEvent

_AROUND_S = 1800.0
_MOST = 5


class Explainer:
    """Explains rows and strays of one record; builds its indexes once."""

    def __init__(self, record: RunRecord) -> None:
        day = Day.of(record.scenario)
        self._register = Register.read(record.registry, day)
        self._tracks = {t.child: t for t in record.tracks}
        self._faults = record.faults
        self._notices: dict[tuple[str, str | None], list[Notice]] = defaultdict(list)
        for n in read_notices(record.receptions, day)[0]:
            self._notices[n.recipient, n.child].append(n)
        self._seen: dict[str, list[tuple[float, Stay | Fix | Press]]] = defaultdict(list)
        for s in record.realised.stays:
            self._seen[s.child].append((s.t_in, s))
        for f in record.realised.fixes:
            self._seen[f.child].append((f.t, f))
        for p in record.realised.presses:
            self._seen[p.child or p.device].append((p.t, p))
        for samples in self._seen.values():
            samples.sort(key=lambda pair: pair[0])

    def explain(self, case: Row | Stray) -> Text:
        """The whole explanation of one row or stray notice."""
        return self._row(case) if isinstance(case, Row) else self._stray(case)

    def _row(self, row: Row) -> Text:
        event = row.event
        zone = self._register.zones.get(event.zone)
        parts = [self._truth(event, zone)]
        if row.verdict == "coverage_gap":
            parts.append(self._gap(row, zone))
        elif row.verdict == "equipment_failed":
            parts += [self._failed(row, zone), self._saw(event, zone)]
        elif row.verdict == "missed":
            parts.append(
                _evidence(row.realised, zone, Text("허브에 닿은 근거", "Evidence that reached the hub"))
            )
        if row.notice is not None:
            parts.append(self._told(row, zone))
        else:
            parts.append(self._said(row.recipient, event.child, event.t))
        return joined(parts)

    def _truth(self, event: TruthEvent, zone: Zone | None) -> Text:
        service = SERVICES[event.service]
        who = self._name(event.child, event.device)
        where = place_name(zone, event.place)
        return Text(
            f"사실: {clock(event.t)} {who} {service.title_ko}" + (f" ({where})." if where else "."),
            f"Truth: {clock(event.t)} {who}, {service.title_en}" + (f" ({where})." if where else "."),
        )

    def _gap(self, row: Row, zone: Zone | None) -> Text:
        service = SERVICES[row.event.service]
        if row.foregone is not None:
            return _evidence(
                row.foregone,
                zone,
                Text(
                    "잡음이 없어도 창보다 먼저 그렇게 보였다",
                    "Even without noise it had shown so before the window",
                ),
            )
        if row.ideal is not None:
            late = span(row.ideal.known_at - row.event.t)
            return joined([
                Text(
                    f"잡음이 없어도 {late.ko} 뒤에야 드러난다(창 {span(service.after_s).ko}).",
                    f"Even without noise it shows only {late.en} later (window {span(service.after_s).en}).",
                ),
                _evidence(row.ideal, zone, Text("그때의 근거", "Evidence then")),
            ])  # fmt: skip
        kinds = joined([EVIDENCE[k] for k in service.evidence], " / ")
        return Text(
            f"장비: 잡음이 전혀 없어도, 지금의 배치로는 근거({kinds.ko})가 나오지 않는다.",
            f"Equipment: even with no noise, as placed, it gives none of: {kinds.en}.",
        )

    def _failed(self, row: Row, zone: Zone | None) -> Text:
        if row.foregone is not None:
            return _evidence(row.foregone, zone, Text("그 전에 이미 그렇게 보였다", "It had shown so before"))
        parts = [_evidence(row.ideal, zone, Text("고장·잡음이 없었다면", "Without faults and noise"))]
        if row.realised is not None:
            late = span(row.realised.known_at - row.event.t)
            parts.append(Text(f"실제로는 {late.ko} 뒤에야 닿았다.", f"In fact it arrived {late.en} later."))
        cited = {s.reader for s in row.ideal.samples if isinstance(s, Stay)} if row.ideal else set()
        faults = [f for f in self._faults if _concerns(f, row.event, cited, zone)]
        parts += [
            Text(
                f"{FAULTS[f.kind].ko}({f.subject}, {clock(f.t_from)}–{clock(f.t_to)}).",
                f"{FAULTS[f.kind].en.capitalize()} ({f.subject}, {clock(f.t_from)}–{clock(f.t_to)}).",
            )
            for f in faults
        ]
        return joined(parts)

    def _saw(self, event: TruthEvent, zone: Zone | None) -> Text:
        service = SERVICES[event.service]
        seen = self._seen.get(event.child or event.device or "", [])
        lo = bisect_left(seen, event.t - service.before_s, key=lambda pair: pair[0])
        hi = bisect_right(seen, event.t + min(service.after_s, _AROUND_S), key=lambda pair: pair[0])
        return _listed([s for _, s in seen[lo:hi]], zone, Text("장비가 실제로 본 것", "What equipment saw"))

    def _told(self, row: Row, zone: Zone | None) -> Text:
        notice = row.notice
        if notice is None:
            return Text("", "")
        service = SERVICES[row.event.service]
        parts = []
        if row.realised is not None:
            parts.append(
                _evidence(row.realised, zone, Text("허브에 닿은 근거", "Evidence that reached the hub"))
            )
        over = span(row.over_limit_s)
        parts.append(
            Text(
                f"통지는 {clock(notice.t)} 도착: 한도 {service.limit_s:.0f}초를 {over.ko} 넘었다.",
                f"The notice came at {clock(notice.t)}: {over.en} over the limit of {service.limit_s:.0f} s.",
            )
        )
        return joined(parts)

    def _said(self, recipient: str, child: str | None, t: float) -> Text:
        near = [n for n in self._notices.get((recipient, child), []) if abs(n.event_at - t) <= _AROUND_S]
        if not near:
            return Text(
                "허브: 앞뒤 30분 안에 이 수신자에게 알린 것이 없다.",
                "Hub: told this recipient nothing within 30 min of it.",
            )
        said = [
            Text(
                f"{clock(n.t)} {SERVICES[n.service].title_ko}({clock(n.event_at)})",
                f"{clock(n.t)} {SERVICES[n.service].title_en} ({clock(n.event_at)})",
            )
            for n in near[:_MOST]
        ]
        listed = joined(said, ", ")
        return Text(f"허브가 그 무렵 알린 것: {listed.ko}.", f"Hub told around then: {listed.en}.")

    def _stray(self, stray: Stray) -> Text:
        notice = stray.notice
        zone = self._register.zones.get(notice.zone)
        service = SERVICES[notice.service]
        who = self._name(notice.child, notice.device)
        parts = [
            Text(
                f"허브: {clock(notice.t)} 통지 — {who} {service.title_ko}({clock(notice.event_at)}의 일로).",
                f"Hub: told at {clock(notice.t)}: {who}, {service.title_en} (as of {clock(notice.event_at)}).",
            ),
        ]
        if stray.fate == "duplicate":
            parts.append(Text("이미 알린 일의 되풀이다.", "It repeats what had been told."))
            return joined(parts)
        parts.append(self._really(notice, zone))
        if stray.cause == "hub":
            parts.append(self._unwarranted(stray, zone))
        elif stray.evidence is not None:
            heading = Text("장비가 그렇게 보였다", "Equipment showed it so")
            if stray.cause == "coverage":
                heading = Text(
                    "배치상 잡음이 없어도 그렇게 보인다", "As placed it shows so even without noise"
                )
            parts.append(_evidence(stray.evidence, zone, heading))
        return joined(parts)

    def _really(self, notice: Notice, zone: Zone | None) -> Text:
        track = self._tracks.get(notice.child or "")
        if track is None:
            return Text("사실: 맞는 일이 없다.", "Truth: nothing of the kind.")
        where = place_name(zone, place_at(track, notice.event_at))
        return Text(
            f"사실: 그때 아이는 {where or '길 위'}에 있었고, 맞는 일이 없다.",
            f"Truth: the child then was {'in ' + where if where else 'on the way'}; nothing of the kind happened.",
        )

    def _unwarranted(self, stray: Stray, zone: Zone | None) -> Text:
        notice = stray.notice
        wards = [
            c for z in self._register.zones.values()
            for c in z.children_of.get(notice.recipient.partition(":")[2], ())
        ]  # fmt: skip
        if stray.role == "guardian" and notice.child not in wards:
            return Text("이 보호자의 아이가 아니다.", "The child is not this guardian's.")
        seen = self._seen.get(notice.child or notice.device or "", [])
        lo = bisect_left(seen, notice.event_at - 300.0, key=lambda pair: pair[0])
        hi = bisect_right(seen, notice.t, key=lambda pair: pair[0])
        if lo == hi:
            return Text(
                "그 앞 5분 동안 장비가 본 것이 없다.",
                "Equipment saw nothing of it in the 5 minutes before.",
            )
        return _listed(
            [s for _, s in seen[lo:hi]][-_MOST:],
            zone,
            Text("표준의 근거가 못 되는 표본뿐이었다", "Only samples that are no evidence by the standard"),
        )

    def _name(self, child: str | None, device: str | None) -> str:
        known = self._register.children.get(child or "")
        return f"{known.name}({known.id})" if known else (child or device or "?")


def _concerns(fault: Fault, event: TruthEvent, readers: set[str], zone: Zone | None) -> bool:
    service = SERVICES[event.service]
    overlaps = fault.t_from <= event.t + service.after_s and fault.t_to >= event.t - service.before_s
    if not overlaps:
        return False
    if fault.kind == "reader_offline":
        return fault.subject in readers
    owner = zone.child_of_thing.get(fault.subject, fault.subject) if zone else fault.subject
    return owner == event.child


def _evidence(found: Evidence | None, zone: Zone | None, heading: Text) -> Text:
    if found is None:
        return Text(f"{heading.ko}: 없음.", f"{heading.en}: none.")
    kind = EVIDENCE[found.kind]
    return _listed(
        list(found.samples),
        zone,
        Text(
            f"{heading.ko} — {kind.ko}, {clock(found.known_at)}에 갖추어짐",
            f"{heading.en} — {kind.en}, complete at {clock(found.known_at)}",
        ),
    )


def _listed(samples: Sequence[Stay | Fix | Press], zone: Zone | None, heading: Text) -> Text:
    if not samples:
        return Text(f"{heading.ko}: 표본 없음.", f"{heading.en}: no samples.")
    texts = [sample(s, zone) for s in samples[:_MOST]]
    more = len(samples) - len(texts)
    rest = Text(f" 외 {more}건", f" and {more} more") if more else Text("", "")
    listed = joined(texts, "; ")
    return Text(f"{heading.ko}: {listed.ko}{rest.ko}.", f"{heading.en}: {listed.en}{rest.en}.")
