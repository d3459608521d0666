"""How much a hub carries: the messages of a recorded day, replayed at many children at once, against any hub.

    recording -> zones (copies side by side) -> plan (signed, before the clock starts) -> generator -> ramp -> report

``recording`` reads a run, ``zones`` lays schools side by side and registers them, ``plan`` says what leaves when,
``generator`` sends it on time and watches who is told, ``spread`` runs generators in processes or on Dask, ``ramp``
decides the next rate and what the figures mean, ``run`` holds it together, ``report`` draws it. Not a simulation:
nobody reacts to anything here but recipients, who acknowledge.
"""
