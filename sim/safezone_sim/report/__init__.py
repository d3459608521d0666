"""The run's report: one HTML file for people, and a picture of the scoreboard. Reads, never judges anew."""

from safezone_sim.report.page import write_report
from safezone_sim.report.scoreboard import scoreboard_svg

__all__ = ["scoreboard_svg", "write_report"]
