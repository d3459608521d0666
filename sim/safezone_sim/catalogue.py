"""Where the scenario files and the catalogue of maps lie, in a checkout and in an installed wheel."""

from pathlib import Path

# Files beside the scenarios that are none: the catalogue of maps, and what `safezone sizing` reads.
NOT_SCENARIOS = ("maps", "prices-example", "sizing-assumptions", "staffing-example")


def scenarios_dir() -> Path:
    """The folder of scenarios: ``<repo>/scenarios`` in a checkout, ``safezone_sim/_scenarios`` in a wheel."""
    package = Path(__file__).resolve().parent
    for folder in (package / "_scenarios", package.parents[1] / "scenarios"):
        if folder.is_dir():
            return folder
    raise FileNotFoundError(
        f"no scenarios beside {package}: neither a checkout's scenarios/ nor a wheel's _scenarios/; reinstall safezone"
    )
