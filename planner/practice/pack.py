"""Case packs: one file with a body, its truth and a task, and nothing of the patient.

A pack holds voxels, label maps, measured geometry and the plan. It has no DICOM header, no identifier, no
date and no name; its title is what the exporting person typed.
"""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imaging.anatomy import BodyGeometry, ForamenGeometry, PedicleGeometry, VertebraAnatomy
from imaging.errors import PlannerError
from imaging.geometry.grid import VolumeGrid
from imaging.labels import NAME_FROM_VERSE
from imaging.progress import NULL_PROGRESS, Progress, SubProgress
from imaging.volume import LabelVolume, Volume
from planner.devices.catalogue import device_by_id
from planner.domain.plan import Target, TrajectoryParameters
from planner.practice.scenario import Scenario, ScenarioSpec, make_scenario, voxels_sha256
from planner.storage.atomic import whole_file

SUFFIX = ".bvnpack"
SCHEMA = 1
_JSON, _HU, _VERTEBRAE, _STRUCTURES = "pack.json", "hu.npy", "vertebrae.npy", "structures.npy"
_MEMBERS = (_JSON, _HU, _VERTEBRAE, _STRUCTURES)
_LARGEST_MEMBER = 1 << 30


def write_pack(path: Path, scenario: Scenario, title: str, progress: Progress = NULL_PROGRESS) -> None:
    """Write a pack whole or not at all."""
    t = scenario.plan
    document = {
        "schema": SCHEMA,
        "title": title,
        "verse": scenario.spec.verse,
        "side": scenario.side,
        "device": scenario.device.id,
        "voxels": scenario.spec.voxels or voxels_sha256(scenario.volume),
        "made_from": scenario.volume.made_from,
        "lps_from_ijk": scenario.volume.grid.lps_from_ijk.tolist(),
        "parameters": asdict(t.parameters),
        "skin_entry_lps_mm": t.skin_entry_lps_mm,
        "target": asdict(scenario.target),
        "levels": [_level(a) for a in scenario.levels],
    }
    arrays: dict[str, NDArray[Any]] = {
        _HU: scenario.volume.values,
        _VERTEBRAE: scenario.vertebrae.labels,
        _STRUCTURES: scenario.structures.labels,
    }
    with (
        whole_file(path) as temporary,
        zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED, compresslevel=4) as z,
    ):
        z.writestr(zipfile.ZipInfo(_JSON), json.dumps(document, indent=1))
        for n, (name, array) in enumerate(arrays.items()):
            progress.step(n / 3, "Writing the case pack")
            data = io.BytesIO()
            np.save(data, np.asarray(array), allow_pickle=False)
            z.writestr(zipfile.ZipInfo(name), data.getvalue(), zipfile.ZIP_DEFLATED)
    progress.step(1.0, "Case pack written")


def read_pack(path: Path, progress: Progress = NULL_PROGRESS) -> Scenario:
    """Read a pack; PlannerError ``missing_pack`` or ``bad_pack`` says what is wrong. Nothing is unpacked."""
    if not path.is_file():
        raise PlannerError("missing_pack", f"There is no case pack {path}.")
    progress.step(0.0, "Reading the case pack")
    try:
        with zipfile.ZipFile(path) as archive:
            names = sorted(i.filename for i in archive.infolist())
            if names != sorted(_MEMBERS):
                raise ValueError("it holds other parts than a case pack")
            if any(i.file_size > _LARGEST_MEMBER for i in archive.infolist()):
                raise ValueError("a part is larger than 1 GiB")
            data = json.loads(archive.read(_JSON))
            hu, vertebrae, structures = (_array(archive.read(n)) for n in _MEMBERS[1:])
        return _scenario(data, hu, vertebrae, structures, SubProgress(progress, 0.3, 1.0))
    except PlannerError:
        raise
    except (
        OSError,
        zipfile.BadZipFile,
        ValueError,
        KeyError,
        TypeError,
        NotImplementedError,
        EOFError,
    ) as error:
        raise PlannerError("bad_pack", f"{path.name} is not a case pack: {error}.") from error


def _maker(value: object) -> str:
    """The modality that HU were made up from; a stamp may not be lost to a value of another kind."""
    if value not in ("", "MR"):
        raise ValueError("what its voxels were made from is unknown")
    return str(value)


def _scenario(
    data: dict[str, Any],
    hu: NDArray[Any],
    vertebrae: NDArray[Any],
    structures: NDArray[Any],
    progress: Progress,
) -> Scenario:
    if data["schema"] != SCHEMA:
        raise ValueError(f"it is of version {data['schema']}, this program reads {SCHEMA}")
    if hu.dtype != np.int16 or vertebrae.dtype != np.uint8 or structures.dtype != np.uint8 or hu.ndim != 3:
        raise ValueError("its voxels are not those of a CT with label maps")
    if data["side"] not in ("left", "right") or data["verse"] not in NAME_FROM_VERSE:
        raise ValueError("its task is unknown")
    grid = VolumeGrid(hu.shape, np.array(data["lps_from_ijk"], float))
    volume = Volume(grid, hu, made_from=_maker(data["made_from"]))
    maps = LabelVolume(grid, vertebrae), LabelVolume(grid, structures)
    if voxels_sha256(volume) != data["voxels"]:
        raise ValueError("its voxels are not those it was written with")
    levels = tuple(_anatomy(row) for row in data["levels"])
    device = device_by_id(str(data["device"]))
    spec = ScenarioSpec(
        "pack", str(data["title"]), int(data["verse"]), data["side"], device.id, {}, data["voxels"]
    )
    target = Target(**{**data["target"], "centre_lps_mm": tuple(data["target"]["centre_lps_mm"])})
    raw: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in data["parameters"].items()}
    skin = data["skin_entry_lps_mm"]
    place = None if skin is None else (float(skin[0]), float(skin[1]), float(skin[2]))
    way = TrajectoryParameters(**raw)
    return make_scenario(spec, volume, *maps, levels, device, progress, way, target, place)


def _array(data: bytes) -> NDArray[Any]:
    array = np.load(io.BytesIO(data), allow_pickle=False)
    return np.asarray(array)


def _level(a: VertebraAnatomy) -> dict[str, Any]:
    body = {k: v.tolist() if isinstance(v, np.ndarray) else v for k, v in vars(a.body).items()}
    pedicles = {
        side: {k: v.tolist() if isinstance(v, np.ndarray) else v for k, v in vars(p).items()}
        for side, p in a.pedicles.items()
    }
    foramen = None if a.foramen is None else [a.foramen.mouth_lps_mm.tolist(), a.foramen.depth_mm]
    tip = None if a.spinous_tip_lps_mm is None else a.spinous_tip_lps_mm.tolist()
    return {
        "verse": a.verse,
        "body": body,
        "pedicles": pedicles,
        "foramen": foramen,
        "spinous_tip_lps_mm": tip,
    }


def _anatomy(row: dict[str, Any]) -> VertebraAnatomy:
    def arrays(values: dict[str, Any]) -> dict[str, Any]:
        return {k: np.array(v, float) if isinstance(v, list) else float(v) for k, v in values.items()}

    foramen, tip = row["foramen"], row["spinous_tip_lps_mm"]
    return VertebraAnatomy(
        int(row["verse"]),
        1.0,
        BodyGeometry(**arrays(row["body"])),
        {
            side: PedicleGeometry(**arrays(p))
            for side, p in row["pedicles"].items()
            if side in ("left", "right")
        },
        None if foramen is None else ForamenGeometry(np.array(foramen[0], float), float(foramen[1])),
        None if tip is None else np.array(tip, float),
    )
