"""Automatic views of every level of the phantom: how square they are, by measured anatomy and by truth.

Run: python -m benchmarks.views [variant]
"""

from __future__ import annotations

import sys

import numpy as np

from imaging.anatomy import VertebraAnatomy
from imaging.fluoro.views import (
    beam_to_tool_deg,
    pose_for,
    view_angles,
    view_isocentre,
    view_quality,
)
from imaging.geometry.carm import CArm, Projection
from imaging.labels import NAME_FROM_VERSE
from imaging.segmentation.anatomy import measure_anatomy
from sample_dicom.phantom import build_phantom


def main() -> None:
    """Print one line a level and side."""
    phantom = build_phantom()
    found = measure_anatomy(phantom.vertebrae, phantom.structures, phantom.volume, {})
    measured = {a.verse: a for a in found}
    worst: dict[str, float] = {}
    for verse in sorted(v for v in phantom.truth if 20 <= v <= 26 and v in measured):
        ours, truth = measured[verse], phantom.truth[verse]
        truth = VertebraAnatomy(verse, 1.0, truth.body, truth.pedicles, None, truth.spinous_tip_lps_mm)
        pedicle = ours.pedicles["left"]
        angles = {n: (p, s) for n, p, s in view_angles(ours, pedicle.axis_lps, "left")}
        line = f"{NAME_FROM_VERSE[verse]:3}"
        for name, anatomy in (("measured", ours), ("truth", truth)):
            ap = view_quality(anatomy, Projection.of(CArm(), pose_for(ours, angles["ap"])))
            middle = view_isocentre(ours, "lateral", ours.body.centre_lps_mm)
            lateral = view_quality(anatomy, Projection.of(CArm(), pose_for(middle, angles["lateral"])))
            en_face = Projection.of(CArm(), pose_for(ours, angles["en_face"]))
            figures = {
                "asymmetry mm": abs(ap.pedicle_asymmetry_mm or 0),
                "tilt °": ap.tilt_deg,
                "worse endplate °": max(ap.superior_tilt_deg, ap.inferior_tilt_deg),
                "pedicles mm": lateral.pedicle_separation_mm or 0,
                "en-face °": beam_to_tool_deg(en_face, pedicle.axis_lps),
            }
            line += f"  {name}: " + ", ".join(f"{k} {v:.2f}" for k, v in figures.items())
            for k, v in figures.items():
                worst[f"{name} {k}"] = max(worst.get(f"{name} {k}", 0.0), float(np.nan_to_num(v)))
        print(line)
    print("worst: " + ", ".join(f"{k} {v:.2f}" for k, v in worst.items()))


if __name__ == "__main__":
    sys.exit(main())
