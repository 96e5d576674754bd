"""A window that nobody sees, to render into. Knows VTK and no Qt."""

from __future__ import annotations

import sys

import vtkmodules.vtkRenderingOpenGL2  # noqa: F401  registers the OpenGL factories
from vtkmodules.vtkRenderingCore import vtkRenderWindow


def make_render_window(samples: int = 4) -> vtkRenderWindow:
    """An off-screen window: EGL on Linux, so that no display is needed; a hidden one elsewhere.

    ``samples`` a pixel; 0 for what moves, where the renderer smooths edges by itself.
    """
    if sys.platform.startswith("linux"):
        try:
            from vtkmodules.vtkRenderingOpenGL2 import vtkEGLRenderWindow

            window = vtkEGLRenderWindow()
        except ImportError:
            window = vtkRenderWindow()
    else:
        window = vtkRenderWindow()
    window.SetShowWindow(False)
    window.SetOffScreenRendering(1)
    window.SetMultiSamples(samples)
    return window
