"""The command line: documented in two languages, clear about bad input, and whole in the wheel."""

import os
import re
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from safezone_cli import main

ROOT = Path(__file__).parents[1]


def _commands(
    group: click.Group, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    for name, command in sorted(group.commands.items()):
        yield (*path, name), command
        if isinstance(command, click.Group):
            yield from _commands(command, (*path, name))


COMMANDS = list(_commands(main))


@pytest.mark.parametrize(("path", "command"), COMMANDS, ids=[" ".join(p) for p, _ in COMMANDS])
def test_every_command_has_help_in_korean_and_english(path: tuple[str, ...], command: click.Command) -> None:
    shown = CliRunner().invoke(main, [*path, "--help"])
    assert shown.exit_code == 0
    assert re.search("[가-힣]", command.help or ""), path
    assert re.search("[A-Za-z]{3}", command.help or ""), path
    for option in command.params:
        if isinstance(option, click.Option) and not option.hidden:
            assert option.help, (path, option.name)


def test_the_readme_names_every_top_command() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for name in main.commands:
        assert f"safezone {name}" in readme, name


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["run", "no-such-scenario"], ["no-such-scenario", "pilot"]),
        (["run", "pilot", "--speed", "fast"], ["fast", "max"]),
        (["run", "pilot", "--hub", "none", "--from", "10:00", "--until", "09:00"], ["09:00", "10:00"]),
        (["run", "pilot", "--hub", "none", "--school", "7999999"], ["7999999"]),
        (["run", "pilot", "--from", "25:99"], ["25:99"]),
    ],
)
def test_bad_input_is_one_clear_line(args: list[str], words: list[str], tmp_path: Path) -> None:
    result = CliRunner().invoke(main, [*args, "--out", str(tmp_path / "x")] if args[0] == "run" else args)
    assert result.exit_code != 0
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert all(word in result.output for word in words), result.output
    assert "Traceback" not in result.output


def test_a_run_without_a_hub_leaves_its_results(tmp_path: Path) -> None:
    out = tmp_path / "run"
    args = ["run", "pilot", "--hub", "none", "--school", "7051141", "--from", "08:30", "--until", "08:40"]
    result = CliRunner().invoke(main, [*args, "--map-source", "schematic", "--out", str(out)])
    assert result.exit_code == 0, result.output
    assert {"manifest.json", "summary.json", "report.html", "truth.jsonl", "transcript.jsonl.gz"} <= {
        p.name for p in out.iterdir()
    }
    assert "schematic" in result.output


def test_a_folder_that_is_no_run_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    result = CliRunner().invoke(main, ["run", "pilot", "--hub", "none", "--out", str(tmp_path)])
    assert result.exit_code != 0
    assert str(tmp_path) in result.output.replace("\n", "")
    assert (tmp_path / "thesis.txt").read_text() == "years of work"


def test_the_wheel_holds_everything(tmp_path: Path) -> None:
    built = subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check", "--no-deps", "-w", tmp_path, ROOT],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if built.returncode and re.search("connect|network|resolve|No matching distribution", built.stderr):
        pytest.skip("no package registry to build the wheel with")
    assert built.returncode == 0, built.stderr
    (wheel,) = tmp_path.glob("safezone-*.whl")
    installed = tmp_path / "installed"
    zipfile.ZipFile(wheel).extractall(installed)
    code = (
        "import safezone_cli, safezone_sim, safezone_model, safezone_hub\n"
        "from safezone_sim.catalogue import scenarios_dir\n"
        "from safezone_sim.scenario import load_scenario\n"
        "from safezone_sim.report.page import write_report\n"
        "safezone_model.validator('messages/notice'); safezone_model.evidence()\n"
        "print(safezone_sim.__file__); print(load_scenario(scenarios_dir() / 'pilot.toml').name)\n"
        "safezone_cli.main(['model', 'requirements', '--level', 'MAY'], standalone_mode=False)\n"
    )
    path = os.pathsep.join([str(installed), sysconfig.get_path("purelib")])
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": path},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert str(installed) in done.stdout
    assert "pilot" in done.stdout
