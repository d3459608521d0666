"""What a drill is, as the ``[drill]`` table of a scenario: plan, roles, objectives, master list. Data only."""

from typing import Annotated, Literal

from msgspec import Meta, Struct, json

Measure = Literal["notice", "acknowledge", "dispatch", "arrive", "found", "accounted", "close"]
Story = Literal[
    "on_the_way", "at_a_bell", "by_a_danger_area", "at_a_corner", "stays_away", "stays_inside", "in_class"
]
InjectKind = Literal[
    "press_tag", "press_bell", "enter_danger", "not_arrived", "report_missing", "show_up", "lead_away",
    "quake", "call_for_help", "dial", "message",
]  # fmt: skip
FOUND = "found"
Name = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,30}$")]
LEAD_SEAT = 7  # of the child that the story is about, unless the class is smaller
Minutes = Annotated[float, Meta(ge=0, le=240)]


class Text(Struct, frozen=True, forbid_unknown_fields=True):
    """Words for people, in both languages."""

    ko: Annotated[str, Meta(min_length=1)]
    en: Annotated[str, Meta(min_length=1)]


class Phase(Struct, frozen=True, forbid_unknown_fields=True):
    """A part of the lesson: who stands where, what pupils do, what the twin plays, what trainees do."""

    from_min: Minutes
    to_min: Minutes
    title: Text
    where: Text
    pupils: Text
    twin: Text
    trainees: Text


class Objective(Struct, frozen=True, forbid_unknown_fields=True):
    """What shall be shown. ``measure`` of ``inject`` against ``target_s``, seconds; without measure it is only rated."""

    id: Name
    text: Text
    measure: Measure | None = None
    inject: Name | None = None
    target_s: Annotated[float, Meta(gt=0)] | None = None


class Role(Struct, frozen=True, forbid_unknown_fields=True):
    """A role card."""

    id: Name
    title: Text
    does: Text


class Inject(Struct, frozen=True, forbid_unknown_fields=True):
    """A line of the master list. ``at_min`` counts from START; ``count`` stimuli come ``every_s`` seconds apart.

    ``auto``: fires by the list; otherwise by hand only. ``repeatable``: may be fired again by hand.
    ``once_safe``: comes a moment after the lead is safe, whatever its minute; by hand it does not fire before either.
    ``until``: no longer comes once that inject has, nor after the lead is found (``found`` names that alone): what it tells is
    known by then.
    ``after``: the list waits until a while after the alert of that inject, however late: nobody tells of what is not known yet.
    ``{seat}`` in texts is the lead's number.
    """

    id: Name
    at_min: Minutes
    kind: InjectKind
    title: Text
    expect: Text
    who: Text
    auto: bool = True
    repeatable: bool = False
    once_safe: bool = False
    after: Name | None = None
    until: Name | None = None
    count: Annotated[int, Meta(ge=1, le=40)] = 1
    every_s: Annotated[float, Meta(ge=0)] = 0.0


class DrillPlan(Struct, frozen=True, forbid_unknown_fields=True):
    """The drill of a scenario. ``story`` says what its lead does before anything happens.

    ``warm_up_min``: so long before START the hub already sees the morning. ``deadline_min``: at this minute the zone's
    «not arrived» falls due. ``roles`` and ``checklist`` are every drill's own; ``common_…`` those of all. A role of its own with the
    id of a common one stands in its place.
    """

    id: Name
    story: Story
    summary: Text
    phases: Annotated[tuple[Phase, ...], Meta(min_length=1)]
    objectives: Annotated[tuple[Objective, ...], Meta(min_length=1)]
    injects: Annotated[tuple[Inject, ...], Meta(min_length=1)]
    roles: tuple[Role, ...]
    checklist: tuple[Text, ...]
    letter: Text
    rehearsal: Annotated[tuple[Text, ...], Meta(min_length=1)]
    common_roles: tuple[Role, ...] = ()
    common_checklist: tuple[Text, ...] = ()
    minutes: Annotated[float, Meta(ge=5, le=240)] = 40.0
    rollcall: bool = False
    class_size: Annotated[int, Meta(ge=1, le=40)] = 22
    warm_up_min: Annotated[float, Meta(ge=0, le=120)] = 2.0
    deadline_min: Minutes | None = None
    rehearsal_minutes: Annotated[float, Meta(ge=1, le=30)] = 5.0

    @property
    def every_role(self) -> tuple[Role, ...]:
        return (*self.common_roles, *self.roles)

    @property
    def every_check(self) -> tuple[Text, ...]:
        return (*self.common_checklist, *self.checklist)


def with_seat(plan: DrillPlan, seat: int) -> DrillPlan:
    """The plan with the lead's seat number in its texts."""
    return json.decode(json.encode(plan).replace(b"{seat}", str(seat).encode()), type=DrillPlan)
