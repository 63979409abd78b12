import signal
import sys

import pytest

from wan22.cli.interrupt import stop_on_signal
from wan22.system.cancel import CancelToken


def test_the_first_asks_and_the_second_leaves_at_once():
    cancel, said = CancelToken(), []
    with stop_on_signal(cancel, lambda: said.append("stopping")):
        signal.raise_signal(signal.SIGINT)
        assert cancel.is_set
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert said == ["stopping"]


@pytest.mark.skipif(sys.platform == "win32", reason="a closed console ends a Windows program in another way")
def test_a_closed_terminal_is_a_request_like_any_other():
    def cannot_be_shown() -> None:
        raise OSError(5, "Input/output error")

    cancel = CancelToken()
    with stop_on_signal(cancel, cannot_be_shown):
        signal.raise_signal(signal.SIGHUP)
        assert cancel.is_set


def test_what_was_there_before_comes_back():
    before = signal.getsignal(signal.SIGINT)
    with stop_on_signal(CancelToken()):
        assert signal.getsignal(signal.SIGINT) is not before
    assert signal.getsignal(signal.SIGINT) is before
