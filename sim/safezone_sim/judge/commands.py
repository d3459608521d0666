"""``safezone judge DIR``: judge a recorded run again. Korean first, English after."""

from pathlib import Path
from typing import Any

import click
import msgspec

from safezone_sim.judge.files import read_record
from safezone_sim.judge.summary import RunFacts, summarise
from safezone_sim.judge.verdicts import score


@click.command("judge", short_help="기록된 운영을 다시 판정 · Judge a recorded run again")
@click.argument("directory", metavar="DIR", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--write/--no-write",
    default=False,
    help="DIR/summary.json을 새 판정으로 바꾼다. / Replace DIR/summary.json by the new judgement.",
)
def judge_command(directory: Path, write: bool) -> None:
    """기록된 운영(results/<run>)을 다시 판정해 요약을 JSON으로 보인다.

    Judge a recorded run (results/<run>) again and print its summary as JSON.
    """
    try:
        record = read_record(directory)
        before = msgspec.json.decode((directory / "summary.json").read_bytes(), type=dict[str, Any])
        facts = msgspec.convert(before, RunFacts)
    except FileNotFoundError as error:
        raise click.ClickException(
            f"{error.filename}: 파일이 없습니다. 'safezone run --out DIR'로 만든 디렉터리를 주십시오. / "
            "no such file. Name a directory made by 'safezone run --out DIR'."
        ) from error
    except (msgspec.MsgspecError, EOFError, OSError) as error:
        raise click.ClickException(
            f"{directory}: 읽을 수 없습니다 / cannot be read: {error}. 다시 운영하십시오 / Run the scenario again."
        ) from error
    summary = before | summarise(score(record), facts)
    text = msgspec.json.format(msgspec.json.encode(summary), indent=2)
    if write:
        (directory / "summary.json").write_bytes(text + b"\n")
    click.echo(text.decode())
