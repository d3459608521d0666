"""The people behind the alerts: operators, patrols and the radio channel as queues fed with true and false calls.

Not the hub, and not the day of the children: this package takes how many calls come when and where, and says how
long they wait. All times are seconds; a day starts at local midnight.
"""
