"""``python -m safezone_zoo.leash NAME …``: a simulated device with this mutant's changes in its source; "" for the clean one.

What follows the name is given to ``safezone device``.
"""

import sys

from safezone_zoo.mutant import mutants
from safezone_zoo.patching import install

if __name__ == "__main__":
    name = sys.argv.pop(1)
    if name:
        install(mutants()[name].changes)
    from safezone_sim.lab.commands import device_command

    device_command()
