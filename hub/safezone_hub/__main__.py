"""``python -m safezone_hub serve``: the hub without the rest of the safezone command."""

from safezone_hub.commands import hub_group

if __name__ == "__main__":
    hub_group()
