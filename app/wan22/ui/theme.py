"""Dark, light or the system's choice: palette, style sheet and font of the whole window."""

from enum import Enum
from pathlib import Path

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontDatabase, QPalette
from PySide6.QtWidgets import QApplication, QStyleFactory

from wan22.ui.measure import TextRole
from wan22.ui.palette import DARK, LIGHT, Colours, Metric
from wan22.ui.style_sheet import style_sheet
from wan22.ui.verdict_word import Tone

FONT_FAMILY = "Inter"
_FONT_FILES = ("Inter-Regular.otf", "Inter-Medium.otf", "Inter-SemiBold.otf")


class Scheme(Enum):
    """The user's choice."""

    dark = "dark"
    light = "light"
    system = "system"


class Theme(QObject):
    """The look in force. Painted widgets ask it for colours and repaint on `changed`.

    Fusion with a palette of our own looks the same on every platform: asking the platform for a dark scheme does
    nothing on some of them.
    """

    changed = Signal()
    scheme_chosen = Signal()
    """Said for every choice, also one that looks the same now."""

    def __init__(self, application: QApplication, resources: Path, scheme: Scheme = Scheme.dark) -> None:
        super().__init__(application)
        self._application = application
        self._resources = resources
        self._scheme = scheme
        self.colours: Colours = DARK
        self.family = load_fonts(resources / "fonts")
        application.setStyle(QStyleFactory.create("Fusion"))
        application.setFont(self.font(TextRole.body))
        application.styleHints().colorSchemeChanged.connect(self._system_changed)
        self._apply()

    @property
    def scheme(self) -> Scheme:
        """What was chosen."""
        return self._scheme

    def choose(self, scheme: Scheme) -> None:
        """Change the look of everything that is on the screen."""
        self._scheme = scheme
        self.scheme_chosen.emit()
        before = self.colours
        if self._colours_wanted() is not before:
            self._apply()
            self.changed.emit()

    def font(self, role: TextRole) -> QFont:
        """The font of a text: figures all of one width, so that changing numbers do not dance."""
        size_px, weight = role.value
        font = QFont(self.family)
        font.setPixelSize(size_px)
        font.setWeight(QFont.Weight(weight))
        font.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
        font.setFeature(QFont.Tag("tnum"), 1)
        return font

    def colour(self, token: str) -> QColor:
        """A token of `Colours` by name, ready to paint with."""
        return QColor(getattr(self.colours, token))

    def metric(self, metric: Metric) -> QColor:
        """The colour of a metric."""
        return QColor(self.colours.metrics[metric])

    def ink(self, tone: Tone) -> QColor:
        """The colour of a judgement."""
        return QColor(self.colours.tones[tone].ink)

    def ground(self, tone: Tone) -> QColor:
        """The tinted ground of a judgement."""
        return QColor(self.colours.tones[tone].ground)

    def _colours_wanted(self) -> Colours:
        if self._scheme is Scheme.system:
            is_light = self._application.styleHints().colorScheme() is Qt.ColorScheme.Light
            return LIGHT if is_light else DARK
        return LIGHT if self._scheme is Scheme.light else DARK

    def _system_changed(self) -> None:
        if self._scheme is Scheme.system:
            self.choose(Scheme.system)

    def _apply(self) -> None:
        self.colours = self._colours_wanted()
        self._application.setPalette(palette(self.colours))
        self._application.setStyleSheet(style_sheet(self.colours, self._resources / "icons"))


def load_fonts(folder: Path) -> str:
    """Load the font that comes with the program; its family, or the system's own when a file is missing."""
    numbers = [QFontDatabase.addApplicationFont(str(folder / name)) for name in _FONT_FILES]
    if min(numbers) < 0:
        return QFont().family()
    return FONT_FAMILY


def palette(colours: Colours) -> QPalette:
    """Every role of Qt's palette, also of disabled widgets."""
    made = QPalette()
    roles = {
        QPalette.ColorRole.Window: colours.window,
        QPalette.ColorRole.WindowText: colours.text,
        QPalette.ColorRole.Base: colours.field,
        QPalette.ColorRole.AlternateBase: colours.panel,
        QPalette.ColorRole.Text: colours.text,
        QPalette.ColorRole.Button: colours.raised,
        QPalette.ColorRole.ButtonText: colours.text,
        QPalette.ColorRole.BrightText: colours.limit,
        QPalette.ColorRole.ToolTipBase: colours.tag_ground,
        QPalette.ColorRole.ToolTipText: colours.tag_ink,
        QPalette.ColorRole.PlaceholderText: colours.muted,
        QPalette.ColorRole.Highlight: colours.accent,
        QPalette.ColorRole.HighlightedText: colours.on_accent,
        QPalette.ColorRole.Accent: colours.accent,
        QPalette.ColorRole.Link: colours.accent_text,
        QPalette.ColorRole.LinkVisited: colours.accent_text,
        QPalette.ColorRole.Light: colours.raised,
        QPalette.ColorRole.Midlight: colours.raised,
        QPalette.ColorRole.Mid: colours.line,
        QPalette.ColorRole.Dark: colours.line,
        QPalette.ColorRole.Shadow: colours.window,
    }
    for role, colour in roles.items():
        made.setColor(role, QColor(colour))
    for role in (QPalette.ColorRole.WindowText, QPalette.ColorRole.Text, QPalette.ColorRole.ButtonText):
        made.setColor(QPalette.ColorGroup.Disabled, role, QColor(colours.muted))
    return made
