"""Installs what the projector is compared with, then compares: `python -m benchmarks.peers [ARGUMENTS]`.

RTK and matplotlib come from pip (the extra "peers"), plastimatch from Debian's packages where this may
install them. What cannot be had is said and left out. The arguments are those of `benchmarks.fluoro`.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def install() -> None:
    """Both peers, as far as they can be had."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = project["optional-dependencies"]["peers"]
    pip = [sys.executable, "-m", "pip", "install", "-q", "--disable-pip-version-check", *wanted]
    if subprocess.run(pip, check=False).returncode != 0:
        print("not installed: " + ", ".join(wanted))
    if shutil.which("plastimatch") is None:
        may = shutil.which("apt-get") is not None and os.name == "posix" and os.geteuid() == 0
        command = ["apt-get", "install", "-y", "-q", "--no-install-recommends", "plastimatch"]
        if not may or subprocess.run(command, check=False, stdout=subprocess.DEVNULL).returncode != 0:
            print("not installed: plastimatch (on Debian, as root: " + " ".join(command) + ")")


if __name__ == "__main__":
    install()
    from benchmarks.fluoro import main

    main(sys.argv[1:])
