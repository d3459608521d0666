"""``safezone conform selftest``: the suite tested by the zoo."""

import json
import time
from dataclasses import asdict
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

LINE_EVERY = 20  # mutants, where no bar can be drawn


@click.command()
@click.option(
    "-n",
    "workers",
    type=click.IntRange(1, 32),
    default=2,
    show_default=True,
    help="동시에 시험할 수. 코어보다 많으면 적법한 변형이 늦어 떨어질 수 있다 · "
    "Mutants at a time; more than the cores may make lawful variants fail for being late.",
)
@click.option(
    "-k",
    "text",
    default="",
    metavar="TEXT",
    help="이름이나 시험에 이 글이 있는 것만 · Only those whose name or case holds this.",
)
@click.option(
    "--standing", is_flag=True, help="돌리지 않고 맞는지만 · Only what can be told without running."
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="결과 JSON · Where the result goes, as JSON.",
)
def selftest(workers: int, text: str, standing: bool, out: Path | None) -> None:
    """시험 모음을 시험한다: 고장난 시스템마다 제 시험이 제 까닭으로 떨어뜨리는지 · Test the suite with the zoo of broken systems.

    끝 상태 · exit status: 0 모두 · all as it must be, 1 그렇지 않다 · not.
    """
    from safezone_zoo.mutant import mutants
    from safezone_zoo.selftest import Trial, clean_problems, standing_problems, try_all

    console = Console(stderr=True)
    problems = standing_problems()
    trials: list[Trial] = []
    if not standing:
        chosen = [m for m in mutants().values() if not text or text in m.name or text in m.kills]
        problems += [] if text else clean_problems()
        with Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console,
        ) as bar:
            task = bar.add_task("변이 · mutants", total=len(chosen))

            began = time.monotonic()

            def told(name: str, ok: bool, why: str) -> None:
                bar.advance(task)
                done = int(bar.tasks[0].completed)
                if not console.is_terminal and (done % LINE_EVERY == 0 or done == len(chosen)):
                    console.print(
                        f"변이 · mutants {done}/{len(chosen)}, {time.monotonic() - began:.0f} s",
                        highlight=False,
                    )
                if not ok:
                    console.print(f"✗ {name}: {why}", highlight=False, markup=False)

            trials = try_all(chosen, workers, told)
    for problem in problems:
        console.print(f"✗ {problem}", highlight=False, markup=False)
    broken = [t for t in trials if not t.mutant.lawful]
    variants = [t for t in trials if t.mutant.lawful]
    console.print(
        f"변이 · mutants {len(broken)}, 죽임 · killed as named {sum(t.ok for t in broken)}; "
        f"적법한 변형 · lawful variants {len(variants)}, 통과 · not failed {sum(t.ok for t in variants)}; 문제 · problems {len(problems)}",
        highlight=False,
    )  # fmt: skip
    if out is not None:
        rows = [{"name": t.mutant.name, "lawful": t.mutant.lawful, "kills": t.mutant.kills, "reason": t.mutant.reason, "ok": t.ok,
                 "why": t.why, "ko": t.mutant.ko, "en": t.mutant.en, "changes": [asdict(c) for c in t.mutant.changes]} for t in trials]  # fmt: skip
        out.write_text(
            json.dumps({"problems": problems, "trials": rows}, ensure_ascii=False, indent=1) + "\n",
            encoding="utf-8",
        )
    if problems or not all(t.ok for t in trials):
        raise click.exceptions.Exit(1)
