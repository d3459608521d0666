"""``safezone conform …``: write the proformas, run, check and sign. The main command line adds ``conform_group``."""

import fcntl
import json
import shlex
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from safezone_model import Text

from safezone_conformance import proforma
from safezone_conformance.evidence import keys, lab
from safezone_conformance.folder import BadFolder, Folder, Head, Kept
from safezone_conformance.proforma import ROLES, ProformaError
from safezone_conformance.verdicts import Verdict

UNDECIDED = 2
TEXT = 1500  # of a traceback, its end
BAD_USAGE, NOTHING_COLLECTED = 4, 5  # pytest's exit statuses

_folder = click.Path(path_type=Path, file_okay=False)
_file = click.Path(path_type=Path, dir_okay=False)
_ics = click.option(
    "--ics", "ics_file", type=_file, required=True, help="ICS: 구현이 따른다고 밝힌 것 · what is claimed."
)
_ixit = click.option(
    "--ixit", "ixit_file", type=_file, required=True, help="IXIT: 시험에 필요한 값 · how to reach it."
)


def _stop(text: str, code: int = UNDECIDED) -> NoReturn:
    click.echo(text, err=True)
    raise click.exceptions.Exit(code)


@click.group("conform")
def conform_group() -> None:
    """적합성 시험 · Conformance tests of hubs and equipment. TTA의 시험성적서가 아니다 · no test report of TTA."""


@conform_group.command()
@click.option("--role", type=click.Choice(ROLES), required=True, help="시험할 것의 역할 · Role under test.")
@click.option("--out", type=_folder, default=".", show_default=True, help="둘 폴더 · Folder.")
def init(role: str, out: Path) -> None:
    """ICS와 IXIT, 서명 열쇠를 쓴다 · Write ICS, IXIT and a key to sign with, commented, to be filled in."""
    out.mkdir(parents=True, exist_ok=True)
    for name, text in (("ics.toml", proforma.write_ics(role)), ("ixit.toml", proforma.write_ixit(role))):
        if (out / name).exists():
            _stop(f"{out / name}: 이미 있다, 덮어쓰지 않는다 · there already, not overwritten")
        (out / name).write_text(text, encoding="utf-8")
        click.echo(out / name)
    if not (out / "vendor.key").exists():
        keys.make_key(out / "vendor.key")
        click.echo(out / "vendor.key")
    click.echo(
        f"다음 · next: 채우고 · fill in, safezone conform run --ics {out / 'ics.toml'} --ixit {out / 'ixit.toml'} --out results/conformance"
    )


@conform_group.command()
@_ics
@_ixit
@click.option(
    "--out", type=_folder, required=True, help="결과 폴더 · Folder for exchanges, verdicts and the report."
)
@click.option(
    "-n",
    "workers",
    type=click.IntRange(1, 64),
    default=1,
    show_default=True,
    help="작업자 수 · Worker processes.",
)
@click.option(
    "--lanes",
    type=click.IntRange(1, 200),
    default=24,
    show_default=True,
    help="작업자마다 동시에 도는 시험 · Cases at a time in each.",
)
@click.option(
    "-k",
    "expression",
    default="",
    metavar="EXPR",
    help="고른 시험만 · Only these cases, e.g. TC-HUB-CALL or 'BELL and not 03'.",
)
@click.option("--resume", is_flag=True, help="멈춘 실행을 잇는다 · Go on with a run that broke off.")
@click.option(
    "--strict",
    is_flag=True,
    help="권고(SHOULD)도 실패로, 면제 없이 · Warnings fail too, waivers do not hold.",
)
@click.option("--waivers", "waiver_file", type=_file, help="면제(TOML) · Failures tolerated until a day.")
@click.option(
    "--key", "key_file", type=_file, help="서명 열쇠 · Key to sign with; else vendor.key beside the ICS."
)
@click.option("--nonce", "nonce_file", type=_file, help="시험소가 낸 논스 · Nonce issued by a lab.")
def run(
    ics_file: Path, ixit_file: Path, out: Path, workers: int, lanes: int, expression: str, resume: bool, strict: bool,
    waiver_file: Path | None, key_file: Path | None, nonce_file: Path | None,
) -> None:  # fmt: skip
    """시험하고 증거를 남긴다 · Test a system and leave the evidence.

    끝 상태 · exit status: 0 맞다 · conforms, 1 맞지 않다 · does not, 2 판정하지 못했다(부분 실행도) 또는 입력을 쓸 수 없다 ·
    undecided (a partial run too) or unusable input.
    """
    from safezone_conformance import run as running
    from safezone_conformance.evidence.report import shortened_in
    from safezone_conformance.evidence.writing import write_evidence
    from safezone_conformance.session import Unusable
    from safezone_conformance.waivers import WaiverError, read_waivers

    console = Console(stderr=True)
    try:
        ics, ixit = proforma.read_proformas(ics_file, ixit_file)
        waivers = () if waiver_file is None or strict else read_waivers(waiver_file)
        beside = ics_file.with_name("vendor.key")
        key_path = key_file or beside
        key = keys.load_key(key_path) if key_path.exists() or key_file else keys.make_key(beside)
        nonce = lab.read_nonce(nonce_file) if nonce_file else None
        if nonce and not resume and not nonce["issued_at"] - 300 < time.time() < nonce["expires_at"]:
            _stop(f"{nonce_file}: 기한이 지났다 · expired. 시험소에 새로 청한다 · ask the lab for a new one")
        held = _hold(out)
        if ixit.values.get("subjects.provisioning") == "csv" and not Folder(out).exists():
            _stop(f"먼저 · first: safezone conform subjects --ics {ics_file} --ixit {ixit_file} --out {out}")
        head = running.prepare(
            ics,
            ixit,
            out,
            resume=resume or ixit.values.get("subjects.provisioning") == "csv",
            lab_nonce=nonce,
        )
    except (ProformaError, BadFolder, Unusable, WaiverError, keys.KeyProblem, lab.NonceProblem) as error:
        _stop(f"시험할 수 없다 · cannot test:\n{error}")
    except ModuleNotFoundError as error:
        _stop(f"시험할 수 없다 · cannot test: {error}")
    console.print(
        f"{head.implementation['product']} {head.implementation['version']}: 시계 차이 · clock offset {head.offset_s:+.3f} s"
    )
    for line in _where_to_look(ics.role, ixit):
        console.print(line, highlight=False, soft_wrap=True)
    repeat = f"safezone conform run --ics {shlex.quote(str(ics_file))} --ixit {shlex.quote(str(ixit_file))} --out DIR"
    collector = _run_with_progress(console, ics_file, ixit_file, out, workers, lanes, expression, repeat)
    if collector.errors:
        _stop("시험할 수 없다 · cannot test:\n" + "\n".join(dict.fromkeys(collector.errors)))
    tally = running.tally(ics, out, waivers, strict)
    write_evidence(
        out,
        head,
        tally,
        key,
        {"ics.toml": ics_file.read_text(encoding="utf-8"), "ixit.json": _public(ixit)},
        repeat,
    )
    for name in sorted(set(collector.failed) & set(tally.missing)):
        text = collector.failed[name][-TEXT:]
        console.print(
            f"{name}: 도구의 잘못으로 판정이 없다 · no verdict, the tool failed. 다시 · again: --resume\n{text}",
            highlight=False, markup=False, soft_wrap=True,
        )  # fmt: skip
    if collector.interrupted:
        console.print(
            "멈추었다, 여기까지의 증거를 썼다 · broken off; the evidence so far is written. 잇기 · go on: --resume"
        )
    _print_tally(console, tally, out, shortened_in(head))
    held.close()
    raise click.exceptions.Exit(tally.exit_code)


def _where_to_look(role: str, ixit: proforma.Ixit) -> Iterator[str]:
    """What a person must know before the first case of equipment: where the broker and the operator's page are."""
    if role == "hub":
        return
    v = ixit.values
    own = "" if v["broker.url"] else f"{v['broker.host']}:{int(v['broker.port'])}"
    if own and not own.endswith(":0"):
        scheme = "mqtts" if v["broker.certificate"] else "mqtt"
        yield f"장치가 붙을 브로커 · broker for the device: {scheme}://{own}"
    elif not own:
        yield f"브로커 · broker: {v['broker.url']}"
    if v["stimulus.way"] == "operator":
        where = f"http://{v['stimulus.host']}:{int(v['stimulus.port'])}/"
        yield f"조작자의 쪽 · operator's page: {where} — 여기서 묻는다, 열어 두십시오 · questions are asked there, keep it open"


def _hold(out: Path) -> Any:
    """The run's folder, for this process alone as long as the file is open."""
    out.mkdir(parents=True, exist_ok=True)
    file = (out / ".run").open("a")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        _stop(
            f"{out}: 다른 실행이 지금 여기에 쓰고 있다 · another run is writing here. 다른 --out을 주거나 끝나기를 기다린다 · give another --out, or wait"
        )
    return file


def _public(ixit: proforma.Ixit) -> str:
    return json.dumps(ixit.public(), ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def _run_with_progress(
    console: Console,
    ics_file: Path,
    ixit_file: Path,
    out: Path,
    workers: int,
    lanes: int,
    expression: str,
    repeat: str,
) -> Any:
    from safezone_conformance import run as running
    from safezone_conformance.case import cases
    from safezone_conformance.progress import Collector, Watch, in_words
    from safezone_conformance.wording import failure_text

    with Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=console,
        disable=not console.is_terminal,
    ) as bar:  # fmt: skip
        task = bar.add_task("시험 · cases", total=None)

        def decided(kept: Kept) -> None:
            bar.advance(task)
            if kept.verdict in (Verdict.FAIL, Verdict.INCONCLUSIVE):
                text = failure_text(cases()[kept.case], kept, folder.record(kept.case), repeat)
                console.print(text, highlight=False, markup=False, soft_wrap=True)
            elif not console.is_terminal and kept.verdict is Verdict.PASS:
                console.print(f"PASS {kept.case}", highlight=False, markup=False)
            elif kept.verdict is Verdict.SKIPPED:
                console.print(
                    f"SKIPPED {kept.case}: {kept.why}", highlight=False, markup=False, soft_wrap=True
                )

        def awaited(names: Sequence[str]) -> None:
            if names:
                console.print(
                    f"… 기다린다 · still at {len(names)}: {in_words(names)}",
                    highlight=False, markup=False, soft_wrap=True,
                )  # fmt: skip

        def collected(names: Sequence[str]) -> None:
            bar.update(task, total=len(names))
            watch.expect(names)

        folder, watch, collector = Folder(out), Watch(out, decided, awaited), Collector(collected)
        with watch.running():
            status = running.run_pytest(
                ics_file,
                ixit_file,
                out,
                workers=workers,
                lanes=lanes,
                expression=expression,
                collector=collector,
            )
    if status == BAD_USAGE and not collector.errors:
        collector.errors.append(
            f"-k {expression!r}: 식이 아니다 · no expression: words joined by and, or, not"
        )
    if status == NOTHING_COLLECTED:
        collector.errors.append(
            f"-k {expression}: 맞는 시험이 없다 · no case matches; see: safezone conform cases"
        )
    return collector


def _print_tally(console: Console, tally: Any, out: Path, shortened: Sequence[Text] = ()) -> None:
    counts = "  ".join(f"{v} {tally.count(v)}" for v in Verdict if tally.count(v))
    console.print(f"{counts}  경고 · warnings {tally.warnings}", highlight=False)
    if tally.partial:
        console.print(
            f"부분 실행: 판정 없는 시험 {len(tally.missing)}개, 적합을 말하지 않는다 · partial run, no statement on conformity",
            soft_wrap=True,
        )
    if tally.not_kept:
        items = ", ".join(
            f"{item} ({number})" for item, number in sorted(tally.not_kept.items(), key=lambda i: -i[1])
        )
        console.print(
            f"ICS가 밝혔으나 501로 답하는 것(시험의 수) · claimed, yet answered by 501 (cases): {items}\n"
            "  주거나, ICS에서 false로 · offer it, or write false in the ICS",
            highlight=False, soft_wrap=True,
        )  # fmt: skip
    if tally.unclaimed:
        console.print(
            f"밝히지 않은 필수 항목 · mandatory items not claimed: {', '.join(tally.unclaimed)}",
            highlight=False,
            soft_wrap=True,
        )
    for text in shortened:
        console.print(
            f"줄인 시험, 온전한 시험이 아니다 · shortened, not the full test: {text.ko} · {text.en}",
            highlight=False,
            soft_wrap=True,
        )
    words = {0: "맞다 · conforms", 1: "맞지 않다 · does not conform", 2: "판정하지 못했다 · undecided"}
    if not (tally.partial and tally.exit_code == 0):
        console.print(f"[bold]{words[tally.exit_code]}[/bold]")
    console.print(f"보고서 · report: {out / 'report.html'}", highlight=False)


@conform_group.command()
@_ics
@_ixit
@click.option("--out", type=_folder, required=True, help="결과 폴더 · The run's folder.")
@click.option("--nonce", "nonce_file", type=_file, help="시험소가 낸 논스 · Nonce issued by a lab.")
def subjects(ics_file: Path, ixit_file: Path, out: Path, nonce_file: Path | None) -> None:
    """시험 대상자를 들여올 파일을 쓴다 · Write the test subjects of a run, for a hub that imports files (provisioning = csv).

    들여온 뒤 같은 --out으로 run을 돌린다 · import them, then `run` with the same --out.
    """
    import secrets

    from safezone_conformance.clock import clock_case, read_clock
    from safezone_conformance.folder import catalogue_digest, suite_digest, suite_version
    from safezone_conformance.run import settings_as_json
    from safezone_conformance.selection import chosen_for
    from safezone_conformance.session import settings_from
    from safezone_conformance.subjects import items_for, write_subjects

    try:
        ics, ixit = proforma.read_proformas(ics_file, ixit_file)
        nonce = lab.read_nonce(nonce_file) if nonce_file else None
    except (ProformaError, lab.NonceProblem) as error:
        _stop(str(error))
    folder = Folder(out)
    if folder.exists():
        _stop(f"{out}: 이미 실행이 있다 · holds a run already")
    settings = replace(settings_from(ics, ixit), subjects_at=time.time(), provisioning="csv")
    head = Head(
        nonce["nonce"] if nonce else secrets.token_hex(32), time.time(), ics.role, dict(ics.implementation), tuple(sorted(settings.has)),
        settings_as_json(settings), "", 0.0, suite_version(), suite_digest(), catalogue_digest(), subjects_at=settings.subjects_at, lab_nonce=nonce,
    )  # fmt: skip
    folder.write_head(head)
    for path in write_subjects(out, items_for(head, [*chosen_for(ics), clock_case(read_clock)])):
        click.echo(path)


@conform_group.command("cases")
@click.option("--role", type=click.Choice(ROLES), help="이 역할만 · Only this role.")
@click.option(
    "--lang", type=click.Choice(["ko", "en"]), default="ko", show_default=True, help="언어 · Language."
)
@click.option("--json", "as_json", is_flag=True, help="JSON으로 · As JSON.")
def list_cases(role: str | None, lang: str, as_json: bool) -> None:
    """시험 목록 · The cases and what they verify."""
    from safezone_conformance.case import cases

    chosen = [c for c in cases().values() if role is None or role in c.roles]
    if as_json:
        rows = [
            {
                "case": c.name,
                "roles": c.roles,
                "verifies": c.verifies,
                "needs": c.needs,
                "ko": c.title.ko,
                "en": c.title.en,
            }
            for c in chosen
        ]
        click.echo(json.dumps(rows, ensure_ascii=False, indent=1))
        return
    for case in chosen:
        click.echo(f"{case.name:<34} {case.title.of(lang)}")
    click.echo(f"— {len({c.id for c in chosen})} ({len(chosen)})")


@conform_group.command()
@click.option(
    "--lang", type=click.Choice(["ko", "en"]), default="ko", show_default=True, help="언어 · Language."
)
@click.option("--role", type=click.Choice(ROLES), help="이 역할만 · Only this role.")
@click.option("--out", type=_file, help="쓸 파일 · File; default standard output.")
def doc(lang: str, role: str | None, out: Path | None) -> None:
    """시험 규격 · The test specification (시험항목, 시험목적, 참조 요구사항, 사전조건, 시험절차, 판정기준), from the cases."""
    from safezone_conformance.specification import specification

    text = specification(lang, role)
    if out is None:
        click.echo(text, nl=False)
    else:
        out.write_text(text, encoding="utf-8")


@conform_group.command()
def coverage() -> None:
    """요구사항마다 시험이나 까닭이 있는지 · Whether every requirement has a case or a written reason; exit status 1 if not."""
    from safezone_conformance.case import cases
    from safezone_conformance.coverage import coverage as cover

    found = cover()
    for requirement in found.bare:
        click.echo(f"{requirement.id} {requirement.level}: 시험도 까닭도 없다 · neither a case nor a reason")
    for name in found.both:
        click.echo(f"{name}: 까닭이 있는데 시험도 있다 · a reason, and yet a case")
    ids = {c.id for c in cases().values()}
    click.echo(
        f"시험 · cases {len(ids)} ({len(cases())}), 확인 · verified {len(found.verified)}, 까닭 · excused {len(found.excused)}, 빠짐 · bare {len(found.bare)}"
    )
    if found.bare or found.both:
        raise click.exceptions.Exit(1)


@conform_group.command("key")
@click.option(
    "--out",
    type=_file,
    required=True,
    help="새 열쇠 파일 · New key file (Ed25519, PEM); its public half beside it.",
)
def make_key(out: Path) -> None:
    """서명 열쇠를 만든다 · Make a key to sign with."""
    try:
        key = keys.make_key(out)
    except keys.KeyProblem as problem:
        _stop(str(problem))
    click.echo(f"{out}: {keys.fingerprint(keys.public_text(key.public_key()))}")


@conform_group.command()
@click.option("--key", "key_file", type=_file, required=True, help="시험소의 열쇠 · The lab's key.")
@click.option("--lab", "name", required=True, help="시험소의 이름 · Name of the lab.")
@click.option("--for", "vendor", required=True, help="받는 제조자 · Vendor it is for.")
@click.option(
    "--days",
    type=click.FloatRange(0.01, 366),
    default=30.0,
    show_default=True,
    help="기한(일) · Days it is good for.",
)
@click.option("--out", type=_file, required=True, help="쓸 파일 · File.")
def nonce(key_file: Path, name: str, vendor: str, days: float, out: Path) -> None:
    """논스를 낸다: 실행이 그 뒤에 있었음을 보인다 · Issue a nonce: it shows that a run came after it."""
    try:
        content = lab.issue_nonce(keys.load_key(key_file), name, vendor, days)
    except keys.KeyProblem as problem:
        _stop(str(problem))
    out.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    click.echo(out)


def _verified(folder: Path, console: Console) -> Any:
    from safezone_conformance.evidence.verify import verify as check

    with Progress(
        TextColumn("다시 계산 · again"),
        BarColumn(),
        MofNCompleteColumn(),
        console=console,
        disable=not console.is_terminal,
    ) as bar:
        task = bar.add_task("", total=None)
        return check(folder, lambda done, total: bar.update(task, completed=done, total=total))


@conform_group.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False, exists=True))
@click.option(
    "--signer",
    help="이 서명자여야 한다(지문 또는 .pub 파일) · It must be this signer (fingerprint or .pub file).",
)
@click.option("--lab", "lab_key", help="이 시험소여야 한다(지문 또는 .pub 파일) · It must be this lab.")
def verify(folder: Path, signer: str | None, lab_key: str | None) -> None:
    """증거를 확인하고 모든 판정을 다시 계산한다 · Check evidence, and work out every verdict again from the exchanges.

    끝 상태 · exit status: 0 온전하고 맞다 · whole, and conforms, 1 온전하나 맞지 않다 · whole, does not conform, 2 그 밖 · anything else.
    """
    from safezone_conformance.evidence.report import shortened_in
    from safezone_conformance.evidence.verify import HIDDEN

    report = _verified(folder, Console(stderr=True))
    for wanted, found, words in (
        (signer, report.signer, "서명자 · signer"),
        (lab_key, report.certificate_key, "시험소 · lab"),
    ):
        if wanted is not None and _fingerprint(wanted) != found:
            report.add(
                "altered",
                f"{words}: {found or '없음'}, 바란 것은 {_fingerprint(wanted)}",
                f"{words}: {found or 'none'}, wanted {_fingerprint(wanted)}",
            )
    for problem in report.problems:
        click.echo(f"✗ {problem.kind}: {problem.text.ko}\n    {problem.text.en}")
    tally = report.tally()
    counts = ", ".join(f"{v} {tally.count(v)}" for v in Verdict if tally.count(v))
    click.echo(f"다시 계산한 판정 · recomputed {report.checked}: {counts}")
    kinds = {
        "certificate": f"인증서 · certificate ({report.certificate})",
        "self-declaration": "자기 선언 · self-declaration",
        "nothing": "증거가 되지 않는다 · no evidence",
    }
    for text in shortened_in(report.head) if report.head is not None else ():
        click.echo(f"줄인 시험 · shortened, not the full test: {text.ko} · {text.en}")
    click.echo(
        f"서명자 · signer {report.signer or '—'}; {kinds[report.kind]}. TTA의 인증서가 아니다 · no certificate of TTA."
    )
    for note in HIDDEN:
        click.echo(f"· {note.ko}\n  {note.en}")
    if not report.whole:
        raise click.exceptions.Exit(UNDECIDED)
    raise click.exceptions.Exit(tally.exit_code)


def _fingerprint(text: str) -> str:
    path = Path(text)
    return keys.fingerprint(path.read_text(encoding="ascii").strip()) if path.is_file() else text


@conform_group.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False, exists=True))
@click.option(
    "--key",
    "key_file",
    type=_file,
    required=True,
    help="논스를 낸 시험소의 열쇠 · Key of the lab that issued the nonce.",
)
@click.option("--lab", "name", required=True, help="시험소의 이름 · Name of the lab.")
def countersign(folder: Path, key_file: Path, name: str) -> None:
    """확인하고 시험소로서 서명한다 · Verify, then sign as the lab. Only a whole run with this lab's nonce can be signed."""
    report = _verified(folder, Console(stderr=True))
    try:
        key = keys.load_key(key_file)
    except keys.KeyProblem as problem:
        _stop(str(problem))
    nonce_of = report.head.lab_nonce if report.head is not None else None
    if nonce_of is None or nonce_of["key"] != keys.public_text(key.public_key()):
        _stop("이 시험소가 낸 논스로 한 실행이 아니다 · not a run with a nonce of this lab")
    if not report.whole:
        for wrong in report.problems:
            click.echo(f"✗ {wrong.kind}: {wrong.text.ko}\n    {wrong.text.en}", err=True)
        _stop("온전하지 않아 서명하지 않는다 · not whole, not signed")
    tally = report.tally()
    found = {"counts": {v.value: tally.count(v) for v in Verdict}, "exit_code": tally.exit_code}
    lab.countersign(folder, key, name, found)
    click.echo(f"{folder / 'certificate.json'}: {name}. TTA의 인증서가 아니다 · no certificate of TTA.")
    raise click.exceptions.Exit(tally.exit_code)
