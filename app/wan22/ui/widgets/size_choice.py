"""The size of the video: one that fits the picture, or one of your own."""

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from wan22.ui.measure import GAP_SMALL, TextRole
from wan22.ui.state.run_form import CUSTOM
from wan22.ui.state.size_preset import SIZE_CLASSES, Size, shape_text, size_text
from wan22.ui.theme import Theme
from wan22.ui.widgets.detail_combo import DetailCombo, Entry
from wan22.ui.widgets.number_field import NumberField
from wan22.ui.widgets.text_label import TextLabel

_SPAN = (16, 16384)
_STEP = 16
_TIPS = {one.key: f"About {one.pixels / 1e6:.2g} million pixels a frame: {one.tip}" for one in SIZE_CLASSES}


class SizeChoice(QWidget):
    """`picked` says the key of a size, `typed` width and height of your own."""

    picked = Signal(str)
    typed = Signal(int, int)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GAP_SMALL)
        tip = "Width and height of the video in pixels; the sizes offered have the shape of your picture"
        self.choice = DetailCombo(theme, "Size", tip)
        self.choice.picked.connect(self.picked)
        column.addWidget(self.choice)
        self._own = QWidget()
        row = QHBoxLayout(self._own)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        self.width_field = NumberField("Width in pixels", "Wan 2.2 works in multiples of 16", _SPAN, _STEP)
        self.height_field = NumberField("Height in pixels", "Wan 2.2 works in multiples of 16", _SPAN, _STEP)
        row.addWidget(self.width_field, 1)
        row.addWidget(TextLabel("×", TextRole.body, "muted"))  # noqa: RUF001 - the sign of multiplication
        row.addWidget(self.height_field, 1)
        for field in (self.width_field, self.height_field):
            field.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
            field.valueChanged.connect(self._typed)
        self._own.hide()
        column.addWidget(self._own)

    def show_sizes(self, sizes: Sequence[tuple[str, str, Size]], key: str, size: Size) -> None:
        """What can be chosen, what is, and the size that this comes to."""
        entries = []
        for one, name, at in sizes:
            shape = shape_text(at)
            entries.append(Entry(one, size_text(at), f"{shape} · {name}", _TIPS.get(one, ""), shape))
        own = Entry(CUSTOM, size_text(size) if key == CUSTOM else "Custom …", "custom" if key == CUSTOM else "")
        self.choice.show_entries([*entries, own], key)
        self._own.setVisible(key == CUSTOM)
        self.width_field.show_value(size[0])
        self.height_field.show_value(size[1])

    def settle(self) -> None:
        """Take a number that is still being typed."""
        for field in (self.width_field, self.height_field):
            field.interpretText()

    def _typed(self) -> None:
        self.typed.emit(self.width_field.value(), self.height_field.value())
