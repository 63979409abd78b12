"""What can be said of a batch file without running it; `tests/windows` runs it."""

import re

import pytest

from tests.unit.launch.scripts import awkward
from wan22.launch.batch_file import argument, batch_text, unproved_names
from wan22.launch.start_script import ScriptFlag, ScriptPlace, ScriptVariable, StartScript
from wan22.schema.problem import AppError

HERE = ScriptPlace("..", is_beside=True, python=r"C:\ComfyUI\.venv\Scripts\python.exe", main_file="main.py")


def variable(value: str, name: str = "T_X") -> StartScript:
    return StartScript(HERE, variables=(ScriptVariable(name, value, "A note."),))


def test_lines_end_as_windows_wants_and_hold_ascii_only():
    text = batch_text(awkward(HERE))
    assert text.isascii()
    assert "\r\n" in text
    assert "\n" not in text.replace("\r\n", "")
    lines = text.split("\r\n")
    assert lines[0] == "@echo off"
    assert "setlocal DisableDelayedExpansion" in lines
    assert 'cd /d "%~dp0.."' in lines
    assert "if errorlevel 1 goto fail" in lines
    assert not any("chcp" in line for line in lines)


def test_a_percent_sign_is_doubled_everywhere():
    lines = batch_text(variable("100% %PATH%")).split("\r\n")
    assert 'set "T_X=100%% %%PATH%%"' in lines
    comments = [line for line in batch_text(awkward(HERE)).split("\r\n") if line.startswith("rem")]
    assert any("100%% of %%PATH%%" in line for line in comments)
    assert not any(line.endswith("^") or "/?" in line for line in comments)


def test_backslashes_before_the_closing_quote_are_doubled():
    assert argument("C:\\end\\") == '"C:\\end\\\\"'
    assert argument("a\\b") == '"a\\b"'


def test_letters_beyond_ascii_are_marked():
    script = StartScript(
        HERE,
        variables=(ScriptVariable("T_X", "ünï", "A note."),),
        flags=(ScriptFlag(("--dir", "日本"), "A note."), ScriptFlag(("--cpu",), "Ü in a note alone.")),
    )
    text = batch_text(script)
    assert "chcp 65001 >nul\r\n" in text
    assert text.index("chcp") < re.search(r"[^\x00-\x7f]", text).start()  # type: ignore[union-attr]
    assert unproved_names(script) == ("environment variable T_X", "flag --dir")
    assert "rem  NOT PROVED: letters beyond ASCII in environment variable T_X, flag --dir." in text
    assert unproved_names(variable("plain")) == ()


@pytest.mark.parametrize(
    ("value", "what"),
    [
        ('say "hi"', "a double quote"),
        ("a\nb", "a line break"),
        ("a\r\nb", "a line break"),
        ("a\x85b", "a line break"),
        ("a\x1ab", "U+001A"),
        ("a\0b", "U+0000"),
        ("\udcff", "U+DCFF"),
    ],
)
def test_what_no_batch_file_can_hold_is_refused(value: str, what: str):
    for script, name in (
        (variable(value), "environment variable T_X"),
        (StartScript(HERE, flags=(ScriptFlag(("--dir", value), "A note."),)), "flag --dir"),
        (StartScript(ScriptPlace(value, is_beside=False, python="", main_file="main.py")), "the folder of ComfyUI"),
    ):
        with pytest.raises(AppError) as caught:
            batch_text(script)
        assert caught.value.problem.code == "script_value_refused"
        assert name in caught.value.problem.message
        assert what in caught.value.problem.message


def test_a_line_that_cmd_would_cut_is_refused():
    with pytest.raises(AppError) as caught:
        batch_text(variable("x" * 9000))
    assert "characters" in caught.value.problem.message


def test_a_name_that_cmd_computes_itself_is_refused():
    with pytest.raises(AppError) as caught:
        batch_text(variable("1", "errorlevel"))
    assert caught.value.problem.where["setting"] == "errorlevel"
