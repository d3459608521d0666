"""Works a formula of the report out again, from its text alone."""

import re
from collections.abc import Callable
from math import ceil, sqrt


def evaluated(figures: str, erlang_c: Callable[[float], float] | None = None) -> float:
    """The value of a formula in figures; ``erlang_c`` stands for ErlangC(load)."""
    text = re.sub(r"(?<=\d),(?=\d{3})", "", figures)
    text = text.replace("×", "*").replace("÷", "/").replace("−", "-").replace("√", "sqrt")
    text = text.replace("⌈", "up(").replace("⌉", ")")
    names = {
        "up": lambda v: ceil(round(v, 9)),
        "sqrt": sqrt,
        "max": max,
        "ErlangC": erlang_c,
        "__builtins__": {},
    }
    return float(eval(text, names))
