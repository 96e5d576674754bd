"""Design tokens, fonts and the style sheet. Colours mean something or are not used."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from PySide6.QtCore import QSettings
from PySide6.QtGui import QColor, QFont, QFontDatabase, QPalette
from PySide6.QtWidgets import QApplication

FONT_DIR = Path(__file__).with_name("fonts")
_ICONS = Path(__file__).with_name("icons").as_posix()
NARROW = "\u202f"
MINUS = "\u2212"


@dataclass(frozen=True)
class Tokens:
    """Colours of the chrome in one theme."""

    name: str
    bg: str
    surface: str
    raised: str
    hover: str
    selected: str
    text: str
    text2: str
    text3: str
    border: str
    accent: str
    primary: str
    hairline: str
    good: str
    caution: str
    stop: str
    doubt: str
    doubt_bg: str
    chip_ink: str


DARK = Tokens(
    "dark",
    "#13161A",
    "#1A1E23",
    "#22272D",
    "#2C3238",
    "#24324A",
    "#E9EDF0",
    "#B6BFC8",
    "#97A2AC",
    "#6B7682",
    "#86AEFF",
    "#2F66D6",
    "#31373E",
    "#45C79A",
    "#F6C445",
    "#F26B4E",
    "#F6C445",
    "#332B17",
    "#0B0D0F",
)
LIGHT = Tokens(
    "light",
    "#E6EAEE",
    "#FFFFFF",
    "#F3F5F8",
    "#E4E9EE",
    "#DDE8FB",
    "#15191D",
    "#414B55",
    "#5A6570",
    "#7C8792",
    "#1F56C3",
    "#1F56C3",
    "#D3DAE1",
    "#2FA97F",
    "#E9B022",
    "#E2573A",
    "#7A5200",
    "#FDF3D6",
    "#0B0D0F",
)

LEFT_TOOL = QColor("#5CDFEE")
RIGHT_TOOL = QColor("#F0508F")
TARGET = QColor("#FFF04A")
LESION = QColor("#E9CBA3")
DISC = QColor("#6FA8D6")
CANAL = QColor("#8F8BFF")
BONE_LINE = QColor("#E9EDF0")
VIEW_HEADER = "#1A1E23"
VIEW_HEADER_ACTIVE = "#24324A"

_current = DARK


def tokens() -> Tokens:
    """The tokens of the theme in use."""
    return _current


def side_colour(side: str) -> QColor:
    """Colour of a side's tool in the images and of its chip."""
    return QColor(LEFT_TOOL if side == "left" else RIGHT_TOOL)


def load_fonts() -> str:
    """Register the bundled fonts and return the family to use; the system's font where none is bundled."""
    families: list[str] = []
    for path in sorted([*FONT_DIR.glob("*.otf"), *FONT_DIR.glob("*.ttf")]):
        number = QFontDatabase.addApplicationFont(str(path))
        if number >= 0:
            families += QFontDatabase.applicationFontFamilies(number)
    return "Inter" if "Inter" in families else (families[0] if families else QApplication.font().family())


def ui_font(px: int = 13, weight: QFont.Weight = QFont.Weight.Normal) -> QFont:
    """A font of the app with tabular figures where the face has them."""
    return QFont(_font(QApplication.font().family(), px, weight))


@lru_cache(maxsize=64)
def _font(family: str, px: int, weight: QFont.Weight) -> QFont:
    font = QFont(family)
    font.setPixelSize(px)
    font.setWeight(weight)
    with contextlib.suppress(AttributeError, TypeError):  # Qt before 6.7 has no font features
        font.setFeature(QFont.Tag("tnum"), 1)
    return font


def apply_theme(app: QApplication, name: str | None = None) -> Tokens:
    """Dress the application; ``name`` is "dark", "light" or None for the remembered one."""
    global _current
    chosen = name or str(QSettings().value("appearance/theme", "dark"))
    _current = LIGHT if chosen == "light" else DARK
    family = load_fonts()
    font = QFont(family)
    font.setPixelSize(13)
    app.setFont(font)
    app.setStyle("Fusion")
    t = _current
    palette = QPalette()
    for role, colour in (
        (QPalette.ColorRole.Window, t.bg),
        (QPalette.ColorRole.Base, t.surface),
        (QPalette.ColorRole.AlternateBase, t.raised),
        (QPalette.ColorRole.Button, t.raised),
        (QPalette.ColorRole.Text, t.text),
        (QPalette.ColorRole.WindowText, t.text),
        (QPalette.ColorRole.ButtonText, t.text),
        (QPalette.ColorRole.ToolTipBase, t.raised),
        (QPalette.ColorRole.ToolTipText, t.text),
        (QPalette.ColorRole.Highlight, t.selected),
        (QPalette.ColorRole.HighlightedText, t.text),
        (QPalette.ColorRole.PlaceholderText, t.text3),
    ):
        palette.setColor(role, QColor(colour))
    app.setPalette(palette)
    app.setStyleSheet(style_sheet(t))
    return t


def style_sheet(t: Tokens) -> str:
    """The style sheet of a theme. Widgets choose a look through the dynamic property ``role``."""
    return f"""
    QWidget {{ color: {t.text}; font-size: 13px; }}
    QMainWindow, QDialog {{ background: {t.bg}; }}
    QToolTip {{ background: {t.raised}; color: {t.text}; border: 1px solid {t.hairline}; padding: 6px; }}
    QWidget[role="surface"] {{ background: {t.surface}; }}
    QWidget[role="bg"] {{ background: {t.bg}; }}
    QWidget[role="stepbar"] {{ background: {t.bg}; border-bottom: 1px solid {t.hairline}; }}
    QWidget[role="banner"] {{ background: {t.raised}; border-bottom: 1px solid {t.hairline}; }}
    QWidget[role="status"] {{ background: {t.surface}; border-top: 1px solid {t.hairline}; }}
    QWidget[role="leftpanel"] {{ background: {t.surface}; border-right: 1px solid {t.hairline}; }}
    QWidget[role="rightpanel"] {{ background: {t.surface}; border-left: 1px solid {t.hairline}; }}
    QWidget[role="strip"] {{ background: {t.surface}; border-top: 1px solid {t.hairline}; }}
    QWidget[role="doubt"] {{ background: {t.doubt_bg}; border-top: 1px solid {t.hairline}; }}
    QWidget[role="doubtcard"] {{ background: {t.doubt_bg}; border-radius: 8px; }}
    QWidget[role="card"] {{ background: {t.raised}; border-radius: 8px; }}
    QWidget[role="clear"], QScrollArea {{ background: transparent; border: none; }}
    QWidget[role="viewbar"] {{ background: {t.surface}; border-bottom: 1px solid {t.hairline}; }}
    QFrame[role="line"] {{ background: {t.hairline}; max-height: 1px; min-height: 1px; border: none; }}
    QLabel {{ background: transparent; }}
    QLabel[role="text2"] {{ color: {t.text2}; }}
    QLabel[role="text3"] {{ color: {t.text3}; }}
    QLabel[role="small"] {{ color: {t.text3}; font-size: 11px; }}
    QLabel[role="small2"] {{ color: {t.text2}; font-size: 12px; }}
    QLabel[role="section"] {{ color: {t.text3}; font-size: 11px; font-weight: 600; }}
    QLabel[role="title"] {{ font-size: 20px; font-weight: 600; }}
    QLabel[role="group"] {{ font-size: 15px; font-weight: 600; }}
    QLabel[role="hero"] {{ font-size: 28px; font-weight: 600; }}
    QLabel[role="strong"] {{ font-weight: 600; }}
    QLabel[role="brand"] {{ font-weight: 600; font-size: 14px; }}
    QLabel[role="plate"] {{ background: {t.bg}; border: 1px solid {t.hairline}; border-radius: 4px;
        padding: 2px 8px; font-size: 12px; font-weight: 600; }}
    QLabel[role="plate2"] {{ background: {t.bg}; border: 1px solid {t.hairline}; border-radius: 4px;
        padding: 2px 8px; font-size: 12px; color: {t.text2}; }}
    QLabel[role="value"] {{ background: {t.bg}; border: 1px solid {t.border}; border-radius: 4px;
        padding: 2px 8px; }}
    QPushButton {{ background: transparent; border: 1px solid {t.border}; border-radius: 6px;
        padding: 0 12px; min-height: 30px; }}
    QPushButton:hover {{ background: {t.hover}; }}
    QPushButton:focus {{ border: 2px solid {t.accent}; padding: 0 11px; min-height: 28px; }}
    QPushButton:disabled {{ color: {t.text3}; border: 1px dashed {t.border}; }}
    QPushButton[role="primary"] {{ background: {t.primary}; border: 1px solid {t.primary}; color: white;
        font-weight: 600; min-height: 36px; font-size: 14px; }}
    QPushButton[role="primary"]:hover {{ background: {t.accent}; color: {t.chip_ink}; }}
    QPushButton[role="primary"]:focus {{ border: 2px solid {t.text}; }}
    QPushButton[role="primary"]:disabled {{ background: transparent; color: {t.text3};
        border: 1px dashed {t.border}; }}
    QPushButton[role="small"] {{ min-height: 26px; font-size: 12px; }}
    QPushButton[role="flat"], QToolButton {{ background: transparent; border: none; border-radius: 6px;
        padding: 0 8px; color: {t.text2}; min-height: 26px; }}
    QPushButton[role="flat"]:hover, QToolButton:hover {{ background: {t.hover}; color: {t.text}; }}
    QPushButton[role="flat"]:focus, QToolButton:focus {{ border: 2px solid {t.accent}; }}
    QPushButton[role="flat"]:disabled, QToolButton:disabled {{ color: {t.border}; border: none; }}
    QToolButton::menu-indicator {{ image: none; }}
    QPushButton[role="step"] {{ background: transparent; border: none; border-radius: 6px; padding: 0 10px;
        min-height: 30px; color: {t.text}; }}
    QPushButton[role="step"][tight="true"] {{ padding: 0 2px; }}
    QPushButton[role="step"]:hover {{ background: {t.hover}; }}
    QPushButton[role="step"]:checked {{ background: {t.selected}; font-weight: 600;
        border-bottom: 2px solid {t.accent}; }}
    QPushButton[role="step"]:disabled {{ color: {t.text3}; border: none; }}
    QPushButton[role="link"] {{ border: none; color: {t.accent}; padding: 0 4px; min-height: 24px; }}
    QLineEdit, QAbstractSpinBox, QComboBox {{ background: {t.bg if t is DARK else t.surface};
        border: 1px solid {t.border}; border-radius: 4px;
        padding: 0 8px; min-height: 24px; selection-background-color: {t.primary}; }}
    QLineEdit:focus, QAbstractSpinBox:focus, QComboBox:focus {{ border: 2px solid {t.accent};
        padding: 0 7px; }}
    QComboBox::drop-down {{ border: none; width: 22px; }}
    QComboBox::down-arrow {{ image: url({_ICONS}/down.svg); width: 12px; height: 12px; }}
    QAbstractSpinBox::up-button, QAbstractSpinBox::down-button {{ border: none; width: 20px;
        background: transparent; }}
    QAbstractSpinBox::up-button:hover, QAbstractSpinBox::down-button:hover {{ background: {t.hover}; }}
    QAbstractSpinBox::up-arrow {{ image: url({_ICONS}/up.svg); width: 10px; height: 10px; }}
    QAbstractSpinBox::down-arrow {{ image: url({_ICONS}/down.svg); width: 10px; height: 10px; }}
    QComboBox QAbstractItemView {{ background: {t.raised}; border: 1px solid {t.hairline}; padding: 4px;
        selection-background-color: {t.selected}; selection-color: {t.text}; outline: none; }}
    QTableView, QListView, QTreeView {{ background: {t.surface}; border: 1px solid {t.hairline};
        border-radius: 4px; gridline-color: {t.hairline}; }}
    QHeaderView {{ background: {t.raised}; }}
    QHeaderView::section {{ background: {t.raised}; color: {t.text3}; border: none;
        border-bottom: 1px solid {t.hairline}; padding: 6px 8px; font-size: 12px; }}
    QDoubleSpinBox:disabled {{ color: {t.text3}; border-color: {t.hairline}; }}
    QCheckBox {{ spacing: 8px; }}
    QCheckBox::indicator {{ width: 16px; height: 16px; border: 1px solid {t.border}; border-radius: 4px;
        background: {t.raised}; }}
    QCheckBox::indicator:focus {{ border: 2px solid {t.accent}; }}
    QCheckBox::indicator:checked {{ background: {t.primary}; border: 1px solid {t.primary};
        image: url({_ICONS}/check.svg); }}
    QCheckBox::indicator:checked:focus {{ border: 2px solid {t.accent}; }}
    QRadioButton {{ spacing: 8px; }}
    QRadioButton::indicator {{ width: 14px; height: 14px; border: 1px solid {t.border}; border-radius: 8px;
        background: {t.raised}; }}
    QRadioButton::indicator:focus {{ border: 2px solid {t.accent}; }}
    QRadioButton::indicator:checked {{ background: {t.accent}; border: 4px solid {t.primary}; width: 8px;
        height: 8px; }}
    QProgressBar {{ background: {t.hover}; border: none; border-radius: 3px; max-height: 6px;
        min-height: 6px; }}
    QProgressBar::chunk {{ background: {t.accent}; border-radius: 3px; }}
    QMenu {{ background: {t.raised}; border: 1px solid {t.hairline}; border-radius: 8px; padding: 6px; }}
    QMenu::item {{ padding: 6px 24px 6px 12px; border-radius: 4px; }}
    QMenu::item:selected {{ background: {t.selected}; }}
    QMenu::item:disabled {{ color: {t.text3}; }}
    QScrollBar:vertical {{ background: transparent; width: 10px; margin: 0; }}
    QScrollBar::handle:vertical {{ background: {t.border}; border-radius: 4px; min-height: 32px;
        margin: 1px; }}
    QScrollBar::add-line, QScrollBar::sub-line {{ height: 0; }}
    QScrollBar:horizontal {{ height: 0; }}
    QPlainTextEdit {{ background: {t.bg}; border: 1px solid {t.hairline}; border-radius: 4px;
        color: {t.text2}; }}
    """
