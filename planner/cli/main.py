"""The command line. Each verb lives in a file of its own and loads what it needs when it runs."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
import traceback
from types import FrameType

from imaging.errors import PlannerError
from imaging.progress import TaskCancelledError
from planner.cli import (
    app,
    archive,
    deidentify,
    devices,
    fluoro,
    modic,
    passport,
    plan,
    practice_replay,
    sample,
    schema,
    series,
)
from planner.cli.console import STOP, say
from planner.cli.options import Parser
from planner.version import app_version

OK, BUG, UNUSABLE, REFUSED, INTERRUPTED = 0, 1, 2, 3, 130
VERBS = {
    "series": series,
    "plan": plan,
    "fluoro": fluoro,
    "devices": devices,
    "sample": sample,
    "schema": schema,
    "modic": modic,
    "passport": passport,
    "deidentify": deidentify,
    "archive": archive,
    "practice-replay": practice_replay,
}


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="bvn-planner",
        description="Plan and practise fluoroscopy-guided basivertebral nerve ablation. "
        "A planning and training aid, not a certified device. "
        "Without a verb, or with a DICOM folder alone, the app opens.",
    )
    parser.add_argument("--version", action="version", version=f"bvn-planner {app_version()}")
    verbs = parser.add_subparsers(title="verbs", metavar="VERB", required=True, parser_class=Parser)
    for name, module in VERBS.items():
        verb = verbs.add_parser(name, help=module.HELP, description=module.HELP)
        module.add_arguments(verb)
        verb.set_defaults(run=module.run)
    return parser


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    STOP.set()
    raise KeyboardInterrupt


def main(argv: list[str] | None = None) -> int:
    """Run the command line and return its exit status: 0, 1, 2, 3 as documented, 130 when interrupted."""
    arguments = sys.argv[1:] if argv is None else argv
    STOP.clear()
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, _interrupt)
        signal.signal(signal.SIGINT, _interrupt)
    try:
        if app.wants_app(arguments, VERBS):
            return app.run(arguments)
        options = _parser().parse_args(arguments)
        return int(options.run(options))
    except PlannerError as error:
        say(f"bvn-planner: {error.text}")
        return UNUSABLE
    except (KeyboardInterrupt, TaskCancelledError):
        say("bvn-planner: stopped; nothing was left half written.")
        return INTERRUPTED
    except BrokenPipeError:
        sys.stderr.close()
        return OK
    except MemoryError:
        say("bvn-planner: the memory of this computer is too small for these images.")
        return UNUSABLE
    except Exception:
        traceback.print_exc()
        say("bvn-planner: this is a bug in the program; please report it with the lines above.")
        return BUG


if __name__ == "__main__":
    sys.exit(main())
