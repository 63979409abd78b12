"""Windows: a job object that ends all its processes when our handle to it closes; by ctypes."""

import ctypes
import sys
from ctypes import c_int64, c_size_t, c_uint32, c_uint64, c_void_p
from typing import ClassVar

_BASIC_PROCESS_ID_LIST = 3
_EXTENDED_LIMIT_INFORMATION = 9
_LIMIT_KILL_ON_JOB_CLOSE = 0x2000
_PROCESS_TERMINATE = 0x0001
_PROCESS_SET_QUOTA = 0x0100
_ERROR_MORE_DATA = 234
_MOST_PROCESSES = 1024


class BasicLimits(ctypes.Structure):
    """JOBOBJECT_BASIC_LIMIT_INFORMATION."""

    _fields_: ClassVar = [
        ("per_process_user_time", c_int64),
        ("per_job_user_time", c_int64),
        ("limit_flags", c_uint32),
        ("minimum_working_set", c_size_t),
        ("maximum_working_set", c_size_t),
        ("active_process_limit", c_uint32),
        ("affinity", c_size_t),
        ("priority_class", c_uint32),
        ("scheduling_class", c_uint32),
    ]


class ExtendedLimits(ctypes.Structure):
    """JOBOBJECT_EXTENDED_LIMIT_INFORMATION."""

    _fields_: ClassVar = [
        ("basic", BasicLimits),
        ("io_counters", c_uint64 * 6),
        ("process_memory_limit", c_size_t),
        ("job_memory_limit", c_size_t),
        ("peak_process_memory", c_size_t),
        ("peak_job_memory", c_size_t),
    ]


class ProcessIdList(ctypes.Structure):
    """JOBOBJECT_BASIC_PROCESS_ID_LIST."""

    _fields_: ClassVar = [
        ("assigned", c_uint32),
        ("listed", c_uint32),
        ("ids", c_size_t * _MOST_PROCESSES),
    ]


if sys.platform == "win32":

    class Job:
        """A job object. All methods raise OSError with Windows' own words; after `close` they do nothing."""

        def __init__(self) -> None:
            self._kernel = _kernel()
            self._handle: int | None = _checked(self._kernel.CreateJobObjectW(None, None))
            self.kill_on_close(wanted=True)

        def kill_on_close(self, *, wanted: bool) -> None:
            """Whether the processes of the job end when our handle closes, as they do from the start."""
            if self._handle is None:
                return
            limits = ExtendedLimits()
            limits.basic.limit_flags = _LIMIT_KILL_ON_JOB_CLOSE if wanted else 0
            _checked(
                self._kernel.SetInformationJobObject(
                    self._handle, _EXTENDED_LIMIT_INFORMATION, ctypes.byref(limits), ctypes.sizeof(limits)
                )
            )

        def assign(self, pid: int) -> None:
            """Put a process into the job; whatever it starts from then on is in it too."""
            process = _checked(self._kernel.OpenProcess(_PROCESS_SET_QUOTA | _PROCESS_TERMINATE, 0, pid))
            try:
                _checked(self._kernel.AssignProcessToJobObject(self._handle, process))
            finally:
                self._kernel.CloseHandle(process)

        def process_ids(self) -> list[int]:
            """Ids of the processes that live in the job (at most 1024)."""
            if self._handle is None:
                return []
            found = ProcessIdList()
            ok = self._kernel.QueryInformationJobObject(
                self._handle, _BASIC_PROCESS_ID_LIST, ctypes.byref(found), ctypes.sizeof(found), None
            )
            if not ok and ctypes.get_last_error() != _ERROR_MORE_DATA:
                raise ctypes.WinError(ctypes.get_last_error())
            return [int(found.ids[index]) for index in range(min(found.listed, _MOST_PROCESSES))]

        def terminate(self, exit_code: int = 1) -> None:
            """End all processes of the job at once."""
            if self._handle is not None:
                self._kernel.TerminateJobObject(self._handle, exit_code)

        def close(self) -> None:
            """Let go of the job, which ends whatever still lives in it unless `kill_on_close` was taken back."""
            handle, self._handle = self._handle, None
            if handle is not None:
                self._kernel.CloseHandle(handle)

    def _checked(result: int | None) -> int:
        if not result:
            raise ctypes.WinError(ctypes.get_last_error())
        return result

    def _kernel() -> ctypes.WinDLL:
        """kernel32 of our own: argument types set on the shared one would be seen by other libraries."""
        kernel = ctypes.WinDLL("kernel32", use_last_error=True)
        kernel.CreateJobObjectW.argtypes = [c_void_p, c_void_p]
        kernel.CreateJobObjectW.restype = c_void_p
        kernel.SetInformationJobObject.argtypes = [c_void_p, ctypes.c_int, c_void_p, c_uint32]
        kernel.QueryInformationJobObject.argtypes = [c_void_p, ctypes.c_int, c_void_p, c_uint32, c_void_p]
        kernel.OpenProcess.argtypes = [c_uint32, ctypes.c_int, c_uint32]
        kernel.OpenProcess.restype = c_void_p
        kernel.AssignProcessToJobObject.argtypes = [c_void_p, c_void_p]
        kernel.TerminateJobObject.argtypes = [c_void_p, c_uint32]
        kernel.CloseHandle.argtypes = [c_void_p]
        return kernel
