"""Checks a run's folder without trusting who made it: files, signature, every verdict again from its exchange."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from safezone_model import Text

from safezone_conformance.case import Case, cases
from safezone_conformance.evidence.keys import fingerprint, is_signed
from safezone_conformance.evidence.lab import read_certificate, wrong_with_nonce
from safezone_conformance.evidence.manifest import BadManifest, files_of, read_manifest
from safezone_conformance.execution import Outcome
from safezone_conformance.folder import BadFolder, Folder, Head, Kept, catalogue_digest, suite_digest
from safezone_conformance.line import Unlike
from safezone_conformance.record import BadRecord, Record
from safezone_conformance.run import Tally, unclaimed
from safezone_conformance.verdicts import Verdict
from safezone_conformance.waivers import Waiver, today

Told = Callable[[int, int], None]

HIDDEN = (
    Text(
        "자기 시험의 열쇠를 아는 사람은 오간 것을 처음부터 지어내고 mac까지 맞게 만들 수 있다. 지어낸 것이 규격에 맞으면 다시 계산해도 드러나지 않는다.",
        "Who knows the keys of a run of his own can invent a whole exchange with right macs. If what is invented is by the standard, working it out again does not show it.",
    ),
    Text(
        "시험소의 논스는 발급 뒤에 만들어졌음만 보인다. 시험한 것이 그 제품이라는 것, 나쁜 결과를 버리고 다시 돌리지 않았다는 것은 보이지 않는다.",
        "A lab's nonce shows only that the run was made after it was issued: not that the thing tested was the product named, nor that worse runs were not thrown away.",
    ),
    Text(
        "시각은 시험기의 시계가 적은 것이다. 조작자의 눈으로 본 것(수신등, 사이렌)은 그 사람의 말이다.",
        "Times are those of the tester's clock; what a person saw (a lamp, a siren) is that person's word.",
    ),
)


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong. ``kind``: altered, incomplete, partial, stale or unreadable."""

    kind: str
    text: Text


@dataclass
class Report:
    """What verification found. ``sound``: nothing altered, incomplete or unreadable, and every verdict came out the same."""

    head: Head | None = None
    signer: str = ""
    certificate: str = ""  # the lab, if its counter-signature holds
    certificate_key: str = ""
    checked: int = 0
    problems: list[Problem] = field(default_factory=list)
    recomputed: list[Kept] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    waivers: tuple[Waiver, ...] = ()

    def add(self, kind: str, ko: str, en: str) -> None:
        self.problems.append(Problem(kind, Text(ko, en)))

    @property
    def sound(self) -> bool:
        return not any(p.kind in ("altered", "incomplete", "unreadable") for p in self.problems)

    @property
    def whole(self) -> bool:
        """Sound, of every case of its role, and of the suite and standard that are installed here."""
        return not self.problems

    def tally(self) -> Tally:
        """The verdicts as they were worked out again."""
        claimed = self.head.has if self.head is not None else ()
        lacks = unclaimed(self.head.role, claimed) if self.head is not None else ()
        return Tally(tuple(self.recomputed), tuple(self.missing), self.waivers, unclaimed=lacks)

    @property
    def kind(self) -> str:
        if self.head is None or not self.sound:
            return "nothing"
        return (
            "certificate" if self.certificate and self.head.lab_nonce and self.whole else "self-declaration"
        )


def recompute(case: Case, record: Record, head: Head) -> Outcome:
    """A case's verdict from its exchange. Raises Unlike."""
    nonce, settings = bytes.fromhex(head.nonce), head.case_settings()
    if head.role == "hub":
        from safezone_conformance.session import replay

        return replay(case, record, nonce, settings)
    from safezone_conformance.equipment_session import replay as replay_equipment

    outcome: Outcome = replay_equipment(case, record, nonce, settings)
    return outcome


def verify(path: Path, told: Told = lambda done, total: None) -> Report:
    """Everything that can be checked from the folder alone. Never raises for what is in it."""
    report = Report()
    _check_manifest(path, report)
    folder = Folder(path)
    try:
        report.head = head = folder.head()
        kept = list(folder.kept())
    except BadFolder as error:
        report.add("unreadable", str(error), str(error))
        return report
    _check_versions(head, report)
    expected = [c for c in cases().values() if head.role in c.roles]
    known = {c.name: c for c in expected}
    there = {k.case for k in kept}
    report.missing = [c.name for c in expected if c.name not in there]
    if report.missing:
        report.add(
            "partial",
            f"부분 실행: 이 역할의 시험 {len(expected)}개 가운데 {len(report.missing)}개에 판정이 없다",
            f"a partial run: {len(report.missing)} of the role's {len(expected)} cases have no verdict",
        )
    for number, one in enumerate(kept):
        told(number, len(kept))
        if one.case not in known:
            report.add("stale", f"{one.case}: 이 시험 모음에 없다", f"{one.case}: not in this suite")
            continue
        _check_case(folder, known[one.case], one, head, report)
    told(len(kept), len(kept))
    _check_nonce(head, kept, report)
    _check_certificate(path, report)
    return report


def _check_manifest(path: Path, report: Report) -> None:
    try:
        signed = read_manifest(path)
    except BadManifest as error:
        report.add("incomplete", f"목록이 없거나 읽을 수 없다: {error}", str(error))
        return
    if not is_signed(signed.public, signed.signature, signed.raw):
        report.add("altered", "서명이 목록과 맞지 않는다", "the signature does not fit the manifest")
    else:
        report.signer = fingerprint(signed.public)
    listed, there = dict(signed.content["files"]), files_of(path)
    for name in sorted(set(listed) - set(there)):
        report.add("incomplete", f"{name}: 목록에 있으나 없다", f"{name}: listed, but not there")
    for name in sorted(set(there) - set(listed)):
        report.add("altered", f"{name}: 목록에 없는데 있다", f"{name}: there, but not listed")
    for name in sorted(set(there) & set(listed)):
        if there[name] != listed[name]:
            report.add("altered", f"{name}: SHA-256이 목록과 다르다", f"{name}: another SHA-256 than listed")
    try:
        report.waivers = tuple(Waiver(**w) for w in signed.content["claims"].get("waivers", []))
    except TypeError:
        report.add("unreadable", "면제를 읽을 수 없다", "the waivers cannot be read")
    for waiver in report.waivers:
        if not waiver.holds(today()):
            report.add(
                "stale",
                f"{waiver.case}: 면제가 {waiver.until}에 끝났다",
                f"{waiver.case}: its waiver ended on {waiver.until}",
            )


def _check_versions(head: Head, report: Report) -> None:
    if head.suite_digest != suite_digest():
        report.add(
            "stale",
            f"다른 시험 모음으로 만들었다({head.suite_version}, {head.suite_digest[:12]}). 여기 설치된 것은 {suite_digest()[:12]}",
            f"made by another suite ({head.suite_version}, {head.suite_digest[:12]}); the one installed here is {suite_digest()[:12]}",
        )
    if head.catalogue_digest != catalogue_digest():
        report.add(
            "stale", "다른 판의 규격에 대고 시험했다", "tested against another edition of the standard"
        )


def _check_case(folder: Folder, case: Case, kept: Kept, head: Head, report: Report) -> None:
    try:
        record = folder.record(case.name)
        outcome = recompute(case, record, head)
    except FileNotFoundError:
        report.add(
            "incomplete", f"{case.name}: 오간 것의 기록이 없다", f"{case.name}: its exchange is missing"
        )
        return
    except (BadRecord, UnicodeDecodeError) as error:
        report.add(
            "altered",
            f"{case.name}: 기록을 읽을 수 없다: {error}",
            f"{case.name}: its exchange cannot be read: {error}",
        )
        return
    except Unlike as unlike:
        report.add(
            "altered",
            f"{case.name}: 기록이 이 시험의 것이 아니다: {unlike}",
            f"{case.name}: the exchange is not this case's: {unlike}",
        )
        return
    report.checked += 1
    report.recomputed.append(
        Kept(case.name, outcome.verdict, outcome.why, outcome.findings, kept.began_at, kept.took_s, kept.left)
    )
    if (record.began_at, record.ended_at) != (kept.began_at, kept.took_s):
        report.add(
            "altered", f"{case.name}: 시각이 기록과 다르다", f"{case.name}: other times than its exchange"
        )
    if outcome.verdict is kept.verdict and not same_outcome(outcome, kept):
        report.add(
            "altered",
            f"{case.name}: 판정 {kept.verdict}은(는) 같으나, 그 까닭으로 적힌 것이 다시 계산한 것과 다르다",
            f"{case.name}: the verdict {kept.verdict} is the same, but its findings are not those worked out again",
        )
    elif not same_outcome(outcome, kept):
        report.add(
            "altered",
            f"{case.name}: 적힌 판정 {kept.verdict}, 다시 계산한 판정 {outcome.verdict}",
            f"{case.name}: the verdict stated is {kept.verdict}, worked out again it is {outcome.verdict}",
        )


def same_outcome(outcome: Outcome, kept: Kept) -> bool:
    """Verdict and findings alike; the wording of a network error may differ."""
    if outcome.verdict is not kept.verdict:
        return False
    return outcome.verdict is Verdict.INCONCLUSIVE or outcome.findings == kept.findings


def _check_nonce(head: Head, kept: Sequence[Kept], report: Report) -> None:
    lab = head.lab_nonce
    if lab is None:
        return
    problem = wrong_with_nonce(lab)
    if problem:
        report.add("altered", f"시험소의 논스: {problem}", f"the lab's nonce: {problem}")
        return
    if lab["nonce"] != head.nonce:
        report.add("altered", "실행의 논스가 시험소의 것이 아니다", "the run's nonce is not the lab's")
    first = min((k.began_at for k in kept), default=head.began_at)
    last = max((k.began_at + k.took_s for k in kept), default=head.began_at)
    if first < lab["issued_at"]:
        report.add("altered", "논스가 발급되기 전의 실행이다", "made before the nonce was issued")
    if last > lab["expires_at"]:
        report.add("stale", "논스의 기한이 지난 뒤의 실행이다", "made after the nonce had expired")


def _check_certificate(path: Path, report: Report) -> None:
    certificate, problem = read_certificate(path)
    if problem:
        report.add("altered", f"시험소의 서명: {problem}", f"the lab's counter-signature: {problem}")
    elif certificate is not None:
        report.certificate = str(certificate["lab"])
        report.certificate_key = fingerprint(str(certificate["key"]))
        lab = report.head.lab_nonce if report.head is not None else None
        if lab is None or lab.get("key") != certificate["key"]:
            report.certificate = ""
            report.add(
                "altered", "논스를 낸 시험소의 서명이 아니다", "not signed by the lab that issued the nonce"
            )
