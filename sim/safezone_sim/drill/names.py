"""Names for the invented pupils of a drill, such as children of today bear; surnames and everything else stay.

Faker's Korean names are those of all ages. Drawn from Faker until it is one given to many children born since 2010.
"""

from dataclasses import replace

from faker import Faker

from safezone_sim.streams import school_of, stream
from safezone_sim.world.model import SchoolWorld

OF_CHILDREN = frozenset((
    "건우", "도윤", "도현", "동현", "민재", "민준", "서준", "승민", "승현", "시우", "예준", "우진", "주원", "준서", "준영", "준혁", "준호", "지후",
    "지훈", "진우", "현우", "현준", "민서", "서연", "서영", "서윤", "서현", "수민", "수빈", "예원", "예은", "유진", "윤서", "은서", "지민", "지아", "지우",
    "지원", "채원", "하윤", "하은",
))  # fmt: skip


def with_childrens_names(world: SchoolWorld, seed: int) -> SchoolWorld:
    """The world with its named pupils renamed, in people and registry; fixed by seed, school and pupil."""
    faker, code = Faker("ko_KR"), school_of(world.zone)
    named: dict[str, str] = {}
    for person in world.subscribers:
        faker.seed_instance(int(stream(seed, code, f"pupil-{person.index}", "childs-name").integers(2**63)))
        while (given := str(faker.first_name())) not in OF_CHILDREN:
            pass
        named[person.id] = person.name[:-2] + given  # two syllables, as Faker's all have
    people = tuple(replace(p, name=named.get(p.id, p.name)) for p in world.people)
    registry = tuple(
        {**item, "name": named[item["id"]]} if item["kind"] == "child" and item["id"] in named else item
        for item in world.registry
    )
    return replace(world, people=people, registry=registry)
