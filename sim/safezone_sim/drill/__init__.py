"""Safety drills in the twin: scenarios with a plan, sessions at a teacher's pace, what trainees did, and the report.

The control API is described in ``CONTROL.md``. Nothing here is imported by the rest of the simulator but ``plan``, the part
of a scenario that says what a drill is.
"""
