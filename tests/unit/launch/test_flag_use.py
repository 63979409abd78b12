from tests.unit.launch.installs import SCHEMA
from wan22.launch.flag_use import FlagUse, Origin, flags_from_words, full_names, known_flags, without_conflicts


def person(*words: str) -> list[FlagUse]:
    return flags_from_words(words, Origin.person)[0]


def texts(flags: list[FlagUse]) -> list[str]:
    return [str(flag) for flag in flags]


def test_words_become_flags():
    assert texts(person("--reserve-vram", "2", "--fast=autotune", "--cpu")) == [
        "--reserve-vram 2",
        "--fast autotune",
        "--cpu",
    ]
    assert person("--fast", "a", "b")[0].words == ("--fast", "a", "b")
    assert person("--reserve-vram", "-1.5")[0].values == ("-1.5",)
    assert texts(person("-h", "--cpu")) == ["-h", "--cpu"]


def test_a_word_that_belongs_to_no_flag_is_told():
    flags, notices = flags_from_words(("main.py", "--cpu"), Origin.person)
    assert texts(flags) == ["--cpu"]
    assert "main.py" in notices[0]


def test_unknown_flags_are_left_out_with_the_version():
    flags, notices = known_flags(person("--normalvram", "--cpu", "-h"), SCHEMA)
    assert texts(flags) == ["--cpu"]
    assert notices[0] == "--normalvram is not known to ComfyUI 0.25.0: left out."
    assert notices[1].startswith("-h is not known")
    assert "this ComfyUI" in known_flags(person("--x"), SCHEMA.model_copy(update={"version": None}))[1][0]


def test_values_that_do_not_fit():
    flags, notices = known_flags(
        person("--async-offload", "2", "--reserve-vram", "--listen", "a", "b", "--preview-method", "nice"), SCHEMA
    )
    assert texts(flags) == ["--async-offload"]
    assert [notice.split()[0] for notice in notices] == [
        "--async-offload",
        "--reserve-vram",
        "--listen",
        "--preview-method",
    ]
    assert "allowed: none, auto, taesd" in notices[3]
    good = person("--preview-method", "auto", "--verbose", "--verbose", "INFO", "--fast", "--fast", "a", "b")
    assert known_flags(good, SCHEMA) == (good, [])


def test_short_forms_are_written_out():
    assert texts(full_names(person("--use-sage", "--unknown"), SCHEMA)) == ["--use-sage-attention", "--unknown"]
    assert texts(full_names(person("--use-sage"), None)) == ["--use-sage"]


def test_a_stronger_origin_replaces_the_same_flag():
    profile = FlagUse("--reserve-vram", ("1",), Origin.profile)
    flags, notices = without_conflicts([profile, *person("--reserve-vram", "2")], SCHEMA)
    assert texts(flags) == ["--reserve-vram 2"]
    assert notices == ["--reserve-vram 2 from the extra flags replaces --reserve-vram 1 from the profile."]
    flags, notices = without_conflicts([profile, *person("--reserve-vram", "1")], SCHEMA)
    assert (texts(flags), notices) == (["--reserve-vram 1"], [])


def test_a_flag_given_twice_by_one_origin_stays():
    twice = person("--whitelist-custom-nodes", "a", "--whitelist-custom-nodes", "b")
    assert without_conflicts(twice, SCHEMA) == (twice, [])


def test_the_later_of_a_group_wins():
    sage = FlagUse("--use-sage-attention", (), Origin.profile)
    flags, notices = without_conflicts([sage, *person("--use-flash-attention")], SCHEMA)
    assert texts(flags) == ["--use-flash-attention"]
    assert "replaces --use-sage-attention" in notices[0]
    assert len(without_conflicts([sage, *person("--use-flash-attention")], None)[0]) == 2


def test_a_flag_and_its_value_in_one_word_are_two():
    assert texts(person("--port 8200", "--cpu")) == ["--port 8200", "--cpu"]
    assert person("--output-directory  D:/My Videos")[0].values == ("D:/My Videos",)
    assert person("--output-directory=D:/My Videos")[0].values == ("D:/My Videos",)
