"""The command ``safezone``. Nothing of a command is imported before it is asked for: a vendor's bench needs no simulator."""

from importlib import import_module

import click

COMMANDS = {
    "run": "safezone_sim.commands:run_command",
    "map": "safezone_sim.map.commands:map_group",
    "hub": "safezone_hub.commands:hub_group",
    "console": "safezone_console.commands:console_command",
    "model": "safezone_model.commands:model_group",
    "conform": "safezone_conformance.commands:conform_group",
    "device": "safezone_sim.lab.commands:device_command",
    "drill": "safezone_sim.drill.commands:drill_command",
    "gateway": "safezone_gateway.commands:gateway_command",
    "judge": "safezone_sim.judge.commands:judge_command",
    "capacity": "safezone_sim.capacity.commands:capacity_command",
    "sizing": "safezone_sim.sizing.commands:sizing_command",
}
INSIDE = {"conform": ["safezone_zoo.commands:selftest"]}  # of parts that lie above the group's own


def _load(name: str) -> click.Command:
    module, attribute = name.split(":")
    command: click.Command = getattr(import_module(module), attribute)
    return command


class Commands(click.Group):
    """Those of the table, each imported when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command = _load(COMMANDS[cmd_name])
        if isinstance(command, click.Group):
            for inside in INSIDE.get(cmd_name, []):
                command.add_command(_load(inside))
        return command


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="safezone")
def main() -> None:
    """u-서울안전존 디지털 트윈, 참조 허브, 적합성 모델.

    Digital twin, reference hub and standard model of the u-Seoul Safe Zone.
    """


if __name__ == "__main__":
    main()
