"""Erlang's formulas for a desk with exponential calls, used to size it and to check the simulated one.

A. K. Erlang (1917); notation of L. Kleinrock, Queueing Systems I (1975), section 3.5. ``load`` is the offered
load in Erlang (arrivals a second × seconds a call).
"""

from math import exp


def waits_share(load: float, servers: int) -> float:
    """Erlang C: the share of calls that find every one of ``servers`` busy. 1 where the load is not carried."""
    if load <= 0:
        return 0.0
    if servers <= load:
        return 1.0
    blocked = 1.0  # Erlang B by its recursion, which does not overflow
    for n in range(1, servers + 1):
        blocked = load * blocked / (n + load * blocked)
    return blocked / (1.0 - (load / servers) * (1.0 - blocked))


def answered_within(load: float, servers: int, call_s: float, within_s: float) -> float:
    """Share of calls answered within ``within_s``; 0 where the load is not carried."""
    if servers <= load:
        return 0.0
    return 1.0 - waits_share(load, servers) * exp(-(servers - load) * within_s / call_s)


def mean_wait_s(load: float, servers: int, call_s: float) -> float:
    """Mean wait of all calls, seconds; infinite where the load is not carried."""
    if servers <= load:
        return float("inf")
    return waits_share(load, servers) * call_s / (servers - load)


def servers_for(load: float, call_s: float, within_s: float, share: float) -> int:
    """The fewest servers that answer ``share`` of the calls within ``within_s``; at least one."""
    servers = max(1, int(load))
    while answered_within(load, servers, call_s, within_s) < share:
        servers += 1
    return servers
