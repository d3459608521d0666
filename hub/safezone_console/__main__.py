"""``python -m safezone_console``: the same as ``safezone console``."""

from safezone_console.commands import console_command

console_command()
