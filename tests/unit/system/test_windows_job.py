"""The shapes that Windows reads; the job itself is tried in the end-to-end tests on Windows."""

import ctypes
import struct

import pytest

from wan22.system.windows_job import BasicLimits, ExtendedLimits, ProcessIdList

pytestmark = pytest.mark.skipif(struct.calcsize("P") != 8, reason="sizes of 64-bit Windows")


def test_limits_have_the_size_windows_expects():
    assert ctypes.sizeof(BasicLimits) == 64
    assert ctypes.sizeof(ExtendedLimits) == 144


def test_fields_lie_where_windows_reads_them():
    assert BasicLimits.limit_flags.offset == 16
    assert ExtendedLimits.io_counters.offset == 64
    assert ExtendedLimits.process_memory_limit.offset == 112
    assert ProcessIdList.ids.offset == 8
