"""Colours and fonts of the report, in one place. Chosen to survive a grey printer and red-green blindness."""

FONT = (
    "Pretendard, 'Noto Sans KR', 'Noto Sans CJK KR', 'Apple SD Gothic Neo', 'Malgun Gothic', "
    "system-ui, sans-serif"
)
INK, MUTED, LINE, PAPER = "#1f2933", "#66727f", "#d9dee4", "#ffffff"
DELIVERED, LATE, GAP, EQUIPMENT, HUB = "#2a7f86", "#e3b34c", "#c3cad3", "#d98e5f", "#a31d2d"
CLASS_COLOUR = {"everyday": "#4a7fb5", "danger": "#d9892b", "emergency": "#b3261e"}
PHONE, TAG_ONLY = "#2a7f86", "#7a5ea8"
