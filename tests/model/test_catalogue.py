"""The requirement catalogue: complete, consistent, and refusing what does not fit."""

import re
import tomllib
from pathlib import Path

import pytest
from safezone_model import MESSAGES, SERVICES, CatalogueError, clauses, requirements
from safezone_model.catalogue import conditions, read_requirements, roles
from safezone_model.figures import fill, rejections

ROOT = Path(__file__).parents[2]
MODEL = ROOT / "conformance" / "safezone_model"
FOLDER = MODEL / "requirements"

ID = re.compile(r"\b[A-Z]+-[A-Z]+-[0-9]{3}\b")

GOOD = """
area = "BELL"

[[requirement]]
id = "HUB-BELL-001"
level = "MUST"
role = "hub"
service = "bell_call"
clause = "9.11"
condition = "-"
ko = "{{service.bell_call.limit_s}}초 안에 알린다."
en = "It is told within {{service.bell_call.limit_s}} s."
tta_clause = ""
"""


def catalogue(folder: Path, text: str) -> Path:
    (folder / "bell.toml").write_text(text, encoding="utf-8")
    return folder


def test_there_are_enough_requirements_of_every_role() -> None:
    assert len(requirements()) >= 150
    bound = {role for r in requirements() for role in r.roles}
    assert {"hub", "reader", "tag", "bell", "camera", "phone", "guardian", "desk"} <= bound


def test_ids_are_unique_and_name_role_and_area() -> None:
    ids = [r.id for r in requirements()]
    assert len(set(ids)) == len(ids)
    for r in requirements():
        assert r.id.startswith(f"{roles()[r.role].prefix}-{r.area}-")


def test_every_service_has_must_requirements_on_the_hub() -> None:
    for name in SERVICES:
        assert [r for r in requirements() if r.service == name and r.level == "MUST" and "hub" in r.roles], (
            name
        )


def test_every_message_is_spoken_of() -> None:
    said = " ".join(r.text.en for r in requirements())
    assert [name for name in MESSAGES if name not in said] == []


def test_every_reason_of_rejection_is_required() -> None:
    said = " ".join(r.text.en for r in requirements())
    assert [r.reason for r in rejections() if r.reason not in said] == []


def test_every_condition_is_used() -> None:
    assert {r.condition for r in requirements()} - {"-"} == set(conditions())


def test_every_parent_of_a_clause_is_a_clause() -> None:
    for number in clauses():
        assert number.rpartition(".")[0] in ("", *clauses())


def test_figures_are_quoted_not_repeated() -> None:
    """No sentence holds a number with a unit by hand; 68 % is the definition of accuracy."""
    figure = re.compile(
        r"[0-9]+(?:\.[0-9]+)? ?(?:s|ms|m|min|h|bytes|months|%|초|분|바이트|개월|미터)(?![A-Za-z0-9])"
    )
    for path in sorted(FOLDER.glob("*.toml")):
        for row in tomllib.loads(path.read_text(encoding="utf-8"))["requirement"]:
            for lang in ("ko", "en"):
                assert figure.findall(row[lang].replace("68 %", "")) == [], row["id"]


def test_both_languages_quote_the_same_figures() -> None:
    quoted = re.compile(r"\{\{[^}]*\}\}")
    for path in sorted(FOLDER.glob("*.toml")):
        for row in tomllib.loads(path.read_text(encoding="utf-8"))["requirement"]:
            assert sorted(quoted.findall(row["ko"])) == sorted(quoted.findall(row["en"])), row["id"]


def test_law_requirements_name_their_article() -> None:
    for r in requirements():
        assert (r.article is not None) == (r.area == "LAW"), r.id


def test_no_tta_clause_is_claimed() -> None:
    assert {r.tta_clause for r in requirements()} == {""}


def test_no_id_is_repeated_by_hand_in_the_model() -> None:
    """Ids stand in the catalogue and in what is generated from it, nowhere else in the model."""
    ids = {r.id for r in requirements()}
    for path in sorted(MODEL.rglob("*")):
        if path.suffix in (".py", ".md", ".json", ".toml") and path.parent != FOLDER:
            found = set(ID.findall(path.read_text(encoding="utf-8"))) & ids
            found.discard("HUB-BELL-003")  # the example of the form
            assert not found, f"{path.name}: {found}"


def test_good_catalogue_is_read_with_figures(tmp_path: Path) -> None:
    (found,) = read_requirements(catalogue(tmp_path, GOOD))
    limit = f"{SERVICES['bell_call'].limit_s:g}"
    assert found.text.en == f"It is told within {limit} s."
    assert found.roles == ("hub",)
    assert found.why_not_tested is None


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('id = "HUB-BELL-001"', 'id = "HUB-BELL-1"', "id: must look like"),
        ('id = "HUB-BELL-001"', 'id = "BELL-BELL-001"', "id: begins with BELL"),
        ('id = "HUB-BELL-001"', 'id = "HUB-TAG-001"', "id: names the area TAG"),
        ('level = "MUST"', 'level = "SHALL"', "level: 'SHALL' is not one of"),
        ('role = "hub"', 'role = "owner"', "role: 'owner' is not one of"),
        ('service = "bell_call"', 'service = "bel_call"', "service: 'bel_call' is not one of"),
        ('clause = "9.11"', 'clause = "99"', "clause: '99' is not one of"),
        ('condition = "-"', 'condition = "sunny"', "condition: 'sunny' is not one of"),
        ('tta_clause = ""', "", "tta_clause: missing"),
        ('tta_clause = ""', 'tta_clause = ""\nnote = "x"', "note: unknown field"),
        ('tta_clause = ""', "tta_clause = 1", "tta_clause: must be a string"),
        ("bell_call.limit_s}} s.", "bell_call.limit}} s.", "no figure 'service.bell_call.limit'"),
        (
            'tta_clause = ""',
            'tta_clause = ""\nwhy_not_tested = { en = "x" }',
            "why_not_tested: needs ko and en",
        ),
        ('en = "It is told within {{service.bell_call.limit_s}} s."', 'en = " "', "a sentence is empty"),
    ],
)
def test_misfit_is_refused_naming_file_id_and_field(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert old in GOOD
    with pytest.raises(CatalogueError) as refusal:
        read_requirements(catalogue(tmp_path, GOOD.replace(old, new)))
    assert str(refusal.value).startswith("bell.toml: ")
    assert said in str(refusal.value)


def test_second_use_of_an_id_is_refused(tmp_path: Path) -> None:
    (tmp_path / "again.toml").write_text(GOOD, encoding="utf-8")
    with pytest.raises(CatalogueError, match=r"bell\.toml: HUB-BELL-001: id: used already in again\.toml"):
        read_requirements(catalogue(tmp_path, GOOD))


def test_second_use_of_a_number_by_another_role_is_refused(tmp_path: Path) -> None:
    other = GOOD.replace("HUB-BELL-001", "BELL-BELL-001").replace('role = "hub"', 'role = "bell"')
    (tmp_path / "again.toml").write_text(other, encoding="utf-8")
    with pytest.raises(CatalogueError, match="its number is that of BELL-BELL-001"):
        read_requirements(catalogue(tmp_path, GOOD))


def test_unknown_figure_is_an_error() -> None:
    with pytest.raises(KeyError, match=r"timing\.nothing"):
        fill("{{timing.nothing}}")
