"""The conformance suite: cases by clause, verdicts that can be recomputed, evidence that others can check.

It meets every system over the wire and imports no hub. Its only view of the standard is ``safezone_model``.
"""
