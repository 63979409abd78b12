from wan22.launch.server_log import ServerLog, lines_of

BAR = " 50%|#####     | 1/2 [00:01<00:01, 1.00s/it]"


def test_a_message_is_cut_from_the_bar_before_it_and_from_its_level_tag():
    assert lines_of(f"{BAR}[INFO] got prompt  ") == [BAR, "got prompt"]
    assert lines_of("[INFO] ") == []
    assert lines_of("[ERROR] [odd] words") == ["[odd] words"]


def test_bars_replace_each_other_and_are_told_once_a_second():
    log = ServerLog()
    assert log.keep("one", 0.0) == ("one",)
    assert [log.keep(BAR, number / 10) for number in range(5)] == [(BAR,), (), (), (), ()]
    assert log.told() == ("one", BAR)
    assert log.flush() == (BAR,)
    assert log.flush() == ()
