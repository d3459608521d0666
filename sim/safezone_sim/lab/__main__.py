"""``python -m safezone_sim.lab``: as ``safezone device``, and sooner there."""

from safezone_sim.lab.commands import device_command

device_command()
