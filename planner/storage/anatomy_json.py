"""What was measured on the vertebrae, kept with a case so that opening it again need not measure anew.

A cache, never a source: it is used only where the label maps, the voxels and the way of measuring are those
it was written for, and whoever cannot use it measures again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any, cast

import numpy as np

from imaging.anatomy import BodyGeometry, ForamenGeometry, PedicleGeometry, VertebraAnatomy
from imaging.findings import Finding
from imaging.labels import NAME_FROM_VERSE, SIDES
from planner.version import app_version

# To be raised when what imaging.segmentation measures, or how, changes.
MEASURES = 2

_BODY = {
    "centre_lps_mm": (3,),
    "axes_lps": (3, 3),
    "posterior_wall_lps_mm": (3,),
    "anterior_wall_lps_mm": (3,),
    "superior_endplate": (2, 3),
    "inferior_endplate": (2, 3),
}


def key_of(label_files: Iterable[bytes], voxel_sha256: str) -> str:
    """What a record of measures stands on: label maps as written, voxels, program and way of measuring."""
    digest = hashlib.sha256(f"{MEASURES} {app_version()} {voxel_sha256}".encode())
    for data in label_files:
        digest.update(hashlib.sha256(data).digest())
    return digest.hexdigest()


def anatomy_to_text(levels: Iterable[VertebraAnatomy], key: str) -> str:
    """JSON text; numbers are written so that they are read back bit for bit."""
    return json.dumps({"schema": 1, "key": key, "vertebrae": [_vertebra(a) for a in levels]})


def anatomy_from_bytes(data: bytes, key: str) -> tuple[VertebraAnatomy, ...] | None:
    """The measures, top to bottom; None where they belong to something else or are damaged."""
    try:
        document = json.loads(data.decode("utf-8"))
        if document["schema"] != 1 or document["key"] != key:
            return None
        return tuple(_read(v) for v in document["vertebrae"])
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def _list(value: Any) -> Any:
    return None if value is None else np.asarray(value, float).tolist()


def _vertebra(a: VertebraAnatomy) -> dict[str, Any]:
    body = {name: _list(getattr(a.body, name)) for name in _BODY}
    sizes = {name: float(getattr(a.body, name)) for name in ("width_mm", "depth_mm", "height_mm")}
    foramen = a.foramen
    return {
        "verse": int(a.verse),
        "confidence": float(a.confidence),
        "body": body | sizes,
        "pedicles": {
            side: {
                "isthmus_centre_lps_mm": _list(p.isthmus_centre_lps_mm),
                "axis_lps": _list(p.axis_lps),
                "width_mm": float(p.width_mm),
                "height_mm": float(p.height_mm),
                "area_mm2": float(p.area_mm2),
            }
            for side, p in a.pedicles.items()
        },
        "foramen": None
        if foramen is None
        else {"mouth_lps_mm": _list(foramen.mouth_lps_mm), "depth_mm": float(foramen.depth_mm)},
        "spinous_tip_lps_mm": _list(a.spinous_tip_lps_mm),
        "cancellous_hu": None if a.cancellous_hu is None else float(a.cancellous_hu),
        "findings": [asdict(f) for f in a.findings],
    }


def _array(value: Any, shape: tuple[int, ...]) -> np.ndarray[Any, np.dtype[np.float64]]:
    made = np.array(value, float)
    if made.shape != shape or not np.isfinite(made).all():
        raise ValueError("not the numbers that were written")
    return made


def _size(value: Any) -> float:
    return float(_array(value, ()))


def _read(d: dict[str, Any]) -> VertebraAnatomy:
    verse, body, foramen, hu, tip = (
        d["verse"],
        d["body"],
        d["foramen"],
        d["cancellous_hu"],
        d["spinous_tip_lps_mm"],
    )
    if verse not in NAME_FROM_VERSE:
        raise ValueError("no vertebra's number")
    fields: dict[str, Any] = {name: _array(body[name], shape) for name, shape in _BODY.items()}
    fields |= {name: _size(body[name]) for name in ("width_mm", "depth_mm", "height_mm")}
    return VertebraAnatomy(
        verse,
        _size(d["confidence"]),
        BodyGeometry(**fields),
        {
            side: PedicleGeometry(
                _array(p["isthmus_centre_lps_mm"], (3,)),
                _array(p["axis_lps"], (3,)),
                _size(p["width_mm"]),
                _size(p["height_mm"]),
                _size(p["area_mm2"]),
            )
            for side in SIDES
            if (p := d["pedicles"].get(side)) is not None
        },
        None
        if foramen is None
        else ForamenGeometry(_array(foramen["mouth_lps_mm"], (3,)), _size(foramen["depth_mm"])),
        None if tip is None else _array(tip, (3,)),
        None if hu is None else _size(hu),
        tuple(_finding(f) for f in d["findings"]),
    )


def _finding(f: dict[str, Any]) -> Finding:
    if f["severity"] not in ("info", "caution", "stop"):
        raise ValueError("no severity")
    unit = None if f["unit"] is None else str(f["unit"])
    value, limit = (None if f[k] is None else _size(f[k]) for k in ("value", "limit"))
    return Finding(cast(Any, f["severity"]), str(f["code"]), str(f["text"]), value, limit, unit)
