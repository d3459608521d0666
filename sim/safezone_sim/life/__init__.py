"""The life of a school: day plans, walks, reactions, incidents, and the truth of what happened.

``model.Life`` lives one school's day with agents on a SimPy clock; ``columns.school_day`` computes the same
day at once, without a clock. Both start from ``day.prepare_day`` and end in ``compose.compose_truth``:

    plan -> settle -> script (incidents) -> settle -> walk -> stays at antennas, truth

Equipment is not here: it meets life in ``ports``. To add a kind of incident see ``incidents``.
"""
