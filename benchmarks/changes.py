"""Changes to a real CT, its truth changed alongside: other crops, stacks, patients, scanners."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import product
from pathlib import Path

import numpy as np
import pydicom
import SimpleITK as sitk
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage as ndi

from imaging.geometry.grid import VolumeGrid
from imaging.labels import VERSE_FROM_NAME
from imaging.sitk_bridge import grid_from_image, image_from_array
from imaging.volume import Volume
from sample_dicom.restack import averaged
from sample_dicom.write import write_ct_study

CASES = ("ct_verse005", "ct_verse006", "ct_torso_3mm", "ct_thorax_full", "ct_l3_crop")
AIR_HU = -1024
Array = NDArray[np.float64]
Change = Callable[["Copy"], "Copy"]


@dataclass(frozen=True, eq=False)
class Copy:
    """A CT with its truth (each on its own grid), and how it is to be written."""

    image: sitk.Image
    truth: sitk.Image
    anchor: tuple[int, Array] | None = None
    header: dict[str, float] = field(default_factory=dict)

    def truth_on(self, grid: VolumeGrid) -> NDArray[np.uint8]:
        """The truth on another grid: of each voxel the label that most of it has."""
        fine = np.maximum(1, np.round(grid.spacing_ijk_mm / min(self.truth.GetSpacing()))).astype(int)
        votes: dict[int, NDArray[np.float32]] = {}
        shifts = list(product(*[(np.arange(n) + 0.5) / n - 0.5 for n in fine]))
        for shift in shifts:
            target = image_from_array(np.zeros((1, 1, 1), np.uint8), grid)
            got = sitk.GetArrayFromImage(
                sitk.Resample(
                    self.truth,
                    list(reversed(grid.shape_kji)),
                    sitk.Transform(),
                    sitk.sitkNearestNeighbor,
                    grid.lps_from_indices(shift).tolist(),
                    target.GetSpacing(),
                    target.GetDirection(),
                    0,
                )
            )
            for verse in np.unique(got[got > 0]):
                votes.setdefault(int(verse), np.zeros(grid.shape_kji, np.float32))[got == verse] += 1
        out = np.zeros(grid.shape_kji, np.uint8)
        most = np.full(grid.shape_kji, len(shifts) / 2 - 0.01, np.float32)
        for verse, count in votes.items():
            out[count > most] = verse
            most = np.maximum(most, count)
        return out


def read_original(folder: Path) -> Copy:
    """A case as it is."""
    if (folder / "dicom").is_dir():
        reader = sitk.ImageSeriesReader()
        reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(folder / "dicom")))
        image = reader.Execute()
    else:
        image = sitk.ReadImage(str(folder / "ct.nii.gz"))
    truth = sitk.Cast(sitk.ReadImage(str(folder / "truth.nii.gz")), sitk.sitkUInt8)
    copy = Copy(sitk.Cast(image, sitk.sitkInt16), truth)
    if folder.name == "ct_l3_crop":
        copy = replace(copy, anchor=(VERSE_FROM_NAME["L3"], _inside(copy, VERSE_FROM_NAME["L3"])))
    return copy


def write_copy(copy: Copy, folder: Path) -> None:
    """As DICOM CT slices; ``header`` may hold a slope, an intercept and a value outside the circle."""
    image = copy.image
    matrix = np.array(image.GetDirection()).reshape(3, 3)
    if np.linalg.det(matrix) < 0:
        image = image[:, :, ::-1]
    values = sitk.GetArrayFromImage(image)
    paths = write_ct_study(Volume(grid_from_image(image), values), folder, description="changed copy")
    if not copy.header:
        return
    slope, intercept = copy.header["slope"], copy.header["intercept"]
    for path, plane in zip(paths, values, strict=True):
        d = pydicom.dcmread(path)
        d.RescaleSlope, d.RescaleIntercept = slope, intercept
        d.PixelRepresentation = 1
        d.PixelData = np.rint((plane - intercept) / slope).astype("<i2").tobytes()
        d.save_as(path)


def _values(copy: Copy) -> NDArray[np.float32]:
    return sitk.GetArrayFromImage(copy.image).astype(np.float32)


def _with(copy: Copy, values: ArrayLike) -> Copy:
    image = sitk.GetImageFromArray(np.clip(np.rint(values), -3024, 3071).astype(np.int16))
    image.CopyInformation(copy.image)
    return replace(copy, image=image)


def _inside(copy: Copy, verse: int) -> Array:
    """The deepest point of a vertebra, LPS mm."""
    mask = sitk.GetArrayFromImage(copy.truth) == verse
    depth = ndi.distance_transform_edt(mask, sampling=copy.truth.GetSpacing()[::-1])
    kji = np.unravel_index(int(depth.argmax()), depth.shape)
    return np.array(copy.truth.TransformIndexToPhysicalPoint([int(n) for n in kji[::-1]]))


def _extent(copy: Copy, names: str) -> tuple[Array, Array]:
    """Least and greatest LPS mm of the voxels of some vertebrae, "L1 L2"."""
    mask = np.isin(sitk.GetArrayFromImage(copy.truth), [VERSE_FROM_NAME[n] for n in names.split()])
    points = grid_from_image(copy.truth).lps_from_indices(np.argwhere(mask)[:, ::-1])
    return points.min(0), points.max(0)


def boxed(copy: Copy, low: ArrayLike, high: ArrayLike) -> Copy:
    """Cut to a box of LPS mm."""

    def cut(image: sitk.Image) -> sitk.Image:
        grid = grid_from_image(image)
        ends = grid.indices_from_lps(np.stack([low, high]))
        ends = np.sort(np.clip(np.rint(ends), 0, np.array(image.GetSize()) - 1).astype(int), axis=0)
        return image[tuple(slice(int(a), int(b) + 1) for a, b in ends.T)]

    return replace(copy, image=cut(copy.image), truth=cut(copy.truth))


def along(copy: Copy, below: tuple[str, float] | None, above: tuple[str, float] | None) -> Copy:
    """Cut across the spine: (vertebra, mm above its deepest point) of the lower and of the upper end."""
    low, high = grid_from_image(copy.image).bounds_lps_mm.copy()
    if below is not None:
        low[2] = _inside(copy, VERSE_FROM_NAME[below[0]])[2] + below[1]
    if above is not None:
        high[2] = _inside(copy, VERSE_FROM_NAME[above[0]])[2] + above[1]
    return boxed(copy, low, high)


def beside(copy: Copy, right: float, left: float, front: float, back: float, at: str) -> Copy:
    """Cut to so many mm to each side of a vertebra's deepest point."""
    low, high = grid_from_image(copy.image).bounds_lps_mm.copy()
    middle = _inside(copy, VERSE_FROM_NAME[at])
    low[:2], high[:2] = middle[:2] - np.array([right, front]), middle[:2] + np.array([left, back])
    return boxed(copy, low, high)


def stacked(copy: Copy, columns: ArrayLike, spacing: tuple[float, float, float]) -> Copy:
    """On a grid of these directions and spacings, averaged through the slices' thickness."""
    axes = np.asarray(columns, float)
    volume = Volume(grid_from_image(copy.image), sitk.GetArrayFromImage(copy.image))
    sigma = [
        0.4 * np.sqrt(max(0.0, s**2 - f**2)) / f
        for s, f in zip([min(spacing)] * 3, volume.grid.spacing_ijk_mm[::-1], strict=True)
    ]
    if max(sigma) > 0.1:
        soft = ndi.gaussian_filter(volume.values.astype(np.float32), sigma)
        volume = Volume(volume.grid, np.rint(soft).astype(np.int16))
    low, high = volume.grid.bounds_lps_mm
    ends = np.array(list(product(*zip(low, high, strict=True)))) @ axes
    count = np.maximum(1, np.floor(np.ptp(ends, axis=0) / spacing + 1e-6).astype(int) + 1)
    origin = axes @ (ends.min(0) + (np.ptp(ends, axis=0) - (count - 1) * spacing) / 2)
    grid = VolumeGrid.from_parts(tuple(int(n) for n in count[::-1]), origin, spacing, axes)
    return replace(copy, image=image_from_array(averaged(volume, grid), grid))


AXIAL = np.eye(3)
SAGITTAL = np.array([[0, 0, 1], [1, 0, 0], [0, -1, 0]], float)
CORONAL = np.array([[1, 0, 0], [0, 0, 1], [0, -1, 0]], float)


def turned(degrees: float, about: int) -> Array:
    """Axes of an axial stack tilted about patient x, y or z."""
    a = np.deg2rad(degrees)
    out = np.eye(3)
    one, two = [n for n in range(3) if n != about]
    out[one, one] = out[two, two] = np.cos(a)
    out[one, two], out[two, one] = -np.sin(a), np.sin(a)
    return out


def oriented(copy: Copy, code: str) -> Copy:
    """Written with rows, columns and slices towards other sides (RAS is a patient lying prone)."""
    return replace(copy, image=sitk.DICOMOrient(copy.image, code))


def mirrored(copy: Copy) -> Copy:
    """The patient's left made right."""

    def flip(image: sitk.Image) -> sitk.Image:
        middle = grid_from_image(copy.image).centre_lps_mm[0]
        out = sitk.DICOMOrient(image, "LPS")
        origin = np.array(out.GetOrigin())
        width = (out.GetSize()[0] - 1) * out.GetSpacing()[0]
        values = sitk.GetImageFromArray(sitk.GetArrayFromImage(out)[:, :, ::-1])
        values.CopyInformation(out)
        origin[0] = 2 * middle - origin[0] - width
        values.SetOrigin(origin.tolist())
        return values

    anchor = copy.anchor
    if anchor is not None:
        middle = grid_from_image(copy.image).centre_lps_mm[0]
        anchor = (anchor[0], np.array([2 * middle - anchor[1][0], *anchor[1][1:]]))
    return replace(copy, image=flip(copy.image), truth=flip(copy.truth), anchor=anchor)


def scaled(copy: Copy, factor: float) -> Copy:
    """A smaller or larger patient."""

    def scale(image: sitk.Image) -> sitk.Image:
        out = sitk.Image(image)
        out.SetSpacing([s * factor for s in image.GetSpacing()])
        out.SetOrigin([s * factor for s in image.GetOrigin()])
        return out

    anchor = None if copy.anchor is None else (copy.anchor[0], copy.anchor[1] * factor)
    return replace(copy, image=scale(copy.image), truth=scale(copy.truth), anchor=anchor)


def noisy(copy: Copy, sd_hu: float) -> Copy:
    """Noise of a thin dose, a little correlated in plane."""
    values = _values(copy)
    noise = np.random.default_rng(1).normal(0, 1, values.shape).astype(np.float32)
    noise = ndi.gaussian_filter(noise, 0.6)
    return _with(copy, np.where(values > -1000, values + noise / noise.std() * sd_hu, values))


def smoothed(copy: Copy, mm: float) -> Copy:
    """A smooth kernel: blurred in every direction that is finer than the blur."""
    sigma = [mm / s if s < 2 else 0.0 for s in copy.image.GetSpacing()[::-1]]
    return _with(copy, ndi.gaussian_filter(_values(copy), sigma))


def sharpened(copy: Copy, mm: float, gain: float) -> Copy:
    """A sharp kernel: overshoot at edges."""
    values = _values(copy)
    sigma = [mm / s if s < 2 else 0.5 for s in copy.image.GetSpacing()[::-1]]
    return _with(copy, values + gain * (values - ndi.gaussian_filter(values, sigma)))


def denser(copy: Copy, factor: float) -> Copy:
    """Another tube voltage: HU over that of soft tissue multiplied."""
    values = _values(copy)
    return _with(copy, np.where(values > 60, 60 + (values - 60) * factor, values))


def porous(copy: Copy, hu: float) -> Copy:
    """Marrow made thinner within every vertebra of the truth."""
    grid = grid_from_image(copy.image)
    true = copy.truth_on(grid) > 0
    deep = ndi.distance_transform_edt(true, sampling=grid.spacing_ijk_mm[::-1])
    return _with(copy, _values(copy) - hu * np.clip(deep / 2.0 - 0.5, 0, 1))


def _lps(copy: Copy) -> Array:
    k, j, i = np.indices(copy.image.GetSize()[::-1])
    return grid_from_image(copy.image).lps_from_indices(np.stack([i, j, k], -1))


def enhanced(copy: Copy) -> Copy:
    """A bright aorta and a grey vena cava laid in front of the bodies, where there is soft tissue."""
    values, place = _values(copy), _lps(copy)
    centres = np.array([_inside(copy, int(v)) for v in _wholes(copy)])
    centres = centres[np.argsort(centres[:, 2])]
    grown = ndi.binary_dilation(copy.truth_on(grid_from_image(copy.image)) > 0, iterations=1)
    for side, radius, hu in ((10.0, 9.0, 330.0), (-14.0, 10.0, 190.0)):
        x, y = (np.interp(place[..., 2], centres[:, 2], centres[:, c]) for c in (0, 1))
        r = np.hypot(place[..., 0] - x - side, place[..., 1] - y + 31.0)
        share = np.clip((radius - r) / 1.5 + 0.5, 0, 1) * ~grown * (values < 200)
        values = values * (1 - share) + hu * share
    return _with(copy, values)


def _wholes(copy: Copy) -> NDArray[np.intp]:
    labels = sitk.GetArrayFromImage(copy.truth)
    count = np.bincount(labels[(labels > 0) & (labels < VERSE_FROM_NAME["L6"] + 1)])
    return np.flatnonzero(count > 0.4 * count.max())


def with_metal(copy: Copy, at: str) -> Copy:
    """Two rods beside the spinous process with a star of streaks in their slices."""
    values, place = _values(copy), _lps(copy)
    middle = _inside(copy, VERSE_FROM_NAME[at])
    near = np.clip(1 - np.abs(place[..., 2] - middle[2]) / 22.0, 0, 1)
    near = np.minimum(1, 3 * near)
    for side in (-1, 1):
        x, y = place[..., 0] - middle[0] - side * 17.0, place[..., 1] - middle[1] - 38.0
        r, angle = np.hypot(x, y), np.arctan2(y, x)
        values += near * 350 * np.cos(7 * angle + side) / (1 + (r / 9.0) ** 2)
        values = np.where((r < 3.2) & (near > 0.05), 3071, values)
    return _with(copy, values)


def circled(copy: Copy, padding: int, slope: float, intercept: float) -> Copy:
    """Values outside the scanner's circle set to a padding, stored with an odd slope and intercept."""
    values, place = _values(copy), _lps(copy)
    low, high = grid_from_image(copy.image).bounds_lps_mm
    centre, size = (low + high) / 2, (high - low) / 2
    r = np.hypot((place[..., 0] - centre[0]) / size[0], (place[..., 1] - centre[1]) / size[1])
    return replace(
        _with(copy, np.where(r > 1.0, padding, values)), header={"slope": slope, "intercept": intercept}
    )


def copies_of(short: str) -> dict[str, Change]:
    """The changes of a case, the likeliest in a stranger's CT first."""
    out: dict[str, Change] = {"as is": lambda copy: copy}
    out |= _CROPS[short]
    if short == "l3_crop":
        out |= {"mirrored": mirrored, "x0.85": partial(scaled, factor=0.85)}
        return out
    fine = min(_SPACING[short]) < 1.5
    middle = {"verse005": "L3", "verse006": "L4", "torso_3mm": "L3", "thorax_full": "T12"}[short]
    out |= {
        "mirrored": mirrored,
        "x0.85": partial(scaled, factor=0.85),
        "x1.15": partial(scaled, factor=1.15),
        "narrow": partial(beside, right=50, left=50, front=40, back=65, at=middle),
        "off centre": partial(beside, right=35, left=75, front=60, back=60, at=middle),
        "no back": partial(beside, right=90, left=90, front=90, back=45, at=middle),
    }
    step = {"verse005": 1.0, "verse006": 1.0, "torso_3mm": 3.0, "thorax_full": 0.9}[short]
    if short in ("verse005", "thorax_full"):
        out |= {
            f"axial {mm} mm": partial(stacked, columns=AXIAL, spacing=(step, step, mm)) for mm in (2, 3, 5)
        }
        out |= {f"all {mm} mm": partial(stacked, columns=AXIAL, spacing=(mm, mm, mm)) for mm in (1.5, 3.0)}
        out |= {
            f"sagittal {mm} mm": partial(stacked, columns=SAGITTAL, spacing=(step, step, mm)) for mm in (3, 4)
        }
        out |= {"coronal 3 mm": partial(stacked, columns=CORONAL, spacing=(step, step, 3))}
    if short == "torso_3mm":
        out |= {"all 1.5 mm": partial(stacked, columns=AXIAL, spacing=(1.5, 1.5, 1.5))}
        out |= {"axial 5 mm": partial(stacked, columns=AXIAL, spacing=(3, 3, 5))}
    thick = 2.5 if short == "thorax_full" else step
    out |= {
        "oblique 18": partial(stacked, columns=turned(18, 0), spacing=(step, step, thick)),
        "oblique -15": partial(stacked, columns=turned(-15, 0), spacing=(step, step, thick)),
        "leaning 15": partial(stacked, columns=turned(15, 1), spacing=(step, step, thick)),
        "twisted 15": partial(stacked, columns=turned(15, 2), spacing=(step, step, thick)),
        "noise 30": partial(noisy, sd_hu=30),
        "noise 60": partial(noisy, sd_hu=60),
        "noise 80": partial(noisy, sd_hu=80),
        "smooth": partial(smoothed, mm=1.0),
        "sharp": partial(sharpened, mm=1.0, gain=1.2),
        "bone x0.8": partial(denser, factor=0.8),
        "bone x1.2": partial(denser, factor=1.2),
        "osteoporotic 80": partial(porous, hu=80),
        "osteoporotic 120": partial(porous, hu=120),
        "contrast": enhanced,
        "prone": partial(oriented, code="RAS"),
        "feet first": partial(oriented, code="RPI"),
        "odd rescale": partial(circled, padding=-2048, slope=1.0, intercept=-1000.0),
        "padded": partial(circled, padding=-3024, slope=0.5, intercept=-24.0),
        "metal": partial(with_metal, at=middle),
    }
    if not fine:
        del out["noise 80"]
    return out


_SPACING = {"verse005": (1.0,), "verse006": (1.0,), "torso_3mm": (3.0,), "thorax_full": (0.7,)}
_CROPS: dict[str, dict[str, Change]] = {
    "verse005": {
        "L1 to L3": partial(along, below=("L4", 0), above=None),
        "L3 to L5": partial(along, below=None, above=("L2", 0)),
        "L4 and L5": partial(along, below=None, above=("L3", 0)),
        "L2 to L4": partial(along, below=("L5", 0), above=("L1", 0)),
        "no sacrum": partial(along, below=("L5", -14), above=None),
        "L5 cut": partial(along, below=("L5", 0), above=None),
        "L1 and L2": partial(along, below=("L3", 0), above=None),
    },
    "verse006": {
        "no sacrum": partial(along, below=("L5", -14), above=None),
        "L5 cut": partial(along, below=("L5", 0), above=None),
    },
    "torso_3mm": {
        "T11 to L2": partial(along, below=("L3", 0), above=None),
        "L1 to L3": partial(along, below=("L4", 0), above=("T12", 0)),
        "L1 to sacrum": partial(along, below=None, above=("T12", 0)),
        "L3 to sacrum": partial(along, below=None, above=("L2", 0)),
        "L4 to sacrum": partial(along, below=None, above=("L3", 0)),
        "no sacrum": partial(along, below=("L5", -14), above=None),
        "top of sacrum": partial(along, below=("L5", -45), above=None),
        "pelvis cut": partial(along, below=("L5", -75), above=None),
    },
    "thorax_full": {
        "T6 to T12": partial(along, below=("L1", 0), above=("T5", 0)),
        "T6 to T10": partial(along, below=("T11", 0), above=("T5", 0)),
        "T8 to L1": partial(along, below=("L2", 0), above=("T7", 0)),
        "T10 to end": partial(along, below=None, above=("T9", 0)),
        "T12 to end": partial(along, below=None, above=("T11", 0)),
        "L1 to end": partial(along, below=None, above=("T12", 0)),
        "T1 to T6": partial(along, below=("T7", 0), above=None),
    },
    "l3_crop": {},
}
