"""C-arms as data."""

from __future__ import annotations

from imaging.geometry.carm import CArm, Reach

MOBILE = CArm()
"""Distances, panel and orbit of DeepDRR's Siemens Cios-like arm (clinical.md 3.2 [F:21]); tilt assumed."""

FIXED = CArm(
    name="fixed flat panel",
    sid_mm=1100.0,
    sod_mm=780.0,
    columns=768,
    rows=768,
    pixel_mm=300.0 / 768,
    reach=Reach(left_deg=120.0, right_deg=120.0, cephalad_deg=50.0, caudad_deg=50.0),
)
"""A floor-mounted angiography arm; all numbers typical, none of one product [K?]."""

PROFILES: dict[str, CArm] = {"mobile": MOBILE, "fixed": FIXED}
