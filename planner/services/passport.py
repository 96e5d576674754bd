"""The plan's passport: what it stands on, what made it, what was changed when, and whether that holds."""

from __future__ import annotations

from collections.abc import Sequence

from planner.domain.passport import ImagePrint
from planner.domain.plan import Plan
from planner.version import app_version

SOURCE_IMAGE = "Source image"
PREPARATION = ("gantry_tilt_corrected", "missing_slices_interpolated")


def passport_lines(plan: Plan) -> list[tuple[str, str]]:
    """(name, value) pairs: software, voxels, profiles, how the images were prepared, files, edits."""
    lines = [("Software", f"bvn-planner {app_version()}"), ("Voxel SHA-256", plan.source.voxel_sha256)]
    lines += [("Device profile", device.id) for device in plan.devices]
    if not plan.devices:
        used = dict.fromkeys(t.device for level in plan.levels for t in level.trajectories)
        lines += [("Device profile", name) for name in used]
    lines += [("Image preparation", f.text) for f in plan.findings if f.code in PREPARATION]
    lines += [(SOURCE_IMAGE, f"{i.sop_instance_uid} {i.sha256}") for i in plan.source.images]
    lines += [("Edit", f"{e.time} {e.text}") for e in plan.edits]
    return lines


def image_changes(recorded: Sequence[ImagePrint], present: Sequence[ImagePrint]) -> str:
    """One sentence on how the files at hand differ from those recorded; empty where they are the same."""
    if not recorded:
        return "The plan does not say which files it was made on."
    before = {i.sop_instance_uid: i.sha256 for i in recorded}
    now = {i.sop_instance_uid: i.sha256 for i in present}
    missing = sum(uid not in now for uid in before)
    changed = sum(uid in now and now[uid] != sha for uid, sha in before.items())
    added = sum(uid not in before for uid in now)
    parts = [
        f"{count} {word}"
        for count, word in ((missing, "missing"), (changed, "changed"), (added, "new"))
        if count
    ]
    return f"Of {len(before)} source images: {', '.join(parts)}." if parts else ""
