"""The zoo: systems with one named defect each, by which the conformance suite is tested.

A mutant is a change to the bundled hub, or to a simulated device, made in the process that serves it; the suite meets
it over the wire and must fail it in the case named, for the requirement named. Only this package knows both sides.
"""
