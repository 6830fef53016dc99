"""Builds the site in which the course runs inside a browser, on JupyterLite, into build/lite.

    .venv-lite/bin/python .ci/build_lite.py        `make lite` makes that environment first

The site serves Python itself (Pyodide, which npm brings), our wheel, and the wheels that it needs, so that it
works where nothing else can be reached. What has no wheel for a browser there, numpy and matplotlib above
all, the site takes from Pyodide's own server once a notebook asks for it.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Collection, Iterable
from email import message_from_bytes
from hashlib import sha256
from pathlib import Path
from typing import Any
from zipfile import ZipFile

from jupyterlite_pyodide_kernel.constants import PYODIDE_CDN_URL, PYODIDE_PYTHON_VERSION, PYODIDE_VERSION
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name, parse_wheel_filename

ROOT = Path(__file__).resolve().parent.parent
SITE = ROOT / "build" / "lite"
PARTS = ROOT / "build" / "lite-parts"

NEEDS = ("anywidget", "bitarray", "ipywidgets", "pygments")
"""What freepages loads to show a stepper; all of it has wheels for a browser."""

KERNEL_NEEDS = ("micropip", "ipython", "comm", "nest-asyncio")
"""What the kernel itself loads."""

NOT_THERE = ("pexpect", "psutil", "ptyprocess")
"""What IPython names and does not load where there are no processes."""


def run(command: Iterable[object], cwd: Path = ROOT) -> str:
    words = [str(word) for word in command]
    done = subprocess.run(words, cwd=cwd, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"make lite: {' '.join(words[:4])} ... failed:\n{done.stdout}{done.stderr}")
    return done.stdout


def pyodide(folder: Path) -> Path:
    """The core of Pyodide, unpacked: the interpreter, its standard library, and the list of its packages."""
    npm = shutil.which("npm")
    if not npm:
        sys.exit("make lite: Pyodide comes from npm, and there is no npm here")
    archive = PARTS / run([npm, "pack", "--silent", f"pyodide@{PYODIDE_VERSION}"], cwd=PARTS).strip()
    with tarfile.open(archive) as packed:
        packed.extractall(PARTS, filter="data")
    shutil.move(PARTS / "package", folder)
    for extra in (*folder.glob("*.html"), *folder.glob("*.d.ts"), *folder.glob("*.map")):
        extra.unlink()
    return folder


def wheels(platform: str) -> list[Path]:
    """Our wheel, and all that it and the kernel load in a browser."""
    folder = PARTS / "wheels"
    run([sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", folder, ROOT])
    target = ["--python-version", PYODIDE_PYTHON_VERSION, "--implementation", "cp", "--platform", platform]
    run(
        [sys.executable, "-m", "pip", "download", "-q", "-d", folder, "--only-binary=:all:"]
        + [*target, *NEEDS, *KERNEL_NEEDS]
    )
    every = sorted(folder.glob("*.whl"))
    return [wheel for wheel in every if parse_wheel_filename(wheel.name)[0] not in NOT_THERE]


def entry(wheel: Path, here: Collection[str], python: str) -> dict[str, Any]:
    """A wheel as the list has it: what it brings, and what of the packages `here` it needs."""
    name, version, *_ = parse_wheel_filename(wheel.name)
    with ZipFile(wheel) as packed:
        modules = [
            path for path in packed.namelist() if path.endswith((".py", ".so")) and ".data/" not in path
        ]
        [about] = (path for path in packed.namelist() if path.endswith(".dist-info/METADATA"))
        needs = message_from_bytes(packed.read(about)).get_all("Requires-Dist", [])
    browser = {"sys_platform": "emscripten", "platform_system": "Emscripten", "extra": ""}
    browser |= {"python_version": PYODIDE_PYTHON_VERSION, "python_full_version": python}
    asked = [need for need in map(Requirement, needs) if not need.marker or need.marker.evaluate(browser)]
    return {
        "name": name,
        "version": str(version),
        "file_name": wheel.name,
        "sha256": sha256(wheel.read_bytes()).hexdigest(),
        "imports": sorted({path.split("/")[0].removesuffix(".py") for path in modules}),
        "depends": sorted({canonicalize_name(need.name) for need in asked} & {*here}),
        "install_dir": "site",
        "package_type": "package",
        "unvendored_tests": False,
    }


def write_lock(folder: Path) -> None:
    """Name the wheels in Pyodide's list of packages, and of what is in neither where it can be taken from."""
    path = folder / "pyodide-lock.json"
    lock = json.loads(path.read_text(encoding="utf-8"))
    about, packages = lock["info"], lock["packages"]
    for package in packages.values():
        package["file_name"] = f"{PYODIDE_CDN_URL}/{package['file_name']}"
    ours = wheels(f"pyemscripten_{about['abi_version']}_{about['arch']}")
    here = {parse_wheel_filename(wheel.name)[0]: wheel for wheel in ours}
    for name, wheel in here.items():
        shutil.copy(wheel, folder)
        packages[name] = entry(wheel, here, about["python"])
    path.write_text(json.dumps(lock), encoding="utf-8")


def main() -> None:
    shutil.rmtree(PARTS, ignore_errors=True)
    shutil.rmtree(SITE, ignore_errors=True)
    (PARTS / "site" / "static").mkdir(parents=True)
    write_lock(pyodide(PARTS / "site" / "static" / "pyodide"))
    shutil.copytree(
        ROOT / "notebooks", PARTS / "contents", ignore=shutil.ignore_patterns(".*", "workshop", "solutions")
    )
    settings = ROOT / "freepages" / "lab" / "labconfig" / "default_setting_overrides.json"
    (PARTS / "site" / "overrides.json").write_text(settings.read_text(encoding="utf-8"), encoding="utf-8")
    about = {"appName": "freepages", "exposeAppInBrowser": True}
    (PARTS / "site" / "jupyter-lite.json").write_text(
        json.dumps({"jupyter-lite-schema-version": 0, "jupyter-config-data": about}), encoding="utf-8"
    )
    folders = ["--lite-dir", PARTS / "site", "--contents", PARTS / "contents", "--output-dir", SITE]
    jupyter = Path(sys.executable).parent / "jupyter"
    run([jupyter, "lite", "build", *folders, "--apps", "lab", "--no-sourcemaps"], cwd=PARTS)
    size = sum(path.stat().st_size for path in SITE.rglob("*") if path.is_file())
    print(f"build/lite: {size / 1e6:.0f} MB; docs/how-to/in-a-browser.md says how to open it")


if __name__ == "__main__":
    main()
