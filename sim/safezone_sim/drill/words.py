"""Korean and English words of services and ratings, for people."""

# As in services.json of the standard, whose loader gives names only.
SERVICES = {
    "not_arrived": ("미등교", "not arrived at school"),
    "danger_entry": ("위험지역 진입", "danger-area entry"),
    "route_deviation": ("경로 이탈", "route deviation"),
    "tag_silent": ("태그 침묵", "tag silent"),
    "tag_call": ("태그 호출", "tag call"),
    "bell_call": ("비상벨 호출", "emergency-bell call"),
    "phone_call_112": ("전화 단축번호 112 호출", "speed-dial call to 112"),
    "missing_report": ("실종 신고", "child reported missing"),
}

# Of objectives, as exercise evaluators rate them.
RATINGS = {
    "P": ("어려움 없이 해냄", "performed without challenges"), "S": ("조금 어려움", "some challenges"),
    "M": ("크게 어려움", "major challenges"), "U": ("해내지 못함", "unable to perform"),
}  # fmt: skip


def service_words(service: str) -> tuple[str, str]:
    """The service's name in Korean and English; the bare name for one that no drill knows."""
    return SERVICES.get(service, (service, service))
