"""8.2 and 8.3: tags, before a golden reader."""

from safezone_zoo.mutant import defect

TAG = "safezone_sim.devices.tag"
CHANGING = '        """Without power for a while."""\n'

defect(
    "tag-that-is-read-at-half-the-range",
    (TAG, "distance_m <= range_m", "distance_m <= range_m / 2"),
    kills="TC-TAG-TAG-01",
    reason="TAG-TAG-010",
    ko="등록된 범위의 절반에서만 읽힌다",
    en="is read within half the registered range only",
    role="tag",
)
defect(
    "tag-that-is-another-after-a-change-of-battery",
    (TAG, CHANGING, CHANGING + '        self.id += "-b"\n'),
    kills="TC-TAG-TAG-02",
    reason="TAG-TAG-011",
    ko="배터리를 바꾸면 식별자가 바뀐다",
    en="has another identifier after a change of battery",
    role="tag",
)
defect(
    "tag-that-counts-anew-after-a-change-of-battery",
    (TAG, CHANGING, CHANGING + "        self.presses = 0\n"),
    kills="TC-TAG-CALL-01",
    reason="TAG-CALL-006",
    ko="배터리를 바꾸면 누름을 처음부터 센다",
    en="counts its presses from the beginning after a change of battery",
    role="tag",
)
defect(
    "tag-that-calls-once",
    (TAG, "CALL_BURSTS = 6", "CALL_BURSTS = 1"),
    kills="TC-TAG-CALL-02",
    reason="TAG-CALL-007",
    ko="누름을 한 번만 내보낸다",
    en="transmits a press once only",
    role="tag",
)
defect(
    "tag-that-counts-bounces",
    (TAG, "BOUNCE_S = 0.08", "BOUNCE_S = 0.001"),
    kills="TC-TAG-CALL-03",
    reason="TAG-CALL-008",
    ko="튀는 접점을 여러 번의 누름으로 센다",
    en="counts every bounce of its contact",
    role="tag",
)
