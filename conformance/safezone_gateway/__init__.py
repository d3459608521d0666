"""A gateway: readers speak a plain line protocol to it (``conformance/gateway.md``), it speaks the standard upwards.

Reader and gateway together are one reader of the standard. Standard library and paho only.
"""
