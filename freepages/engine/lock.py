"""A lock: its moves are announced, so who holds it and who waits for it can be seen."""

from __future__ import annotations

from freepages.engine.announcement import Act, Steps
from freepages.engine.errors import FreepagesError
from freepages.engine.guard import Guard


class Lock(Guard):
    """A lock with a holder; who waits for it is known from what the processes announce."""

    def __init__(self, name: str):
        self.name = self.measured = name
        self.holder: str | None = None

    def ready(self) -> bool:
        return self.holder is None

    def reason(self) -> str:
        return f"waits for {self.name}, held by {self.holder}"

    def acquire(self, cpu: str) -> Steps:
        yield TAKES_LOCK, self, cpu
        self.take(cpu)

    def release(self, cpu: str) -> Steps:
        yield DROPS_LOCK, self.name, cpu
        self.drop(cpu)

    def take(self, cpu: str) -> None:
        if self.holder is not None:
            raise FreepagesError(f"{self.name}: {cpu} takes it while {self.holder} holds it")
        self.holder = cpu

    def drop(self, cpu: str) -> None:
        if self.holder != cpu:
            raise FreepagesError(f"{self.name}: {cpu} drops it while {self.holder or 'nobody'} holds it")
        self.holder = None

    def __str__(self) -> str:
        return self.name


TAKES_LOCK = Act("takes {0}", cost="lock", mover="right")
DROPS_LOCK = Act("drops {0}", cost="unlock", mover="left")
