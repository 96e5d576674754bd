"""``bvn-planner plan``: from a folder of images to the whole plan, without any display."""

from __future__ import annotations

import argparse
from pathlib import Path

from imaging.labels import NAME_FROM_VERSE, Side
from imaging.progress import SubProgress
from planner.cli.console import ConsoleProgress, say, say_finding
from planner.cli.options import DEFAULT_LEVELS, anchor_point, level_numbers, side_names
from planner.domain.limits import DEFAULT_LIMITS
from planner.domain.plan import Access, Choice, Plan, Point
from planner.report.printing import DEFAULT_PRINTING, Printing

ACCESSES = ("transpedicular", "extrapedicular", "bipedicular")
CHOICES: dict[str, Choice] = {"central": "most central", "forgiving": "most forgiving"}
HELP = "plan a folder of images and write plan, label maps, pictures, report and DICOM objects"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of the verb."""
    parser.add_argument(
        "folder", metavar="DIR", type=Path, help="DICOM folder, searched recursively; or zip, or DICOMDIR"
    )
    parser.add_argument(
        "--out", metavar="OUT", type=Path, required=True, help="new folder, or an earlier output"
    )
    parser.add_argument("--series", metavar="UID", help="plan on this series instead of the best one")
    parser.add_argument("--levels", default=DEFAULT_LEVELS, help=f"default {DEFAULT_LEVELS}")
    parser.add_argument("--sides", default="left,right", help="default left,right")
    parser.add_argument(
        "--device", metavar="NAME", help="a profile of 'bvn-planner devices', or a profile's file of your own"
    )
    parser.add_argument(
        "--access", choices=ACCESSES, help="transpedicular (default), extrapedicular or bipedicular"
    )
    parser.add_argument(
        "--choose", choices=tuple(CHOICES), default="central", help="most central (default) or most forgiving"
    )
    parser.add_argument("--limits", metavar="FILE", type=Path, help="limits of your site (JSON)")
    parser.add_argument(
        "--heat", action="store_true", help="also solve the bioheat equation for each lesion (illustrative)"
    )
    parser.add_argument(
        "--segmentation", metavar="FILE", type=Path, help="label map to use: NIfTI or DICOM SEG"
    )
    parser.add_argument(
        "--segmenter",
        choices=("totalsegmentator",),
        help="label with an installed TotalSegmentator whose weights are on this machine",
    )
    parser.add_argument(
        "--numbering",
        metavar="NAME",
        help="of the label map: verse, totalsegmentator1, totalsegmentator2 or totalspineseg",
    )
    parser.add_argument(
        "--anchor", metavar="L4=X,Y,Z", help="this point (LPS mm) lies in the body of that level"
    )
    parser.add_argument(
        "--fill-missing",
        action="store_true",
        help="agree to interpolate a few missing slices; the plan is stamped with it",
    )
    parser.add_argument("--no-report", action="store_true", help="write no report.pdf")
    parser.add_argument("--paper", choices=("A4", "Letter"), default="A4", help="of the report; default A4")
    parser.add_argument(
        "--patient-page", action="store_true", help="add a page for the patient to the report"
    )
    parser.add_argument("--no-dicom", action="store_true", help="write no DICOM objects")


def run(options: argparse.Namespace) -> int:
    """Plan; 0 when everything asked is planned, 3 when a trajectory was refused."""
    from imaging.fluoro import compiled

    compiled.begin()  # beside the segmentation, for the report's X-rays
    return plan_folder(
        options.folder,
        options.out,
        series=options.series,
        levels=level_numbers(options.levels),
        sides=side_names(options.sides),
        device=options.device,
        access=options.access,
        choice=CHOICES[options.choose],
        limits=options.limits,
        heat=options.heat,
        segmentation=options.segmentation,
        numbering=options.numbering,
        segmenter=options.segmenter,
        anchor=anchor_point(options.anchor) if options.anchor else None,
        report=not options.no_report,
        dicom=not options.no_dicom,
        fill_missing=options.fill_missing,
        printing=Printing(options.paper, options.patient_page),
    )


def plan_folder(
    folder: Path,
    out: Path,
    *,
    series: str | None = None,
    levels: tuple[int, ...] | None = None,
    sides: tuple[Side, ...] = ("left", "right"),
    device: str | None = None,
    access: Access | None = None,
    choice: Choice = "most central",
    limits: Path | None = None,
    heat: bool = False,
    segmentation: Path | None = None,
    numbering: str | None = None,
    segmenter: str | None = None,
    anchor: tuple[int, Point] | None = None,
    report: bool = True,
    printing: Printing = DEFAULT_PRINTING,
    dicom: bool = True,
    fill_missing: bool = False,
) -> int:
    """Do what the verb does and return its exit status."""
    from planner.services.export_plan import export_plan, require_writable_out
    from planner.services.heat import with_heat
    from planner.services.import_segmentation import import_segmentation
    from planner.services.open_case import open_case
    from planner.services.propose_plan import device_asked, propose_plan
    from planner.services.run_totalsegmentator import segment_with_totalsegmentator
    from planner.services.segment_case import segment_case
    from planner.storage.limits_file import read_limits

    require_writable_out(out)
    profile, way = device_asked(device, access)
    margins = read_limits(limits) if limits else DEFAULT_LIMITS
    progress = ConsoleProgress()
    try:
        first = SubProgress(progress, 0.0, 0.15)
        case = open_case(folder, series, first, fill_missing=fill_missing)
        progress.close()
        say(case.why_chosen)
        middle = SubProgress(progress, 0.15, 0.55)
        if segmenter == "totalsegmentator":
            found = segment_with_totalsegmentator(case, anchor, middle)
        elif segmentation is not None:
            found = import_segmentation(case, segmentation, anchor, middle, numbering)
        else:
            found = segment_case(case, anchor, middle)
        asked = levels or level_numbers(DEFAULT_LEVELS)
        middle = SubProgress(progress, 0.55, 0.70)
        plan = propose_plan(case, found, asked, sides, profile, middle, margins, way, choice)
        if heat:
            plan = with_heat(case, found, plan, SubProgress(progress, 0.70, 0.75))
        last = SubProgress(progress, 0.75, 1.0)
        export_plan(out, case, found, plan, report=report, dicom=dicom, printing=printing, progress=last)
    finally:
        progress.close()
    return _tell(plan, out)


def _tell(plan: Plan, out: Path) -> int:
    for finding in plan.findings:
        say_finding(finding)
    refused = 0
    for level in plan.levels:
        for finding in level.findings:
            if finding.severity != "info":
                say_finding(finding, level.name)
        for refusal in level.refused:
            refused += 1
            say(f"refused: {refusal.reason}")
        for trajectory in level.trajectories:
            stops = [f for f in trajectory.findings if f.severity == "stop"]
            for finding in stops:
                say_finding(finding, f"{level.name} {trajectory.side}")
    if plan.procedure is not None:
        for number, step in enumerate(plan.procedure.steps, 1):
            name = NAME_FROM_VERSE[step.verse]
            say(f"step {number}: {name} {step.side}. {step.why_side}")
    planned = sum(len(level.trajectories) for level in plan.levels)
    say(f"{planned} planned, {refused} refused. The plan is in {out}.")
    return 3 if refused else 0
