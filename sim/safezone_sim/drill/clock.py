"""The drill's clock as people read it: whole seconds. What took how long is the difference of two such readings, everywhere."""


def reading(t: float) -> int:
    """Whole seconds after midnight, begun ones left out, as every page and the report shows them."""
    return int(round(t, 3))


def between(start: float, end: float) -> float:
    """Seconds from one reading to another; 0 for one before it."""
    return float(max(0, reading(end) - reading(start)))


def hms(t: float) -> str:
    """HH:MM:SS."""
    whole = reading(t)
    return f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}"
