"""A held provider that says when its server is there, so that a face need not wait for the end of the job to know."""

from collections.abc import Callable
from typing import Protocol

from wan22.job.server import ServerHandle
from wan22.system.cancel import CancelToken


class HeldProvider(Protocol):
    """A provider whose server stays between jobs."""

    @property
    def is_running(self) -> bool:
        """Whether there is a server: one of ours that lives, or another one that answered."""
        ...

    def acquire(self, cancel: CancelToken) -> ServerHandle:
        """Start or find the server. Raises AppError."""
        ...

    def release(self, handle: ServerHandle) -> None:
        """The job is done with it; the server stays."""
        ...

    def stop(self) -> None:
        """Stop a server of ours; nothing for another one."""
        ...

    def leave_running(self) -> None:
        """Let a server of ours live on without us; nothing for another one. Raises AppError."""
        ...


class ToldProvider:
    """`provider`, and `told` is called in the job's thread whenever it has brought a server."""

    def __init__(self, provider: HeldProvider, told: Callable[[], None]) -> None:
        self._provider = provider
        self._told = told

    @property
    def is_running(self) -> bool:
        """As of the provider."""
        return self._provider.is_running

    def acquire(self, cancel: CancelToken) -> ServerHandle:
        """Start or find the server, and tell it. Raises AppError."""
        handle = self._provider.acquire(cancel)
        self._told()
        return handle

    def release(self, handle: ServerHandle) -> None:
        """As of the provider."""
        self._provider.release(handle)

    def stop(self) -> None:
        """As of the provider."""
        self._provider.stop()

    def leave_running(self) -> None:
        """As of the provider. Raises AppError."""
        self._provider.leave_running()
