"""Whether a volume can be planned on: its verdict, the reasons in plain sentences, and a score."""

from __future__ import annotations

import numpy as np

from imaging.dicom import contradictions
from imaging.dicom.fill import may_fill
from imaging.dicom.headers import SliceHeader
from imaging.dicom.series import Verdict
from imaging.dicom.stack import Stack
from imaging.findings import SEVERITY_ORDER, Finding

MIN_SLICES = 10
MIN_EXTENT_MM = 40.0
MAX_SLICE_MM = 2.5
IDEAL_SLICE_MM = 1.25
MAX_PIXEL_MM = 1.2
MAX_WANDER_MM = 2.0

_LOCALIZER = {"LOCALIZER", "SCOUT", "TOPOGRAM", "SURVEY"}
_RENDERED = {"MIP", "MINIP", "VOLUME RENDERING", "VOLREN", "PROJECTION IMAGE", "SCREEN SAVE", "MOSAIC", "VRT"}
_BONE_WORDS = ("bone", "sharp", "edge", "lung", "ultra", "detail", "boneplus", "osteo", "knochen")


def is_localizer(header: SliceHeader) -> bool:
    """Whether the image type names a planning scout."""
    return bool(_LOCALIZER & {word.upper() for word in header.frame_type + header.image.image_type})


def is_bone_kernel(kernel: str, description: str) -> bool:
    """Whether the reconstruction is for bone: by word, Siemens number (B60, Br64) or Canon (FC30)."""
    words = f"{kernel} {description}".lower()
    if any(word in words for word in _BONE_WORDS):
        return True
    first = kernel.split()[0].lower() if kernel else ""
    if first.startswith("fc3"):
        return True
    digits = "".join(c for c in first.lstrip("abcdefghijklmnopqrstuvwxyz") if c.isdigit())[:2]
    return first[:1] in "bhuvi" and len(digits) == 2 and int(digits) >= 55


def judge(
    headers: list[SliceHeader],
    stack: Stack | None,
    extent_lps_mm: tuple[float, float, float],
    notes: list[Finding],
) -> tuple[Verdict, tuple[Finding, ...], float]:
    """Verdict, reasons (gravest first) and planning score of one volume.

    Args:
        headers: its slices in order.
        stack: their geometry, None without.
        extent_lps_mm: the covered box.
        notes: findings made while grouping.
    """
    first = headers[0]
    modality = first.image.modality
    reasons = list(notes)
    if modality not in ("CT", "MR"):
        reasons.append(
            Finding(
                "info",
                "not_ct_or_mr",
                f"This is {modality or 'of unknown kind'}, not CT or MR: to look at only.",
            )
        )
        return "reference", tuple(reasons), 0.0
    reasons += _hindrances(headers, stack, extent_lps_mm)
    if not any(r.code in ("localizer", "colour", "rendered") for r in reasons):
        reasons += contradictions.stops(headers)
    if stack is not None and not any(r.severity == "stop" for r in reasons):
        reasons += _cautions(first, stack) + contradictions.cautions(headers, stack)
    reasons.sort(key=lambda r: SEVERITY_ORDER.index(r.severity))
    if any(r.severity == "stop" for r in reasons):
        return "unusable", tuple(reasons), 0.0
    assert stack is not None
    assert first.pixel_mm is not None
    verdict: Verdict = "limited" if any(r.severity == "caution" for r in reasons) else "usable"
    return verdict, tuple(reasons), _score(first, stack, extent_lps_mm, len(headers), reasons)


def _stop(
    code: str, text: str, value: float | None = None, limit: float | None = None, unit: str | None = None
) -> Finding:
    return Finding("stop", code, text, value, limit, unit)


def _hindrances(
    headers: list[SliceHeader], stack: Stack | None, extent_lps_mm: tuple[float, float, float]
) -> list[Finding]:
    first = headers[0]
    count = len(headers)
    words = {word.upper() for word in first.frame_type + first.image.image_type}
    if is_localizer(first):
        return [_stop("localizer", "This is a localizer, taken to plan the scan: it is not a volume.")]
    if first.image.samples != 1:
        return [_stop("colour", "The images are in colour, so they hold no measured values to plan on.")]
    if _RENDERED & words:
        return [_stop("rendered", "These are rendered or derived pictures, not slices of the patient.")]
    if stack is None:
        return [_why_no_geometry(headers)]
    found = []
    if stack.same_place:
        doubled = sum(len(group) for group in stack.same_place)
        most = max(len(group) for group in stack.same_place)
        text = (
            f"All {count} slices lie at one place, so they are not a volume."
            if len(stack.same_place) == 1 and doubled == count
            else f"{doubled} of {count} slices share a place with others that differ (up to {most} at one). "
            "Which to trust cannot be told, so this series cannot be planned."
        )
        found.append(_stop("conflicting_slices", text, doubled, 0, "slices"))
    if stack.uneven:
        found.append(
            _stop(
                "uneven_spacing",
                f"Slices lie up to {stack.uneven_mm:.1f} mm off an even pile of {stack.spacing_mm:.1f} mm. "
                "Distances would be wrong, so this series cannot be planned.",
                stack.uneven_mm,
                max(0.05, 0.1 * stack.spacing_mm),
                "mm",
            )
        )
    elif stack.gaps:
        missing = sum(gap.missing for gap in stack.gaps)
        low, high = min(g.low_mm for g in stack.gaps), max(g.high_mm for g in stack.gaps)
        where = f"between {low:.0f} and {high:.0f} mm"
        if len(stack.gaps) > 1:
            where = f"in {len(stack.gaps)} gaps {where}"
        found.append(
            _stop(
                "missing_slices",
                f"{missing} of {count + missing} slices {'is' if missing == 1 else 'are'} missing {where}. "
                "Distances across the gap would be wrong, so this series cannot be planned."
                + (" They may be interpolated if you agree." if may_fill(stack, count) else ""),
                missing,
                0,
                "slices",
            )
        )
    if stack.wander_mm > MAX_WANDER_MM:
        found.append(
            _stop(
                "shifted_slices",
                f"Slices are shifted sideways by up to {stack.wander_mm:.1f} mm without order, "
                "so this series cannot be planned.",
                stack.wander_mm,
                MAX_WANDER_MM,
                "mm",
            )
        )
    if count < MIN_SLICES:
        found.append(
            _stop(
                "few_slices",
                f"{count} slice{'' if count == 1 else 's'}: fewer than the {MIN_SLICES} that a volume needs.",
                count,
                MIN_SLICES,
                "slices",
            )
        )
    elif min(extent_lps_mm) < MIN_EXTENT_MM:
        found.append(
            _stop(
                "small_extent",
                f"The images cover {' x '.join(f'{v:.0f}' for v in extent_lps_mm)} mm: "
                f"less than the {MIN_EXTENT_MM:.0f} mm that one vertebra needs.",
                min(extent_lps_mm),
                MIN_EXTENT_MM,
                "mm",
            )
        )
    return found


def _why_no_geometry(headers: list[SliceHeader]) -> Finding:
    if any(h.position_lps_mm is None or h.orientation_lps is None for h in headers):
        return _stop(
            "no_geometry", "The headers do not say where the slices lie, so distances cannot be measured."
        )
    if any(h.pixel_mm is None for h in headers):
        return _stop(
            "no_pixel_size", "The headers do not say how large a pixel is, so distances cannot be measured."
        )
    text = "The headers say that rows and columns are not at right angles, which cannot be true."
    return _stop("bad_orientation", text)


def _cautions(first: SliceHeader, stack: Stack) -> list[Finding]:
    found = []
    assert first.pixel_mm is not None
    pixel = max(first.pixel_mm)
    if stack.sheared:
        text = (
            f"The gantry was tilted by {stack.tilt_deg:.1f}°. The slices are shifted back into a straight "
            "volume when they are loaded."
        )
        found.append(Finding("caution", "gantry_tilt", text, stack.tilt_deg, 0.0, "deg"))
    if first.image.modality == "MR":
        found.append(
            Finding(
                "caution",
                "mr_only",
                "MR does not show the cortical wall of a pedicle as CT does. Good for the level "
                "and the bone marrow; plan the path on a CT.",
            )
        )
        return found
    if stack.spacing_mm > MAX_SLICE_MM + 0.005:
        text = (
            f"Slices are {stack.spacing_mm:.1f} mm apart. Pedicle walls cannot be measured to 1 mm. "
            "Good for practice, too coarse to approve."
        )
        found.append(Finding("caution", "thick_slices", text, stack.spacing_mm, MAX_SLICE_MM, "mm"))
    elif first.thickness_mm is not None and first.thickness_mm > MAX_SLICE_MM + 0.005:
        text = (
            f"Slices are {first.thickness_mm:.1f} mm thick, although {stack.spacing_mm:.1f} mm apart. "
            "Pedicle walls cannot be measured to 1 mm. Good for practice, too coarse to approve."
        )
        found.append(Finding("caution", "thick_slices", text, first.thickness_mm, MAX_SLICE_MM, "mm"))
    if pixel > MAX_PIXEL_MM + 0.005:
        text = (
            f"Pixels are {pixel:.1f} mm wide. Pedicle walls cannot be measured to 1 mm. "
            "Good for practice, too coarse to approve."
        )
        found.append(Finding("caution", "large_pixels", text, pixel, MAX_PIXEL_MM, "mm"))
    if not first.image.rescaled and first.image.sop_class_uid == "1.2.840.10008.5.1.4.1.1.2":
        found.append(
            Finding(
                "caution", "no_rescale", "The header has no rescale to HU. The stored values are taken as HU."
            )
        )
    return found


def _score(
    first: SliceHeader,
    stack: Stack,
    extent_lps_mm: tuple[float, float, float],
    count: int,
    reasons: list[Finding],
) -> float:
    """0 to 100: CT before MR, then fine voxels, bone kernel, length along the spine."""
    assert first.pixel_mm is not None
    slice_mm = max(stack.spacing_mm, first.thickness_mm or 0.0)
    fine = (
        float(np.clip((4.0 - slice_mm) / 3.4, 0, 1)) * 30
        + float(np.clip((1.5 - max(first.pixel_mm)) / 1.2, 0, 1)) * 15
    )
    length = min(1.0, extent_lps_mm[2] / 250.0) * 15 + min(1.0, count / 200.0) * 3
    base = 25.0 if first.image.modality == "CT" else 1.0
    kernel = 7.0 if is_bone_kernel(first.image.kernel, first.image.description) else 0.0
    plane = 5.0 if stack.orientation == "axial" else 0.0
    penalty = 8.0 * sum(r.severity == "caution" for r in reasons if r.code != "mr_only")
    whole = base + fine + length + kernel + plane - penalty
    return round(max(0.1, whole if first.image.modality == "CT" else whole * 0.3), 2)
