"""A front end without a browser: what a widget sends is kept as `front/run.js` keeps it."""

from __future__ import annotations

from typing import Any

from freepages.lab.pool import Pool
from freepages.lab.stepper import Stepper


class Front:
    """The front end of a stepper: its views, the known moves, where it is, and what is said."""

    def __init__(self, stepper: Stepper):
        self.stepper = stepper
        self.known: list[str] = []
        self.views: dict[int, Any] = {}
        self.pool = Pool()
        self.at, self.say = -1, {"text": "", "kind": ""}
        self.extra: dict[str, Any] = {}
        self.file: dict[str, str] = {}
        stepper.send = self.receive  # type: ignore[method-assign]
        self.ask("hello")

    def ask(self, do: str, **more: Any) -> None:
        self.say = {"text": "", "kind": ""}
        self.stepper._heard({"do": do, **more})

    def do(self, what: str, **more: Any) -> None:
        self.ask(what, number=self.at, **more)

    def move(self, letter: str, choice: str = "") -> None:
        self.do("move", letter=letter, choice=choice)

    def receive(self, reply: dict[str, Any]) -> None:
        if reply.get("reset"):
            self.pool, self.views = Pool(), {}
        pool = reply.get("pool", {"from": len(self.pool.pieces), "pieces": []})
        self.pool.pieces[pool["from"] :] = pool["pieces"]
        if (drop := reply.get("drop")) is not None:
            self.views = {n: view for n, view in self.views.items() if n < drop}
        for n, view in reply.get("views", {}).items():
            self.views[n] = self.pool.unpack(view)
        for name in ("known", "at", "say", "extra", "file"):
            setattr(self, name, reply.get(name, getattr(self, name)))

    @property
    def view(self) -> Any:
        """What is shown."""
        if self.at not in self.views:
            self.ask("views", numbers=[self.at])
        return self.views[self.at]

    def process(self, letter: str) -> Any:
        return next(process for process in self.view["processes"] if process["letter"] == letter)

    def go(self, number: int) -> None:
        """Anywhere in what is known; the kernel hears of it afterwards."""
        self.at = number
        self.do("at")
