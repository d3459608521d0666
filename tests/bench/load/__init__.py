"""The load: an open-loop generator and closed-loop players, by themselves, sharing nothing with the hub.

`wire` speaks MQTT, `signing` the standard's envelope, `district` is the registry, `plan` the schedule,
`open_loop` the generator's process, `players` devices and recipients that never give up, `ledger` what
was sent, receipted and told, and the checks over it.
"""
