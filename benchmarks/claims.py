"""What a written plan claims against labels drawn by hand: the least clearance of each tool, past docking.

    python benchmarks/claims.py PLAN_FOLDER TRUTH.nii.gz

PLAN_FOLDER is what ``bvn-planner plan`` wrote; TRUTH holds VerSe numbers. One row for each tool.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import SimpleITK as sitk

from imaging.labels import NAME_FROM_VERSE
from imaging.segmentation.anatomy_local import distance_image, sample
from imaging.sitk_bridge import grid_from_image


def main() -> None:
    """Measure and print."""
    ask = argparse.ArgumentParser(description=__doc__)
    ask.add_argument("plan", type=Path)
    ask.add_argument("truth", type=Path)
    options = ask.parse_args()
    plan = json.loads((options.plan / "plan.json").read_text())
    image = sitk.ReadImage(str(options.truth))
    labels, grid = sitk.GetArrayFromImage(image), grid_from_image(image)
    docking_mm = plan["limits"]["docking_mm"]
    off = []
    print("tool        claimed    true  claimed less true, mm   where true is least (LPS mm)")
    for level in plan["levels"]:
        if not level["trajectories"] or not (labels == level["verse"]).any():
            continue
        distance = distance_image(labels == level["verse"], grid)
        held = grid_from_image(distance)
        field = sitk.GetArrayFromImage(distance)
        for tool in level["trajectories"]:
            points = np.array(tool["path_lps_mm"])
            depth = np.r_[0.0, np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))]
            inside = sample(field, held, points) - np.array(tool["outer_diameter_mm"]) / 2
            inside[depth < docking_mm] = np.inf
            worst = int(np.argmin(inside))
            claimed = min(q["clearance_mm"] for q in tool["profile"] if q["depth_mm"] >= docking_mm)
            off.append(claimed - inside[worst])
            print(
                f"{NAME_FROM_VERSE[level['verse']]} {tool['side']:6}  {claimed:8.2f} {inside[worst]:8.2f}"
                f" {off[-1]:8.2f}    {np.round(points[worst], 1)} at {depth[worst]:.0f} mm"
            )
    apart = np.abs(off)
    print(
        f"{len(off)} tools: claimed less true mean {np.mean(off):.2f} mm, "
        f"within 1 mm {np.mean(apart <= 1):.0%}"
    )


if __name__ == "__main__":
    main()
