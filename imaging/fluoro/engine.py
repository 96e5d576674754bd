"""One call from volume, C-arm, pose, technique and tools to a picture with its dose.

    engine = FluoroEngine(volume)
    shot = engine.take(CArmPose(180.0, 0.0, target_lps_mm), PictureSettings(), tools=[Tool(path, diameters)])
    shot.pixels, shot.projection, shot.dose

Moving a tool never projects the patient again: the body's shadow is kept for recent poses.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from imaging.errors import PlannerError
from imaging.fluoro import compiled
from imaging.fluoro.annotate import source_stamp, stamped
from imaging.fluoro.attenuation import bone_excess, effective_kev, steel_relative, water_mu_per_mm
from imaging.fluoro.card import Card, agreement
from imaging.fluoro.extent import Extent
from imaging.fluoro.picture import PictureSettings, coarse_shape, exposed_picture
from imaging.fluoro.projector import Projector
from imaging.fluoro.rows import CoarseMask
from imaging.fluoro.technique import Dose, expose, spectrum
from imaging.fluoro.tools import Tool, tools_line_integral
from imaging.geometry.carm import CArm, CArmPose, Projection
from imaging.progress import TaskCancelledError
from imaging.volume import Volume

Shadow = NDArray[np.float32]
_TRIAL_ANGLES_DEG = ((180.0, 0.0), (150.0, 15.0), (90.0, 0.0))
_TRIAL_PX = 512
_CARD_MAY_DIFFER = 0.01


@dataclass(frozen=True, eq=False)
class FluoroPicture:
    """One pulse.

    Attributes:
        pixels: (rows, columns) uint8, without writing but the stamp of a volume that was not measured.
        projection: the one matrix for overlay, tools and measurement.
        dose: of this pulse.
    """

    pixels: NDArray[np.uint8]
    projection: Projection
    dose: Dose


@dataclass(frozen=True)
class CardTrial:
    """How a graphics card did against the processor on one volume.

    Attributes:
        difference: the worst 99.9th percentile of the difference, as a share of the greatest line integral.
        card_s: for all pictures of the trial.
        processor_s: for the same.
    """

    difference: float
    card_s: float
    processor_s: float

    @property
    def is_passed(self) -> bool:
        """Whether it agrees within 1 % and is quicker."""
        return self.difference <= _CARD_MAY_DIFFER and self.card_s < self.processor_s


@dataclass(frozen=True, eq=False)
class Beam:
    """Line integrals of one pose.

    Attributes:
        projection: they were made with.
        body: (rows, columns) at 60 keV; or of water and of bone's excess in mm.
        metal: (rows, columns) at 60 keV.
    """

    projection: Projection
    body: tuple[Shadow, ...]
    metal: Shadow | None


class FluoroEngine:
    """Pictures of one CT volume. May be called from several threads.

    Args:
        volume: CT.
        carm: distances and detector; ``take`` may be given another.
        keep: leave out what lies outside this mask (see rows.patient_mask), such as the scanner's table.
        kept_shadows: how many poses' shadows are remembered.

    Raises:
        PlannerError: no_fluoro, not a CT.
    """

    def __init__(
        self,
        volume: Volume,
        carm: CArm | None = None,
        keep: CoarseMask | None = None,
        kept_shadows: int = 24,
    ) -> None:
        if volume.modality != "CT":
            raise PlannerError("no_fluoro", "X-rays can be simulated from CT only, not from MR.")
        self.volume = volume
        self.carm = carm or CArm()
        self._all = Projector(volume, keep=keep)
        self._water = Projector(volume, keep=keep, part="water")
        self._bone = Projector(volume, keep=keep, part="bone")
        self._extent = Extent(volume, keep, self._all.is_cropped)
        self._shadows: OrderedDict[tuple[object, ...], tuple[Shadow, ...]] = OrderedDict()
        self._card: Card | None = None
        self._trial: CardTrial | None = None
        self._kept, self._lock = kept_shadows, threading.Lock()

    def try_card(self, card: Card) -> CardTrial:
        """Tries a graphics card on this volume, once, and from then on projects with it if it passed.

        Raises:
            PlannerError: no_room_on_card.
        """
        if self._trial is not None:
            return self._trial
        compiled.wait()  # or it would be measured against numpy
        loaded = self._all.loaded(card)
        if loaded is None:
            raise PlannerError("no_room_on_card", "The graphics card does not hold this volume.")
        worst, card_s, processor_s = 0.0, 0.0, 0.0
        for primary, secondary in _TRIAL_ANGLES_DEG:
            pose = CArmPose(primary, secondary, self.volume.grid.centre_lps_mm)
            projection = Projection.of(self.carm.resized(_TRIAL_PX), pose)
            theirs, seconds = _timed(partial(self._all.card_line_integrals, loaded, projection))
            card_s += seconds
            ours, seconds = _timed(partial(self._all.line_integrals, projection))
            processor_s += seconds
            worst = max(worst, agreement(ours, theirs))
        self._trial = trial = CardTrial(worst, card_s, processor_s)
        if trial.is_passed:
            self._all.card, self._card = loaded, card
        else:
            loaded.release()
        return trial

    def take(
        self,
        pose: CArmPose,
        settings: PictureSettings | None = None,
        tools: Sequence[Tool] = (),
        carm: CArm | None = None,
        exposed: Dose | None = None,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> FluoroPicture:
        """A picture at ``pose``.

        Args:
            pose: angles, isocentre, turn and flip of the picture.
            settings: look and exposure; ``settings.seed`` must change from pulse to pulse for live noise.
            tools: metal in the beam.
            carm: instead of the engine's, for example ``engine.carm.resized(512)`` or ``.magnified(1.5)``.
            exposed: an exposure counted elsewhere, in place of the one that ``settings`` would give.
            cancelled: asked between the steps.

        Raises:
            TaskCancelledError: ``cancelled`` said so.
        """
        settings = settings or PictureSettings()
        beam = self.beam(pose, settings, tools, carm)
        if cancelled():
            raise TaskCancelledError
        return self.exposed(beam, settings, exposed)

    def beam(
        self, pose: CArmPose, settings: PictureSettings, tools: Sequence[Tool] = (), carm: CArm | None = None
    ) -> Beam:
        """The first half of ``take``: what the rays pass."""
        compiled.wait_for_loops()
        projection = Projection.of(carm or self.carm, pose)
        body = self.shadow(projection, settings.technique.beam == "spectrum")
        return Beam(projection, body, tools_line_integral(projection, tools) if tools else None)

    def exposed(self, beam: Beam, settings: PictureSettings, exposed: Dose | None = None) -> FluoroPicture:
        """The second half of ``take``: what the detector and the monitor make of it."""
        projection, shadow, metal = beam.projection, beam.body[0], beam.metal
        if len(beam.body) == 2:
            shadow, metal = _hardened(beam.body[0], beam.body[1], metal, projection, settings)
        known = self._extent.known(projection, *coarse_shape(projection.carm))
        pixels, dose = exposed_picture(shadow, metal, projection, settings, exposed, known)
        if self.volume.made_from:
            pixels = stamped(pixels, source_stamp(self.volume.made_from))
        return FluoroPicture(pixels, projection, dose)

    def shadow(self, projection: Projection, parts: bool = False) -> tuple[Shadow, ...]:
        """The body's line integrals at 60 keV, or with ``parts`` of water and of bone's excess in mm."""
        pose = projection.pose
        place = tuple(float(x) for x in pose.isocentre_lps_mm)
        key = (
            projection.carm, pose.primary_deg, pose.secondary_deg, place, pose.rotation_deg, pose.flipped,
            parts,
        )  # fmt: skip
        with self._lock:
            if key in self._shadows:
                self._shadows.move_to_end(key)
                return self._shadows[key]
        if parts and self._card is not None:
            card, self._card = self._card, None  # once: what does not fit will not fit later
            self._water.card, self._bone.card = self._water.loaded(card), self._bone.loaded(card)
        made = tuple(
            p.filled_line_integrals(projection)
            for p in ((self._water, self._bone) if parts else (self._all,))
        )
        with self._lock:
            self._shadows[key] = made
            while len(self._shadows) > self._kept:
                self._shadows.popitem(last=False)
        return made


def _timed(make: Callable[[], Shadow]) -> tuple[Shadow, float]:
    """What ``make`` makes at the second time, and the seconds of it."""
    make()
    began = time.perf_counter()
    return make(), time.perf_counter() - began


def _hardened(
    water: Shadow, bone: Shadow, metal: Shadow | None, projection: Projection, settings: PictureSettings
) -> tuple[Shadow, Shadow | None]:
    """Body and metal as a beam of several energies sees them, in the mono-energetic picture's units."""
    mono = water_mu_per_mm(60.0)
    lit = water > 10
    middle = float(np.median((water + bone_excess(60.0) * bone)[lit])) if lit.any() else 0.0
    dose = expose(settings.technique, projection.carm, middle * mono)
    energies, shares = spectrum(dose.kv)
    body = np.zeros_like(water)
    both = np.zeros_like(water)
    for energy, share in zip(energies, shares, strict=True):
        mu = water_mu_per_mm(energy)
        through = np.float32(share) * np.exp(
            -np.float32(mu) * (water + np.float32(bone_excess(energy)) * bone)
        )
        body += through
        if metal is not None:
            both += through * np.exp(-np.float32(steel_relative(energy)) * metal)
    shadow = -np.log(np.maximum(body, 1e-12))
    # exposed_picture scales mono-energetic integrals to the tube voltage; these already are at it.
    scale = np.float32(water_mu_per_mm(60.0) / water_mu_per_mm(effective_kev(dose.kv)))
    steel = None if metal is None else np.maximum(-np.log(np.maximum(both, 1e-12)) - shadow, 0)
    return shadow * scale, steel
