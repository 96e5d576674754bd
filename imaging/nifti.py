"""NIfTI files from strangers: the header is believed only as far as the file can hold what it claims."""

from __future__ import annotations

import gzip
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from imaging.errors import PlannerError

MOST_VOXELS = 1 << 30
_MOST_RATIO = 1100  # deflate cannot pack tighter than 1032 to 1


def read_nifti(path: Path) -> Any:
    """A SimpleITK image of a three-dimensional NIfTI file, at most 2^30 voxels.

    Raises:
        PlannerError: bad_image_file, saying what is wrong.
    """
    import SimpleITK as sitk

    _check(path)
    try:
        image = sitk.ReadImage(str(path))
    except (RuntimeError, ValueError, MemoryError) as error:
        raise _bad(path, "its voxels cannot be read") from error
    if image.GetDimension() != 3 or image.GetNumberOfComponentsPerPixel() != 1:
        raise _bad(path, "it is not one three-dimensional image")
    placed = np.array(image.GetDirection()).reshape(3, 3) * image.GetSpacing()
    if not np.isfinite(placed).all() or abs(np.linalg.det(placed)) < 1e-9:
        raise _bad(path, "its directions are not those of a volume")
    if not np.isfinite(image.GetOrigin()).all():
        raise _bad(path, "it does not say where it lies")
    return image


def _bad(path: Path, why: str) -> PlannerError:
    return PlannerError("bad_image_file", f"{path.name} cannot be used: {why}.")


def _check(path: Path) -> None:
    try:
        size = path.stat().st_size
        with path.open("rb") as stream:
            packed = stream.read(2) == b"\x1f\x8b"
        with gzip.open(path) if packed else path.open("rb") as stream:
            head = stream.read(352)
    except FileNotFoundError as error:
        raise PlannerError("missing_image_file", f"There is no file {path}.") from error
    except (OSError, EOFError, zlib.error) as error:
        raise _bad(path, "it is damaged or may not be read") from error
    if len(head) < 348:
        raise _bad(path, "it is cut short")
    order = "<" if head[:4] == b"\x5c\x01\x00\x00" else ">" if head[:4] == b"\x00\x00\x01\x5c" else ""
    if not order or head[344:347] != b"n+1":
        raise _bad(path, "it is no NIfTI file of version 1")
    dims = struct.unpack(order + "8h", head[40:56])
    bits = struct.unpack(order + "h", head[72:74])[0]
    count = dims[0]
    if not 3 <= count <= 7 or any(d < 1 for d in dims[1:4]) or any(d > 1 for d in dims[4 : count + 1]):
        raise _bad(path, "it is not one three-dimensional image")
    voxels = dims[1] * dims[2] * dims[3]
    if voxels > MOST_VOXELS:
        raise _bad(path, f"it claims {voxels} voxels, more than {MOST_VOXELS}")
    if not 8 <= bits <= 64 or voxels * bits // 8 > size * (_MOST_RATIO if packed else 1):
        raise _bad(path, "it is shorter than its header says")
