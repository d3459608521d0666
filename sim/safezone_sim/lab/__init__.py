"""Simulated equipment on a real bench: the twin's own device classes on the wall clock, over a real broker, with a store.

One process is one device in its jig. Whoever tests it asks by the line protocol of conformance/stimulus.md for what the
wire cannot do: a press, a tag in the field, a cut of its power. Nothing here knows who asks.
"""
