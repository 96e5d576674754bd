"""Line integrals on a graphics card, through OpenGL 4.3 and moderngl, where both are there.

The shader walks each ray as ``joseph`` does, from slice to slice along the axis it follows most; the card
interpolates within a slice. A card interpolates with 8 bits, so it is trusted only after ``agreement``.
It is a compute shader, because a card made for computing has next to no hardware that draws.
OpenGL binds its context to one thread: all work of a card is done on a thread of its own.
"""

from __future__ import annotations

import contextlib
import sys
import weakref
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Picture = NDArray[np.float32]
Result = TypeVar("Result")

# OpenGL drawn by the processor, which our own projector uses better.
_SOFTWARE = ("llvmpipe", "softpipe", "swrast", "software", "swiftshader", "basic render")
_WHOLE = 65535.0
SIDE = 8
"""Pixels a side that one group of the card's threads makes."""

_RAYS = """
#version 430
layout(local_size_x = SIDE, local_size_y = SIDE) in;
layout(std430, binding = 0) writeonly buffer Picture { float integrals[]; };
uniform sampler3D values;
uniform ivec2 pixels;
uniform vec3 size;
uniform vec3 source, corner, column, row;
uniform mat3 linear;
uniform float unit;

void main() {
    ivec2 pixel = ivec2(gl_GlobalInvocationID.xy);
    if (any(greaterThanEqual(pixel, pixels))) return;
    vec3 ray = corner - source + float(pixel.x) * column + float(pixel.y) * row;
    vec3 along = abs(ray);
    int w = along.y > along.x ? 1 : 0;
    if (along.z > along[w]) w = 2;
    vec3 slope = ray / ray[w];
    float first = ray[w] > 0.0 ? max(0.0, source[w]) : 0.0;
    float last = ray[w] > 0.0 ? size[w] - 1.0 : min(size[w] - 1.0, source[w]);
    for (int axis = 0; axis < 3; axis++) {
        if (axis == w) continue;
        if (abs(slope[axis]) > 1e-9) {
            float one = source[w] + (-1.0 - source[axis]) / slope[axis];
            float two = source[w] + (size[axis] - source[axis]) / slope[axis];
            first = max(first, min(one, two));
            last = min(last, max(one, two));
        } else if (source[axis] <= -1.0 || source[axis] >= size[axis]) {
            last = -1.0;
        }
    }
    vec3 held = vec3(textureSize(values, 0));
    float total = 0.0;
    for (float n = ceil(first); n <= floor(last); n += 1.0) {
        vec3 place = source + (n - source[w]) * slope;
        place[w] = n;
        // Beside the volume values fall to 0 within one voxel; a row of the texture begins one voxel early.
        vec3 edge = clamp(place + 1.0, 0.0, 1.0) * clamp(size - place, 0.0, 1.0);
        vec3 where = (clamp(place, vec3(0.0), size - 1.0) + vec3(1.5, 0.5, 0.5)) / held;
        total += edge.x * edge.y * edge.z * textureLod(values, where, 0.0).r;
    }
    integrals[pixel.y * pixels.x + pixel.x] = total * unit * length(linear * slope);
}
"""


class Card:
    """One graphics card.

    Attributes:
        name: as the driver tells it.
        is_software: whether OpenGL is drawn by the processor, so that nothing is gained.

    Raises:
        RuntimeError: no OpenGL 4.3 here.
    """

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, "graphics-card")
        self.name = self.run(self._begin)
        self.is_software = any(word in self.name.lower() for word in _SOFTWARE)

    def run(self, work: Callable[[], Result]) -> Result:
        """Does ``work`` on the card's thread and waits for it."""
        return self._thread.submit(work).result()

    def submit(self, work: Callable[[], object]) -> None:
        """Does ``work`` on the card's thread some time."""
        with contextlib.suppress(RuntimeError):  # the thread has ended, and the memory with it
            self._thread.submit(work)

    def _begin(self) -> str:
        import moderngl

        create: Any = moderngl.create_context
        # EGL needs no display, and no second voice on the window's connection to it.
        loaders: tuple[dict[str, str], ...] = ({"backend": "egl"}, {}) if sys.platform == "linux" else ({},)
        context: Any = None
        for loader in loaders:
            with contextlib.suppress(Exception):
                context = create(standalone=True, require=430, **loader)
                break
        if context is None:
            raise RuntimeError("no OpenGL 4.3 here")
        self.context = context
        self.program: Any = context.compute_shader(_RAYS.replace("SIDE", str(SIDE)))
        self._buffers: dict[int, Any] = {}
        return str(context.info["GL_RENDERER"])

    def draw(self, rows: int, columns: int) -> Picture:
        """What the program makes of every pixel; on the card's thread."""
        buffer = self._buffers.get(rows * columns)
        if buffer is None:
            buffer = self._buffers[rows * columns] = self.context.buffer(reserve=4 * rows * columns)
        self.program["pixels"] = columns, rows
        buffer.bind_to_storage_buffer(0)
        self.program.run(-(-columns // SIDE), -(-rows // SIDE))
        self.context.memory_barrier()
        return np.frombuffer(buffer.read(), np.float32).reshape(rows, columns).copy()


@lru_cache(maxsize=1)
def graphics_card() -> Card | None:
    """The card of this machine; None without one, without its driver, or without moderngl."""
    try:
        card = Card()
    except Exception:  # each platform's loader fails in its own way, and the processor does as well
        return None
    return None if card.is_software else card


class CardVolume:
    """The attenuation of one volume in a card's memory.

    Args:
        card: that holds it.
        flat: [k, j, 1 + i + 2] 16-bit values as ``rows.attenuation_rows`` frames them, and 32 more.
        shape_kji: of the volume.

    Raises:
        RuntimeError: the card has not the memory, or takes no volume of that size.
    """

    def __init__(self, card: Card, flat: NDArray[np.int16], shape_kji: tuple[int, int, int]) -> None:
        self.card, self.shape_kji = card, shape_kji
        self._texture: Any = card.run(lambda: self._load(flat))
        # On the card's own thread, and not at the interpreter's end, when that thread is gone.
        self._free = weakref.finalize(self, card.submit, self._texture.release)
        self._free.atexit = False

    def _load(self, flat: NDArray[np.int16]) -> Any:
        k, j, i = self.shape_kji
        gl = self.card.context
        texture = gl.texture3d((i + 3, j, k), 1, flat[: k * j * (i + 3)].tobytes(), alignment=1, dtype="nu2")
        texture.filter = (gl.LINEAR, gl.LINEAR)
        if gl.error != "GL_NO_ERROR":
            texture.release()
            raise RuntimeError("the graphics card does not hold this volume")
        return texture

    def fan_integrals(
        self, rays: tuple[Array, Array, Array, Array], rows: int, columns: int, linear: Array, unit: float
    ) -> Picture:
        """(rows, columns) sums of values along rays times their steps' lengths times ``unit``.

        Args:
            rays: focal spot, pixel (0, 0), one pixel along a row and along a column, in voxels (i, j, k).
            rows: of the picture.
            columns: of the picture.
            linear: (3, 3) from voxel steps to mm.
            unit: of one value a mm.

        Raises:
            Exception: of many kinds, where the driver fails or was reset.
        """
        return self.card.run(lambda: self._draw(rays, rows, columns, linear, unit))

    def _draw(
        self, rays: tuple[Array, Array, Array, Array], rows: int, columns: int, linear: Array, unit: float
    ) -> Picture:
        put = self.card.program
        for name, value in zip(("source", "corner", "column", "row"), rays, strict=True):
            put[name] = tuple(float(x) for x in value)
        put["size"] = tuple(float(n) for n in self.shape_kji[::-1])
        put["linear"] = tuple(float(x) for x in linear.T.ravel())  # OpenGL goes by columns
        put["unit"] = unit * _WHOLE
        self._texture.use(0)
        picture = self.card.draw(rows, columns)
        if self.card.context.error != "GL_NO_ERROR":
            raise RuntimeError("the graphics card lost the volume")
        return picture

    def release(self) -> None:
        """Gives the card's memory back."""
        self._free()


def agreement(ours: Picture, theirs: Picture) -> float:
    """The 99.9th percentile of the difference, as a share of our greatest value."""
    return float(np.percentile(np.abs(ours - theirs), 99.9) / max(float(ours.max()), 1e-6))
