"""An MR laid on the plan's CT, as a person accepted it."""

from __future__ import annotations

from dataclasses import dataclass

Matrix = tuple[float, ...]
"""16 numbers of a (4, 4) rigid motion, row by row, LPS mm."""


@dataclass(frozen=True)
class FusedLevel:
    """One vertebra's own motion.

    Attributes:
        verse: VerSe number by the CT's counting; mr_verse: what the MR's own counting called it, None where
            its body was not drawn there.
        residual_mm: the worse of how far the neighbours' motions and a second search part.
        trusted: whether the residual allows showing the MR's findings on this level.
        foramen_lps_mm: mouth of the basivertebral foramen as the MR shows it, on the CT; None where not seen.
    """

    verse: int
    mr_verse: int | None
    ct_from_mr: Matrix
    residual_mm: float
    trusted: bool
    foramen_lps_mm: tuple[float, float, float] | None = None


@dataclass(frozen=True)
class Fusion:
    """The MR series, the whole spine's motion and each level's.

    ``shift`` is not 0 where the MR's own counting differs from the CT's by that many levels.
    """

    study_instance_uid: str
    series_instance_uid: str
    frame_of_reference_uid: str
    title: str
    ct_from_mr: Matrix
    levels: tuple[FusedLevel, ...]
    shift: int = 0

    def level(self, verse: int) -> FusedLevel | None:
        """A vertebra's motion, if it was fused."""
        return next((f for f in self.levels if f.verse == verse), None)
