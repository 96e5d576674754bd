"""``bvn-planner fluoro``: one simulated X-ray picture."""

from __future__ import annotations

import argparse
from pathlib import Path

from imaging.errors import PlannerError
from imaging.progress import SubProgress
from planner.cli.console import ConsoleProgress, say
from planner.cli.options import VIEWS, level_number

HELP = "write one simulated X-ray picture"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of the verb."""
    parser.add_argument("folder", metavar="DIR", type=Path, help="DICOM folder, searched recursively")
    parser.add_argument("--out", metavar="FILE.png", type=Path, required=True)
    parser.add_argument(
        "--series", metavar="UID", help="use this series (default: the plan's, else the best)"
    )
    parser.add_argument("--plan", metavar="OUT/plan.json", type=Path, help="show this plan's tool and views")
    parser.add_argument("--view", choices=list(VIEWS), help="default ap")
    parser.add_argument(
        "--primary", metavar="P", type=float, help="DICOM positioner angle, + to patient's left"
    )
    parser.add_argument("--secondary", metavar="S", type=float, help="DICOM positioner angle, + cranial")
    parser.add_argument("--level", metavar="L4", help="of the plan")
    parser.add_argument("--side", choices=["left", "right"], help="of the plan")
    parser.add_argument("--size", type=int, default=768, help="pixels, 64 to 2048 (default 768)")
    parser.add_argument("--kv", type=float, default=80.0, help="tube voltage, 50 to 120 (default 80)")
    parser.add_argument("--quality", choices=["clean", "clinical"], default="clinical")
    parser.add_argument(
        "--spectrum", action="store_true", help="several energies, so that kV changes contrast"
    )
    parser.add_argument("--light-bone", action="store_true", help="bone light and air dark")
    parser.add_argument(
        "--ct-table", action="store_true", help="show the CT scanner's table, which is left out otherwise"
    )
    parser.add_argument("--magnify", type=float, default=1.0, help="1 to 4: the detector's inner part")


def run(options: argparse.Namespace) -> int:
    """Write the picture whole or not at all."""
    from imaging.fluoro import compiled
    from planner.services.render_fluoro import FluoroRequest, render_case_picture
    from planner.storage.atomic import whole_file
    from planner.storage.plan_json import read_plan

    compiled.begin()
    if options.view and (options.primary is not None or options.secondary is not None):
        raise PlannerError("bad_call", "Give either --view or --primary and --secondary, not both.")
    if options.out.suffix.lower() != ".png":
        raise PlannerError("bad_call", f"{options.out} must end in .png.")
    if not 64 <= options.size <= 2048:
        raise PlannerError("bad_call", "--size must lie between 64 and 2048 pixels.")
    if not 50 <= options.kv <= 120:
        raise PlannerError("bad_call", "--kv must lie between 50 and 120.")
    if (options.side or options.level) and options.plan is None:
        raise PlannerError("bad_call", "--level and --side name a trajectory of a plan: give --plan too.")
    if not 1 <= options.magnify <= 4:
        raise PlannerError("bad_call", "--magnify must lie between 1 and 4.")
    angles = None
    if options.primary is not None or options.secondary is not None:
        angles = (options.primary or 0.0, options.secondary or 0.0)
    request = FluoroRequest(
        view=VIEWS[options.view or "ap"],
        angles_deg=angles,
        verse=level_number(options.level) if options.level else None,
        side=options.side,
        size_px=options.size,
        kv=options.kv,
        quality=options.quality,
        spectrum=options.spectrum,
        bone_dark=not options.light_bone,
        magnify=options.magnify,
        ct_table=options.ct_table,
    )
    from PIL import Image

    from planner.services.open_case import agreed_to_fill, open_case

    plan = read_plan(options.plan) if options.plan else None
    series = options.series or (plan.source.series_instance_uid if plan else None)
    progress = ConsoleProgress()
    try:
        filled = plan is not None and agreed_to_fill(plan)
        first = SubProgress(progress, 0.0, 0.6)
        case = open_case(options.folder, series, first, fill_missing=filled)
        picture, words = render_case_picture(case, plan, request, SubProgress(progress, 0.6, 1.0))
        with whole_file(options.out) as temporary:
            Image.fromarray(picture).save(temporary, format="PNG")
    finally:
        progress.close()
    say(f"{options.out}: {words}, simulated.")
    return 0
