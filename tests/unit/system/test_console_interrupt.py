import sys

import pytest

from wan22.system import console_interrupt


@pytest.mark.skipif(sys.platform == "win32", reason="the answer elsewhere than on Windows")
def test_only_windows_has_consoles_to_attach_to():
    assert console_interrupt.main(["1"]) == console_interrupt.UNSUPPORTED


@pytest.mark.skipif(sys.platform != "win32", reason="needs Windows")
def test_a_process_that_does_not_live_has_no_console():
    import subprocess

    from wan22.system.child_command import self_command

    done = subprocess.run(self_command("__console_interrupt", "4294967292"), timeout=60)
    assert done.returncode == console_interrupt.NOT_ATTACHED
