"""Edges of a shadow against edges of a picture, in one pass of compiled code."""

from __future__ import annotations

import numba as nb
import numpy as np

_F = np.float32
_KERNEL = {"fastmath": True, "cache": True, "nogil": True, "error_model": "numpy"}


@nb.njit(**_KERNEL)
def gradient_correlation(fixed, shadow):  # type: ignore[no-untyped-def]
    """Mean correlation of both gradient components where ``shadow`` has edges; 0 where it has none.

    ``fixed`` (2, rows, columns) are the picture's gradients along columns and along rows, ``shadow`` (rows,
    columns) what is compared, its gradients by Sobel's masks. Edges are places whose mean strength over 3 x 3
    exceeds a twentieth of the greatest strength.
    """
    rows, columns = shadow.shape
    across, down = np.empty((rows, columns), np.float32), np.empty((rows, columns), np.float32)
    strength = np.empty((rows, columns), np.float32)
    most = _F(0)
    for v in range(rows):
        up, here, below = shadow[max(v - 1, 0)], shadow[v], shadow[min(v + 1, rows - 1)]
        for u in range(columns):
            left, right = max(u - 1, 0), min(u + 1, columns - 1)
            x = up[right] - up[left] + _F(2) * (here[right] - here[left]) + below[right] - below[left]
            y = below[left] - up[left] + _F(2) * (below[u] - up[u]) + below[right] - up[right]
            across[v, u], down[v, u] = x, y
            strength[v, u] = abs(x) + abs(y)
            most = max(most, strength[v, u])
    if most == 0:
        return 0.0
    least = _F(0.05 * 9) * most
    count = 0
    sums = np.zeros((2, 5))
    for v in range(rows):
        up, here, below = strength[max(v - 1, 0)], strength[v], strength[min(v + 1, rows - 1)]
        for u in range(columns):
            left, right = max(u - 1, 0), min(u + 1, columns - 1)
            total = up[left] + up[u] + up[right] + here[left] + here[u] + here[right]
            if total + below[left] + below[u] + below[right] <= least:
                continue
            count += 1
            for n in range(2):
                a = np.float64(fixed[n, v, u])
                b = np.float64(across[v, u] if n == 0 else down[v, u])
                sums[n, 0] += a
                sums[n, 1] += b
                sums[n, 2] += a * a
                sums[n, 3] += b * b
                sums[n, 4] += a * b
    mean = 0.0
    for n in range(2):
        a, b, aa, bb, ab = sums[n]
        spread = (aa - a * a / count) * (bb - b * b / count)
        mean += 0.5 * (ab - a * b / count) / np.sqrt(max(spread, 1e-18))
    return mean
