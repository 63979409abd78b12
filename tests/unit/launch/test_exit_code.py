import pytest

from wan22.launch.exit_code import Ending, is_minus_one, meaning_of


@pytest.mark.parametrize(
    ("exit_code", "ending", "words"),
    [
        (0, Ending.clean, "exit code 0"),
        (1, Ending.error, "exit code 1"),
        (2, Ending.error, "exit code 2"),
        (255, Ending.error, "exit code 255"),
        (-1, Ending.error, "exit code -1"),
        (4294967295, Ending.error, "exit code 4294967295"),
        (None, Ending.error, "an unknown exit code"),
        (-9, Ending.killed, "signal 9 (killed)"),
        (137, Ending.killed, "signal 9 (killed)"),
        (-15, Ending.killed, "signal 15 (asked to end)"),
        (-2, Ending.interrupted, "signal 2 (Ctrl-C)"),
        (130, Ending.interrupted, "signal 2 (Ctrl-C)"),
        (-11, Ending.native_crash, "signal 11 (segmentation fault)"),
        (139, Ending.native_crash, "signal 11 (segmentation fault)"),
        (0xC0000005, Ending.native_crash, "exit code 0xC0000005 (access violation)"),
        (-1073741819, Ending.native_crash, "exit code 0xC0000005 (access violation)"),
        (0xC000013A, Ending.interrupted, "exit code 0xC000013A (Ctrl-C or its console was closed)"),
        (0xC0000017, Ending.out_of_memory, "exit code 0xC0000017 (no memory left)"),
    ],
)
def test_exit_codes_of_both_systems(exit_code: int | None, ending: Ending, words: str):
    meaning = meaning_of(exit_code)
    assert (meaning.ending, meaning.words) == (ending, words)


def test_minus_one_of_both_systems():
    assert [is_minus_one(code) for code in (-1, 255, 4294967295, 1, None)] == [True, True, True, False, False]
