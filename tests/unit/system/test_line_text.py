import pytest
from hypothesis import given
from hypothesis import strategies as st

from wan22.system.line_text import LineSplitter, clean_line, strip_level_tag


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("\x1b[1m\x1b[32m[INFO]\x1b[0m Starting server", "[INFO] Starting server"),
        ("plain  \t", "plain"),
        ("  indented", "  indented"),
        ("\x1b]0;title\x07after a title", "after a title"),
        ("\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "link"),
        (" 50%|█████     | 2/4 [00:01<00:01]\x1b[A", " 50%|█████     | 2/4 [00:01<00:01]"),
        ("\x1b[38;5;208mcolour\x1b[m", "colour"),
        ("\x1b[?25lhidden cursor\x1b[?25h", "hidden cursor"),
        ("", ""),
    ],
)
def test_clean_line(raw: str, clean: str):
    assert clean_line(raw) == clean


@pytest.mark.parametrize(
    ("text", "bare"),
    [
        ("[INFO] To see the GUI go to: http://127.0.0.1:8188", "To see the GUI go to: http://127.0.0.1:8188"),
        ("[WARNING] careful", "careful"),
        ("[ERROR]", ""),
        ("[INFO]   indented by the program", "  indented by the program"),
        ("[Prompt Server] web root: /x", "[Prompt Server] web root: /x"),
        ("[rgthree-comfy] Loaded", "[rgthree-comfy] Loaded"),
        ("text [INFO] inside", "text [INFO] inside"),
        ("[INFO] [INFO] only one is a tag", "[INFO] only one is a tag"),
    ],
)
def test_strip_level_tag(text: str, bare: str):
    assert strip_level_tag(text) == bare


def test_lines_end_at_newline_and_at_carriage_return():
    splitter = LineSplitter()
    assert splitter.feed(b"one\r\ntwo\n 10%\r 20%\r\r\n\n  \nrest") == ["one", "two", " 10%", " 20%"]
    assert splitter.flush() == ["rest"]
    assert splitter.flush() == []


def test_a_letter_cut_in_two_is_whole_again():
    data = "Größe 日本\n".encode()
    splitter = LineSplitter()
    lines = [line for index in range(len(data)) for line in splitter.feed(data[index : index + 1])]
    assert lines == ["Größe 日本"]


def test_other_encodings_do_not_raise():
    assert LineSplitter().feed("Größe\n".encode("cp1252")) == ["Gr\ufffd\ufffde"]


def test_an_endless_line_is_cut():
    splitter = LineSplitter()
    lines = splitter.feed(b"x" * 200_000)
    assert [len(line) for line in lines] == [65536, 65536, 65536]
    assert splitter.flush() == ["x" * (200_000 - 3 * 65536)]


@given(st.lists(st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1)), st.data())
def test_nothing_is_lost_wherever_the_bytes_are_cut(lines: list[str], data: st.DataObject):
    whole = "".join(line + data.draw(st.sampled_from(["\n", "\r", "\r\n"])) for line in lines).encode()
    splitter = LineSplitter()
    found: list[str] = []
    while whole:
        size = data.draw(st.integers(1, 7))
        found += splitter.feed(whole[:size])
        whole = whole[size:]
    assert found + splitter.flush() == lines
