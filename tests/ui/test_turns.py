"""Views are painted one a turn, the one under the hand first."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from ui.turns import Turns


class Painted(QWidget):
    """Writes its name down when it is painted."""

    def __init__(self, name: str, seen: list[str]) -> None:
        super().__init__()
        self.name, self.seen = name, seen

    def paintEvent(self, _event: object) -> None:
        self.seen.append(self.name)


def test_many_requests_make_one_picture_and_the_hand_goes_first(qtbot):
    seen: list[str] = []
    views = [Painted(name, seen) for name in "abc"]
    for view in views:
        qtbot.addWidget(view)
        view.show()
    qtbot.waitUntil(lambda: set(seen) == set("abc"))
    seen.clear()
    turns = Turns()
    for view in views:
        turns.ask(view)
        turns.ask(view)
    turns.ask(views[2], first=True)
    qtbot.waitUntil(lambda: not turns._waiting)
    assert seen == ["c", "a", "b"]


def test_a_view_that_waited_long_comes_between_two_pictures_of_the_hand(qtbot, monkeypatch):
    seen: list[str] = []
    hand, other = (Painted(name, seen) for name in "ho")
    for view in (hand, other):
        qtbot.addWidget(view)
        view.show()
    qtbot.waitUntil(lambda: set(seen) == set("ho"))
    seen.clear()
    monkeypatch.setattr("ui.turns.PATIENCE_S", -1.0)
    turns = Turns()
    turns._timer.stop()
    turns.ask(other)
    for _ in range(3):
        turns.ask(hand, first=True)
        turns.ask(other)
        turns._next()
    assert seen == ["h", "o", "h"]


def test_another_view_has_its_turn_after_two_pictures_of_the_hand(qtbot):
    seen: list[str] = []
    hand, other = (Painted(name, seen) for name in "ho")
    for view in (hand, other):
        qtbot.addWidget(view)
        view.show()
    qtbot.waitUntil(lambda: set(seen) == set("ho"))
    seen.clear()
    turns = Turns()
    turns._timer.timeout.disconnect()
    for _ in range(4):
        turns.ask(hand, first=True)
        turns.ask(other)
        turns._next()
        turns._next()
    assert seen == ["h", "h", "o", "h", "h", "o"]
    turns.ask(other)
    turns.ask(hand)  # the hand let go: everything is painted
    while turns._waiting:
        turns._next()
    assert seen[6:] == ["o", "h"]


def test_while_much_changes_a_view_waits_for_its_turn(qtbot):
    turns, view = Turns(), Painted("a", [])
    qtbot.addWidget(view)
    assert not turns.must_wait(view)
    turns.keep_calm()
    assert turns.must_wait(view)
    assert view in turns._waiting
    turns.hurry()
    assert not turns.must_wait(view)
