"""Help in a few sentences for each screen; shown on F1."""

from __future__ import annotations

TOPICS: dict[str, tuple[str, str]] = {
    "cases": (
        "Cases",
        "Open a folder, a zip file or a DICOMDIR, or drop one on the window. Each series is "
        "listed under its patient and study with a verdict and its reason. Choose one and press "
        "Plan this case. Source images are only read.",
    ),
    "images": (
        "Images",
        "The images of this case and what they allow. Images of two patients are never mixed.",
    ),
    "levels": (
        "Levels",
        "Check the name of each vertebra. Where the image cannot prove the count, it waits for "
        "you: nothing is approved before the count is confirmed.",
    ),
    "targets": (
        "Targets",
        "Where the lesion shall be in each vertebra, with the reason. Drag it within its window.",
    ),
    "trajectories": (
        "Trajectories",
        "Six linked views of the selected level and side. Drag the entry, the bend or the target; "
        "arrows nudge by 0.5 mm. Numbers follow while you drag; Esc puts all back, Undo takes "
        "back one step by name. The strip below goes along the tool in all views. Right-drag sets "
        "the brightness, the wheel scrolls, double-click enlarges.",
    ),
    "xray": (
        "X-ray",
        "Simulated X-rays as the C-arm would take them, with its angles in clinic words and what "
        "each checkpoint must show. Take AP and lateral always as a pair.",
    ),
    "review": (
        "Review",
        "Every trajectory, the worst first, with its findings and what changed since it was last "
        "approved. Approve each one here; a button that waits says for what.",
    ),
    "export": (
        "Export",
        "What can be written, what it holds and where it goes. Nothing leaves this computer by itself.",
    ),
    "practice": (
        "Practice",
        "Practise the insertion on this case under simulated X-rays, then see what to change.",
    ),
    "settings": (
        "Settings",
        "Search, change, reset. Limits that are hard stops can only be made stricter.",
    ),
}
