"""What each stage of the rollout needs, from simulated days, a measured hub, staffing and prices; and who pays.

Reads what ``safezone run`` (city.json) and ``safezone capacity`` (capacity.json) left behind; simulates only the
control room. Every figure is an expression that shows its own arithmetic.
"""
