"""All screens, one line each; the step bar puts them into its own order."""

from __future__ import annotations

from ui.review.screen import REVIEW
from ui.screens.archive import ARCHIVE
from ui.screens.export import EXPORT
from ui.screens.images import IMAGES
from ui.screens.levels import LEVELS
from ui.screens.practice import PRACTICE
from ui.screens.registry import ORDER, Screen
from ui.screens.targets import TARGETS
from ui.screens.trajectories import TRAJECTORIES
from ui.screens.xray import XRAY
from ui.settings.screen import SETTINGS

SCREENS: tuple[Screen, ...] = (
    IMAGES,
    TARGETS,
    LEVELS,
    TRAJECTORIES,
    REVIEW,
    XRAY,
    EXPORT,
    ARCHIVE,
    SETTINGS,
    PRACTICE,
)


def in_order(screens: tuple[Screen, ...] = SCREENS) -> list[Screen]:
    """The screens in the order of the step bar."""
    return sorted(screens, key=lambda s: ORDER.index(s.key))
