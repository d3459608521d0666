"""The pages: drill desk, control room, guardians, school. Clients of the standard's HTTP interface and of the twin's control API.

A process of its own. It holds no state but cookies in browsers, imports no hub and no twin, and works against any conforming hub.
"""
