import pytest

from wan22.launch.bar_lines import BarLines, is_bar_line, split_bar_line

BARS = [
    "  0%|          | 0/2 [00:00<?, ?it/s]",
    " 50%|█████     | 1/2 [00:05<00:05,  5.47s/it]",
    "100%|##########| 2/2 [00:00<00:00, 95.70it/s]",
    "Fetching 3 files:  33%|###3      | 1/3 [00:01<00:02,  1.0s/it]",
    "12it [00:01,  9.9it/s]",
]


@pytest.mark.parametrize("line", BARS)
def test_bars_are_known(line: str):
    assert is_bar_line(line)
    assert split_bar_line(line) == (line,)
    assert split_bar_line(line + "got prompt") == (line, "got prompt")


@pytest.mark.parametrize("line", ["got prompt", "used 50% of | memory", "loaded 100%", "|x|", ""])
def test_other_lines_are_not(line: str):
    assert not is_bar_line(line)
    assert split_bar_line(line) == (line,)


def test_runs_of_bars_are_thinned_out_and_their_last_is_told():
    told = BarLines()
    bars = [f"{percent:3d}%|#| {percent}/100 [00:01<00:00, 1it/s]" for percent in range(0, 101, 10)]
    lines = [line for number, bar in enumerate(bars) for line in told.accept(bar, 100.0 + number * 0.25)]
    assert lines == [bars[0], bars[4], bars[8]]
    assert told.accept("Requested to load WAN21", 103.0) == (bars[10], "Requested to load WAN21")
    assert told.accept(bars[0], 103.01) == (bars[0],)
    assert told.accept(bars[1], 103.02) == ()
    assert told.flush() == (bars[1],)
    assert told.flush() == ()
