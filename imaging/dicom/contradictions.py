"""Where headers contradict each other, the positions, or themselves: told, or refused."""

from __future__ import annotations

from collections.abc import Sequence

from imaging.dicom.headers import SliceHeader
from imaging.dicom.stack import Stack
from imaging.findings import Finding

_CT_CLASSES = {
    "1.2.840.10008.5.1.4.1.1.2",
    "1.2.840.10008.5.1.4.1.1.2.1",
    "1.2.840.10008.5.1.4.1.1.2.2",
}
_MR_CLASSES = {
    "1.2.840.10008.5.1.4.1.1.4",
    "1.2.840.10008.5.1.4.1.1.4.1",
    "1.2.840.10008.5.1.4.1.1.4.4",
}
_OTHER_IMAGES = {
    "1.2.840.10008.5.1.4.1.1.128": "PET",
    "1.2.840.10008.5.1.4.1.1.130": "PET",
    "1.2.840.10008.5.1.4.1.1.20": "nuclear medicine",
    "1.2.840.10008.5.1.4.1.1.481.2": "a radiotherapy dose",
    "1.2.840.10008.5.1.4.1.1.66.4": "a segmentation",
    "1.2.840.10008.5.1.4.1.1.7": "a secondary capture",
}
_TILT_TOLERANCE_DEG = 1.0


def stops(headers: Sequence[SliceHeader]) -> list[Finding]:
    """What makes the values of a CT or MR series unusable."""
    image = headers[0].image
    found = []
    says = "CT" if image.sop_class_uid in _CT_CLASSES else "MR" if image.sop_class_uid in _MR_CLASSES else ""
    says = says or _OTHER_IMAGES.get(image.sop_class_uid, "")
    if says and says != image.modality:
        text = (
            f"The header calls these images {image.modality}, but their kind of object is {says}. "
            "Which is true cannot be told, so this series cannot be planned."
        )
        found.append(Finding("stop", "modality_contradicts", text))
    if image.modality == "CT":
        found += _rescale(headers)
    return found


def _rescale(headers: Sequence[SliceHeader]) -> list[Finding]:
    images = {h.image.path: h.image for h in headers}.values()
    rescaled = sum(i.rescaled for i in images)
    if 0 < rescaled < len(images):
        text = (
            f"{len(images) - rescaled} of {len(images)} slices have no rescale to HU while the others have. "
            "Densities would jump between slices, so this series cannot be planned."
        )
        return [Finding("stop", "rescale_contradicts", text, len(images) - rescaled, 0, "slices")]
    if any(i.slope is not None and i.slope <= 0 for i in images):
        text = "The rescale slope is zero or negative, so the values are no HU: this cannot be planned."
        return [Finding("stop", "bad_rescale", text)]
    kinds = {i.rescale_type.upper() for i in images} - {"", "HU", "US", "HU_MOD"}
    if kinds:
        text = (
            f"The values are in {sorted(kinds)[0]}, not in HU: bone cannot be told by them, "
            "so this series cannot be planned."
        )
        return [Finding("stop", "not_hu", text)]
    return []


def cautions(headers: Sequence[SliceHeader], stack: Stack) -> list[Finding]:
    """What the user should know though the positions decide."""
    image = headers[0].image
    found = []
    postures = sorted({h.image.patient_position for h in headers})
    if len(postures) > 1:
        named = ", ".join(p or "none" for p in postures)
        text = (
            f"The slices name different patient positions ({named}). Left and right follow the image "
            "orientation, which all share. Check them against the patient."
        )
        found.append(Finding("caution", "patient_position_contradicts", text))
    tilt = abs(image.tilt_deg) if image.tilt_deg is not None else None
    if image.modality == "CT" and tilt is not None and tilt < 60:
        shown = stack.tilt_deg if stack.sheared else 0.0
        if abs(tilt - shown) > _TILT_TOLERANCE_DEG:
            text = (
                f"The header says that the gantry was tilted by {tilt:.1f}°, the positions of the "
                f"slices say {shown:.1f}°. If the positions used are wrong, the spine looks sheared."
            )
            found.append(Finding("caution", "tilt_contradicts", text, tilt, shown, "deg"))
    between = image.between_mm
    if between is not None and between > 0 and abs(between - stack.spacing_mm) > 0.05 * stack.spacing_mm:
        text = (
            f"The header gives {between:.2f} mm between slices, their positions {stack.spacing_mm:.2f} mm. "
            "The positions are used."
        )
        found.append(Finding("info", "spacing_contradicts", text, between, stack.spacing_mm, "mm"))
    thickness = headers[0].thickness_mm
    if thickness is not None and thickness > 1.05 * stack.spacing_mm:
        text = f"Slices of {thickness:.1f} mm overlap: they lie {stack.spacing_mm:.1f} mm apart."
        found.append(Finding("info", "overlapping_slices", text, thickness, stack.spacing_mm, "mm"))
    if any(h.image.lossy for h in headers):
        text = "The images were compressed with loss: fine edges of bone may be blurred or shifted."
        found.append(Finding("info", "lossy", text))
    if not image.frame_of_reference_uid:
        text = "The header has no frame of reference, so other series cannot be laid over this one by it."
        found.append(Finding("info", "no_frame_of_reference", text))
    if image.series_uid_made:
        text = "The header names no series, so the files were put together by what else they say."
        found.append(Finding("info", "no_series_uid", text))
    return found
