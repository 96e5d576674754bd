"""The page for the patient: their own vertebra with the route, and what is done, in plain words."""

from __future__ import annotations

from imaging.labels import NAME_FROM_VERSE, Side
from planner.domain.plan import STATES, Plan
from planner.report.drawing import BOLD, PLAIN, Canvas, fitted, paragraph, picture, text
from planner.report.pictures import TrajectoryPictures

_LEFT, _WIDE = 40.0, 515.0
PARTS = (
    (
        "What is done",
        "A small nerve inside the vertebra, the basivertebral nerve, can carry pain from worn "
        "endplates. Through a thin tube from the back, the doctor reaches that nerve inside the bone "
        "and warms it until it no longer carries pain. X-ray pictures show the way at every step. You "
        "are given an anaesthetic or made drowsy.",
    ),
    (
        "What follows",
        "You usually go home the same day or the next. The place in the back can be sore for days. It "
        "can take weeks until the pain is less, and it does not help everybody. Your doctor tells you "
        "when to walk, lift and drive again, and which medicines to stop or take.",
    ),
    (
        "What can go wrong",
        "Bleeding, infection, pain in a leg, numbness or weakness from a nerve that was touched, and "
        "a crack in the vertebra are rare. Call your doctor at once about fever, a wound that runs, "
        "new weakness or numbness, or trouble passing water. Ask how often this happens where you are "
        "treated.",
    ),
    (
        "What this page is",
        "It was drawn from your own scan to plan and to explain. It promises no result, and your "
        "doctor may choose another way during the procedure. Write down what you want to ask:",
    ),
)


def patient_steps(plan: Plan) -> tuple[tuple[int, Side], ...]:
    """Levels (VerSe) and sides to be done, top to bottom.

    Of the sides of a level those whose state is furthest (approved before reviewed before draft), and of
    equal ones that of the procedure, where there is one. A pair is done on both sides.
    """
    planned = plan.procedure.steps if plan.procedure is not None else ()
    by_margin = {(step.verse, step.side) for step in planned}
    steps: list[tuple[int, Side]] = []
    for level in plan.levels:
        most = max((STATES.index(t.state) for t in level.trajectories), default=0)
        pair = any(t.access == "bipedicular" for t in level.trajectories)
        sides = [t.side for t in level.trajectories if pair or STATES.index(t.state) == most]
        chosen = [side for side in sides if (level.verse, side) in by_margin]
        steps += [(level.verse, side) for side in chosen or sides]
    return tuple(steps)


def patient_page(c: Canvas, name: str, plan: Plan, pictures: TrajectoryPictures | None) -> None:
    """Draw the page; ``pictures`` are those of the first of ``patient_steps``."""
    text(c, _LEFT, 790, "Your procedure", 24, BOLD)
    steps = [(NAME_FROM_VERSE[verse], side) for verse, side in patient_steps(plan)]
    where = ", ".join(f"{level} from the {side}" for level, side in steps)
    words = f"For {name}. {'Vertebra' if len({n for n, _ in steps}) == 1 else 'Vertebrae'} {where}."
    text(c, _LEFT, 772, words, fitted(c, words, _WIDE, 11, PLAIN))
    if pictures is not None:
        behind = pictures.whole3d or pictures.tool_plane
        view = "from behind" if pictures.whole3d else "from the feet"
        first = f"Your vertebra {steps[0][0]}, {view}"
        picture(c, _LEFT, 560, 254, 195, behind, first, ("Left", "Right"))
        inside = pictures.view3d or pictures.sagittal
        sides = ("Left", "Right") if pictures.view3d else ("Front", "Back")
        picture(c, _LEFT + 261, 560, 254, 195, inside, "The way to the nerve, cut open", sides)
    y = 532.0
    for title, words in PARTS:
        text(c, _LEFT, y, title, 13, BOLD)
        y = paragraph(c, _LEFT, y - 17, _WIDE, words, 10.5) - 12
    for _ in range(3):
        if y > 60:
            c.setLineWidth(0.4)
            c.line(_LEFT, y, _LEFT + _WIDE, y)
            y -= 24
