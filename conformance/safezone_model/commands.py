"""``safezone model …``: read, print and check the standard. The main command line adds ``model_group``."""

import json
import sys
from dataclasses import asdict
from pathlib import Path

import click

from safezone_model import checking
from safezone_model.bundle import write_bundle
from safezone_model.catalogue import LEVELS, clauses, requirements, roles
from safezone_model.document import standard, standard_html
from safezone_model.figures import LANGUAGES
from safezone_model.loader import SERVICES, load_schema, schema_names


@click.group("model")
def model_group() -> None:
    """표준 서비스 모델: 문서, 스키마, 요구사항 · The standard service model: document, schemas, requirements."""


@model_group.command("doc")
@click.option(
    "--lang",
    type=click.Choice(["ko", "en", "both"]),
    default="both",
    show_default=True,
    help="언어 · Language.",
)
@click.option(
    "--html", "as_html", is_flag=True, help="한 파일 HTML (언어 하나) · One HTML file (one language)."
)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="쓸 파일, 없으면 화면 · File; default standard output.",
)
def doc(lang: str, as_html: bool, out: Path | None) -> None:
    """규격 전체를 한 문서로 · The whole standard as one document."""
    if as_html and lang == "both":
        raise click.UsageError(
            "--html은 언어 하나씩: --lang ko 또는 en · --html takes one language: --lang ko or en"
        )
    languages = LANGUAGES if lang == "both" else (lang,)
    text = standard_html(lang) if as_html else "\n".join(standard(one) for one in languages)
    if out is None:
        click.echo(text, nl=False)
    else:
        out.write_text(text, encoding="utf-8")


@model_group.command("schemas")
@click.argument("name", required=False)
def schemas(name: str | None) -> None:
    """스키마 이름들, 또는 하나의 내용 · Names of the schemas, or one of them in full."""
    if name is None:
        click.echo("\n".join(schema_names()))
    elif name in schema_names():
        click.echo(json.dumps(load_schema(name), ensure_ascii=False, indent=2))
    else:
        known = ", ".join(schema_names())
        raise click.BadParameter(f"{name!r}: 없는 스키마 · no such schema. 아는 것 · known: {known}")


@model_group.command("check")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path))
@click.option(
    "--as", "schema", metavar="SCHEMA", help="스키마 이름(예: messages/tag.sighted) · Name of the schema."
)
def check(file: Path, schema: str | None) -> None:
    """메시지나 등록 항목 하나를 모델로 검사 · Check one message or registry item against the model.

    봉투와 등록 항목은 스스로 종류를 밝힌다. data만 든 파일에는 --as가 필요하다. mac은 증명하지 않는다(키가 없다).
    Envelopes and registry items name their kind; a file of bare data needs --as. The mac is not proved (no key).
    """
    payload = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    if schema is not None and schema not in schema_names():
        known = ", ".join(schema_names())
        raise click.BadParameter(f"{schema!r}: 없는 스키마 · no such schema. 아는 것 · known: {known}")
    try:
        name, found = checking.check(payload, schema)
    except checking.NotJson as error:
        click.echo(f"✗ {file}\n  {error.text.ko}\n  {error.text.en}")
        raise click.exceptions.Exit(1) from None
    except LookupError:
        raise click.UsageError(
            "어느 스키마인지 알 수 없다: --as를 준다 · cannot tell which schema: give --as"
        ) from None
    if not found:
        click.echo(f"✓ {file}: {name}")
        return
    click.echo(f"✗ {file}: {name}")
    for p in found:
        click.echo(f"  {p.field} = {p.value}")
        click.echo(f"    {p.message.ko} → {p.remedy.ko}")
        click.echo(f"    {p.message.en} → {p.remedy.en}")
    raise click.exceptions.Exit(1)


@model_group.command("requirements")
@click.option("--json", "as_json", is_flag=True, help="JSON으로 · As JSON.")
@click.option(
    "--role", type=click.Choice(list(roles())), help="이 역할을 묶는 것 · Those that bind this role."
)
@click.option("--level", type=click.Choice(LEVELS), help="이 수준만 · Only this level.")
@click.option("--service", type=click.Choice(list(SERVICES)), help="이 서비스만 · Only this service.")
@click.option("--clause", help="이 조와 그 아래 · This clause and those below it.")
@click.option(
    "--lang", type=click.Choice(LANGUAGES), default="ko", show_default=True, help="언어 · Language."
)
def list_requirements(
    as_json: bool, role: str | None, level: str | None, service: str | None, clause: str | None, lang: str
) -> None:
    """요구사항 목록 · The requirements."""
    if clause is not None and clause not in clauses():
        raise click.BadParameter(
            f"{clause!r}: 없는 조 · no such clause. {', '.join(clauses())}", param_hint="--clause"
        )
    chosen = [
        r
        for r in requirements()
        if (role is None or role == r.role or role in r.roles)
        and (level is None or level == r.level)
        and (service is None or service == r.service)
        and (clause is None or r.clause == clause or r.clause.startswith(f"{clause}."))
    ]
    if as_json:
        click.echo(json.dumps([asdict(r) for r in chosen], ensure_ascii=False, indent=2))
        return
    for r in chosen:
        click.echo(f"{r.id:<18} {r.level:<6} {r.clause:<5} {r.text.of(lang)}")
    click.echo(f"— {len(chosen)}")


@model_group.command("bundle")
@click.option(
    "--out",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="새 디렉터리 · A new directory.",
)
def bundle(out: Path) -> None:
    """제조자에게 줄 한 벌을 쓴다 · Write a self-contained copy for vendors."""
    try:
        written = write_bundle(out)
    except FileExistsError:
        raise click.UsageError(
            f"{out}: 비어 있지 않다, 새 디렉터리를 준다 · not empty, give a new directory"
        ) from None
    click.echo(f"{out}: {len(written)} 파일 · files")
