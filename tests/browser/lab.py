"""A real JupyterLab in a real browser, driven from a test.

`Server` is one `jupyter lab` process with its settings in a folder of its own; `Lab` opens notebooks on it.
Nothing here waits for ever: what runs in the page is raced against a clock, every other wait has a limit.
"""

import json
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Playwright, Request

START_SECONDS = 60
STOP_SECONDS = 5
PAGE_SECONDS = 60
RUN_SECONDS = 240

ON_PATH = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"]
ON_MACOS = ["Chromium.app/Contents/MacOS/Chromium", "Google Chrome.app/Contents/MacOS/Google Chrome"]
FLAGS = [
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
NO_CHROMIUM = "no Chromium (Debian, Ubuntu: apt-get install chromium; macOS: brew install --cask chromium)"

SETTINGS: dict[str, dict[str, Any]] = {
    # No question about news, and no look for a newer JupyterLab.
    "@jupyterlab/apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    # A saved notebook is the test's own business.
    "@jupyterlab/docmanager-extension/plugin": {"autosave": False},
    # Our own widgets are saved without it.
    "@jupyter-widgets/jupyterlab-manager/plugin": {"saveState": False},
}

# Running cells before the kernel is connected opens a dialog that nobody answers, and the indicator in the
# toolbar says "idle" before that: so wait for the connection itself.
KERNEL_IS_READY = """async () => {
    const nap = milliseconds => new Promise(resolve => setTimeout(resolve, milliseconds));
    for (;;) {
        const dialog = document.querySelector('.jp-Dialog');
        if (dialog) throw new Error('a dialog waits for an answer: ' + dialog.innerText);
        const widget = window.jupyterapp?.shell?.currentWidget, session = widget?.sessionContext;
        const kernel = session?.session?.kernel;
        if (kernel?.connectionStatus === 'connected') {
            await widget.context.ready;
            await session.ready;
            await kernel.info;
            return;
        }
        await nap(50);
    }
}"""
RUN_ALL = "() => window.jupyterapp.commands.execute('notebook:run-all-cells')"
CELLS = (
    "() => window.jupyterapp.shell.currentWidget.content.model.sharedModel.cells.map(cell => cell.toJSON())"
)
CHANGE_THEME = "name => window.jupyterapp.commands.execute('apputils:change-theme', {theme: name})"
# The text is a function of one argument; what it returns is awaited for so many milliseconds.
RACE = """([text, argument, milliseconds]) => Promise.race([
    eval('(' + text + ')')(argument),
    new Promise((_, reject) => setTimeout(() => reject(new Error('no answer in time')), milliseconds)),
])"""


def chromium_path() -> str | None:
    """Chromium or Chrome, as Linux distributions and macOS install them."""
    for name in ON_PATH:
        if found := shutil.which(name):
            return found
    for folder in (Path("/Applications"), Path.home() / "Applications"):
        for name in ON_MACOS:
            if (folder / name).exists():
                return str(folder / name)
    return None


def launch(playwright: Playwright) -> Browser:
    """A headless Chromium that looks for nothing beyond this machine."""
    return playwright.chromium.launch(executable_path=chromium_path(), args=FLAGS, timeout=60_000)


class Server:
    """`jupyter lab` over copies of some notebooks, reachable only with its token, on this machine only."""

    def __init__(self, folder: Path, notebooks: Path) -> None:
        self.root = folder / "root"
        self.notebooks = self.root / "notebooks"
        shutil.copytree(notebooks, self.notebooks, ignore=shutil.ignore_patterns(".*"))
        for name, settings in SETTINGS.items():
            file = folder / "config" / "lab" / "user-settings" / f"{name}.jupyterlab-settings"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(json.dumps(settings))
        self.token = secrets.token_hex(16)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.log = folder / "server.log"
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "jupyter", "lab", "--no-browser"),
                    "--ServerApp.ip=127.0.0.1",
                    f"--ServerApp.port={self.port}",
                    "--ServerApp.port_retries=0",
                    f"--ServerApp.root_dir={self.root}",
                    f"--IdentityProvider.token={self.token}",
                    "--LabApp.expose_app_in_browser=True",
                    "--JupyterNotebookApp.expose_app_in_browser=True",
                    "--LabApp.extension_manager=readonly",
                    *(["--allow-root"] if os.getuid() == 0 else []),
                ],
                cwd=self.root,
                env={
                    **os.environ,
                    "JUPYTER_CONFIG_DIR": str(folder / "config"),
                    "JUPYTER_DATA_DIR": str(folder / "data"),
                    "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
                    "IPYTHONDIR": str(folder / "ipython"),
                },
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            self._wait_until_it_answers()
        except BaseException:
            self.stop()
            raise

    def _wait_until_it_answers(self) -> None:
        limit = time.monotonic() + START_SECONDS
        while time.monotonic() < limit and self.process.poll() is None:
            try:
                self.ask("GET", "api/status")
                return
            except OSError:
                time.sleep(0.1)
        raise RuntimeError(f"jupyter lab does not answer; its log ends:\n{self.log.read_text()[-4000:]}")

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}/{path}?token={self.token}"

    def ask(self, method: str, path: str) -> Any:
        """What the server's own interface answers."""
        request = urllib.request.Request(self.url(path), method=method)
        with urllib.request.urlopen(request, timeout=10) as response:
            return json.loads(response.read() or "null")

    def end_kernel(self, notebook: Path) -> None:
        """Stop the kernel of an opened notebook, where it got one."""
        path = notebook.relative_to(self.root).as_posix()
        for session in self.ask("GET", "api/sessions"):
            if session["path"] == path:
                self.ask("DELETE", f"api/sessions/{session['id']}")

    def stop(self) -> None:
        """End the server; a kernel whose server is gone ends by itself.

        Asked soon after a page was closed, jupyter_server 2.21 may hang in its own shutdown.
        """
        self.process.terminate()
        try:
            self.process.wait(timeout=STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(timeout=STOP_SECONDS)


class Lab:
    """Notebooks, each opened as a copy of its own in a window of its own."""

    def __init__(self, server: Server, browser: Browser) -> None:
        self.server = server
        self.browser = browser
        self.pages: dict[Page, Path] = {}
        self._complaints: dict[Page, list[str]] = {}
        self._opened = 0

    def open(
        self,
        notebook: str | Path,
        *,
        dark: bool = False,
        width: int = 1400,
        height: int = 1000,
        address: str = "lab/workspaces/copy-{number}/tree/{path}",
    ) -> Page:
        """A page in JupyterLab with a copy of `notebook` and its kernel connected.

        `notebook` is the name of a shipped one ("01-buddy-zones.ipynb") or the Path of any other. With
        another `address` it is Notebook 7, which is made of the same parts.
        """
        page = self.visit(notebook, address, width=width, height=height)
        page.locator(".jp-Notebook").first.wait_for()
        self.evaluate(page, KERNEL_IS_READY)
        self.theme(page, dark=dark)
        return page

    def visit(
        self, notebook: str | Path, address: str, *, query: str = "", width: int = 1400, height: int = 1000
    ) -> Page:
        """A page at the server's `address` of a copy of `notebook`, not waited for."""
        self._opened += 1
        source = notebook if isinstance(notebook, Path) else self.server.notebooks / notebook
        beside = self.server.notebooks / (notebook if isinstance(notebook, str) else notebook.name)
        # A notebook opened again under the same path would get its old kernel back.
        copy = beside.with_stem(f"{beside.stem}-copy-{self._opened}")
        shutil.copyfile(source, copy)
        context = self.browser.new_context(viewport={"width": width, "height": height})
        context.set_default_timeout(PAGE_SECONDS * 1000)
        page = context.new_page()
        self.pages[page] = copy
        self._listen(context, page)
        path = copy.relative_to(self.server.root).as_posix()
        page.goto(self.server.url(address.format(number=self._opened, path=path)) + query)
        return page

    def run_all(self, page: Page, seconds: float = RUN_SECONDS) -> None:
        """Run every cell, and come back when the last one has run."""
        self.evaluate(page, RUN_ALL, seconds=seconds)

    def theme(self, page: Page, *, dark: bool) -> None:
        """JupyterLab's own dark theme, or its light one."""
        name = "JupyterLab Dark" if dark else "JupyterLab Light"
        if page.evaluate("() => document.body.dataset.jpThemeName") != name:
            self.evaluate(page, CHANGE_THEME, name)
            page.locator(f"body[data-jp-theme-name='{name}']").wait_for(state="attached")

    def cells(self, page: Page) -> list[dict[str, Any]]:
        """The notebook's cells as they now stand in the page, in the notebook format's words."""
        cells: list[dict[str, Any]] = self.evaluate(page, CELLS)
        return cells

    def errors(self, page: Page) -> list[str]:
        """The error outputs of the notebook's cells."""
        outputs = [output for cell in self.cells(page) for output in cell.get("outputs", [])]
        return [f"{one['ename']}: {one['evalue']}" for one in outputs if one["output_type"] == "error"]

    def complaints(self, page: Page) -> list[str]:
        """The browser's own: console errors, uncaught exceptions, and requests that left this machine."""
        return list(self._complaints[page])

    def evaluate(self, page: Page, function: str, argument: Any = None, seconds: float = PAGE_SECONDS) -> Any:
        """What a JavaScript function of one argument returns, awaited for so many seconds."""
        return page.evaluate(RACE, [function, argument, seconds * 1000])

    def screenshot(self, page: Page, name: str) -> Path:
        """A picture of the window, in the folder FREEPAGES_SCREENSHOTS or else beside the server's log."""
        folder = Path(os.environ.get("FREEPAGES_SCREENSHOTS", self.server.log.parent / "screenshots"))
        path = folder / f"{name}.png"
        page.screenshot(path=path)
        return path

    def close(self, page: Page) -> None:
        """Close the page's window and stop its kernel."""
        copy = self.pages.pop(page)
        try:
            page.context.close()
        finally:
            self.server.end_kernel(copy)

    def _listen(self, context: BrowserContext, page: Page) -> None:
        heard = self._complaints[page] = []
        home = f"127.0.0.1:{self.server.port}/"

        def on_console(message: ConsoleMessage) -> None:
            if message.type == "error":
                heard.append(f"console: {message.text} ({message.location['url']})")

        def on_request(request: Request) -> None:
            if not re.match(rf"(https?|wss?)://{re.escape(home)}|data:|blob:", request.url):
                heard.append(f"request: {request.url}")

        page.on("console", on_console)
        page.on("pageerror", lambda error: heard.append(f"uncaught: {error}"))
        context.on("request", on_request)
