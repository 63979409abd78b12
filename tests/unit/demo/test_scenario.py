"""Scenarios: shipped ones, own ones, and what is said about a wrong one."""

from pathlib import Path

import pytest

from wan22.demo.scenario import Scenario, load_scenario, read_scenario, scenario_names
from wan22.schema.problem import AppError
from wan22.system.paths import data_folder

SHIPPED = data_folder() / "resources" / "scenarios"


def test_the_shipped_scenarios():
    assert scenario_names(SHIPPED) == ("healthy", "out-of-memory", "server-crash", "server-hang", "slow-start")
    for name in scenario_names(SHIPPED):
        scenario, path = load_scenario(name, SHIPPED)
        assert (scenario.name, path) == (name, SHIPPED / f"{name}.toml")
        assert scenario.title
        assert scenario.description


def test_healthy_states_the_defaults():
    healthy = read_scenario(SHIPPED / "healthy.toml")
    told = {"title", "description", "flags"}
    assert healthy.model_dump(exclude=told) == Scenario().model_dump(exclude=told)
    assert "SIMULATED" in healthy.board_name


def test_an_own_file_in_a_folder_with_spaces(tmp_path: Path):
    path = tmp_path / "größer als sonst" / "mine.TOML"
    path.parent.mkdir()
    path.write_text("[limits]\npower_w = 450\n", encoding="utf-8")
    scenario, found = load_scenario(str(path), SHIPPED)
    assert (scenario.power_limit_w, scenario.name, found) == (450.0, "mine", path)


def test_the_limit_stays_inside_what_the_board_allows(tmp_path: Path):
    path = tmp_path / "a.toml"
    path.write_text("[limits]\npower_w = 9000\n", encoding="utf-8")
    assert read_scenario(path).power_limit_w == 575.0


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[colling]\nambient_c = 3", "colling is not a key of a scenario; did you mean cooling?"),
        (
            "[board]\npower_defalt_w = 3",
            "board.power_defalt_w is not a key of a scenario; did you mean power_default_w?",
        ),
        (
            '[[neighbours]]\nname = "a"\nmemory_gb = 3',
            "neighbours.0.memory_gb is not a key of a scenario; did you mean",
        ),
        ("[flags.--fast]\nliner = 0.5", "did you mean linear?"),
        ("[board]\nzzz = 3", "known there: name, memory_mib"),
        ("speed = 0", "speed = 0: Input should be greater than 0"),
        ("speed = ", "is not valid TOML"),
        ("format = 2", "newer version of this program (format 2)"),
        ('[fault]\nkind = "magic"', "fault.kind = 'magic'"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, words: str):
    path = tmp_path / "a.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(AppError) as caught:
        read_scenario(path)
    assert caught.value.problem.code == "scenario_invalid"
    assert words in caught.value.problem.message
    assert "a.toml" in caught.value.problem.message


def test_an_unknown_name_gets_the_nearest():
    with pytest.raises(AppError) as caught:
        load_scenario("server-crush", SHIPPED)
    assert caught.value.problem.code == "scenario_not_found"
    assert "--demo=server-crash" in caught.value.problem.hint


def test_a_missing_file(tmp_path: Path):
    with pytest.raises(AppError) as caught:
        load_scenario(str(tmp_path / "no.toml"), SHIPPED)
    assert caught.value.problem.code == "scenario_not_found"
