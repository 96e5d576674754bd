#!/usr/bin/env python3
"""Set up everything and start: `python3 bvn.py open` or `python3 bvn.py test`.

Needs nothing but Python 3.11 or newer and pip's package index. On Debian and its kin it installs the
system libraries that Qt and VTK need, asking sudo where it is not root.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
LOCK = ROOT / "constraints.txt"
DEBIAN_PACKAGES = {
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libdbus-1.so.3": "libdbus-1-3",
    "libfontconfig.so.1": "libfontconfig1",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-xinerama.so.0": "libxcb-xinerama0",
}
# Programs that some tests compare with; without them those tests are skipped with the reason.
TEST_PROGRAMS = {"Xvfb": "xvfb", "xdotool": "xdotool"}
DICOM_CHECKS = {"dciodvfy": "dicom3tools", "dsrdump": "dcmtk"}
# A server that Debian starts once it is installed, so only where nobody works: CI says so.
TEST_SERVERS = {"Orthanc": "orthanc orthanc-dicomweb"}
USAGE = """usage: python3 bvn.py open [DICOM_FOLDER]   set up, then open the app (on the bundled sample)
       python3 bvn.py test                  set up, then run every check and test"""


def missing_libraries() -> list[str]:
    """Names of the Debian packages whose libraries the loader cannot find."""
    # A plain user of Debian has no sbin on the path.
    ldconfig = shutil.which("ldconfig", path=os.environ.get("PATH", os.defpath) + ":/usr/sbin:/sbin")
    if ldconfig is None:
        return []
    listing = subprocess.run([ldconfig, "-p"], capture_output=True, text=True, check=False).stdout
    return sorted({package for library, package in DEBIAN_PACKAGES.items() if library not in listing})


def install_debian(packages: list[str]) -> None:
    """Install Debian packages, or say what to install."""
    if not packages:
        return
    as_root: list[str] = []
    if os.geteuid() != 0:
        sudo = shutil.which("sudo")
        if sudo is None:
            sys.exit("Please install as root, then run this again: apt-get install " + " ".join(packages))
        as_root = [sudo]
    print("Installing system libraries: " + " ".join(packages), flush=True)
    quiet = {"stdout": subprocess.DEVNULL}
    subprocess.run([*as_root, "apt-get", "update", "-q"], check=True, **quiet)
    install = [*as_root, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "install", "-y", "-q"]
    subprocess.run([*install, "--no-install-recommends", *packages], check=True, **quiet)


def install_test_programs() -> None:
    """Install what the tests compare with, where that is possible; never a reason to fail."""
    if not (sys.platform.startswith("linux") and shutil.which("apt-get")):
        return
    servers = TEST_SERVERS if os.environ.get("BVN_TEST_SERVERS") else {}
    for wanted in ({**TEST_PROGRAMS, **servers}, DICOM_CHECKS):
        names = [n for program, names in wanted.items() if not shutil.which(program) for n in names.split()]
        if not names or (os.geteuid() != 0 and shutil.which("sudo") is None):
            continue
        try:
            install_debian(names)
        except subprocess.CalledProcessError:
            print("Not installed, their tests are skipped: " + " ".join(names), flush=True)


def set_up(for_tests: bool = False) -> None:
    """Make the environment match the lock file; quick when it already does."""
    if sys.version_info < (3, 11):
        sys.exit("Python 3.11 or newer is needed; this is " + sys.version.split()[0])
    if sys.platform.startswith("linux") and shutil.which("apt-get"):
        wanted = missing_libraries()
        if for_tests:
            wanted += [package for program, package in TEST_PROGRAMS.items() if not shutil.which(program)]
        if importlib.util.find_spec("ensurepip") is None:
            wanted.append(f"python3.{sys.version_info.minor}-venv")
        install_debian(wanted)
    state = hashlib.sha256(LOCK.read_bytes() + (ROOT / "pyproject.toml").read_bytes()).hexdigest()
    mark = VENV / "ready"
    if mark.is_file() and mark.read_text() == state:
        compile_ahead()
        return
    print("Setting up the environment, once (about 1 GB) ...", flush=True)
    if not (BIN / ("python.exe" if os.name == "nt" else "python")).exists():
        subprocess.run([sys.executable, "-m", "venv", str(VENV)], check=True)
    pip = [str(BIN / "python"), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    subprocess.run([*pip, "--require-hashes", "-r", str(LOCK)], check=True)
    subprocess.run([*pip, "--no-deps", "--no-build-isolation", "-e", str(ROOT)], check=True)
    mark.write_text(state)
    compile_ahead()


def compile_ahead() -> None:
    """Compile what makes X-rays after every change of it, so that the first one in the app need not wait."""
    sources = sorted((ROOT / "imaging" / "fluoro").glob("*.py"))
    state = hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()
    mark = VENV / "compiled"
    if mark.is_file() and mark.read_text() == state:
        return
    print("Compiling the X-ray projector, once ...", flush=True)
    command = [str(BIN / "python"), "-m", "imaging.fluoro.compiled"]
    if subprocess.run(command, cwd=ROOT, check=False).returncode == 0:
        mark.write_text(state)


def run(*command: str) -> int:
    """Run a tool of the environment in the project's folder."""
    print("$ " + " ".join(command), flush=True)
    return subprocess.run([str(BIN / command[0]), *command[1:]], cwd=ROOT, check=False).returncode


def test() -> int:
    """Every check, then every test."""
    install_test_programs()
    checks = [
        ("ruff", "check", "."),
        ("ruff", "format", "--check", "."),
        ("lint-imports",),
        ("mypy",),
        ("python", "tools/audit.py"),
        ("pytest", "-n", "2", "--dist", "loadfile"),
    ]
    failed = [" ".join(command) for command in checks if run(*command) != 0]
    if failed:
        print("FAILED: " + "; ".join(failed))
    return 1 if failed else 0


def main() -> int:
    """Set up, then open or test."""
    verb = sys.argv[1] if len(sys.argv) > 1 else ""
    if verb not in ("open", "test"):
        print(USAGE)
        return 2
    set_up(for_tests=verb == "test")
    return test() if verb == "test" else run("bvn-planner", *(sys.argv[2:] or ["--sample"]))


if __name__ == "__main__":
    sys.exit(main())
