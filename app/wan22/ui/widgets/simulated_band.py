"""The band that says that nothing here was measured. There is no way to close it."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QWidget

from wan22.ui.measure import BAND_HEIGHT, GAP_SMALL, GUTTER, TextRole
from wan22.ui.widgets.text_label import TextLabel

WORD = "SIMULATED"
REASON = "Server and GPU are stand-ins: every time and every reading here is made up, none of it was measured."


class SimulatedBand(QWidget):
    """Over the full width of the window, shown by whoever knows that the demo runs."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("simulated-band")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFixedHeight(BAND_HEIGHT)
        self.setAccessibleName(f"{WORD}. {REASON}")
        self.setToolTip("The demo is running. Start without --demo to measure this machine.")
        row = QHBoxLayout(self)
        row.setContentsMargins(GUTTER, 0, GUTTER, 0)
        row.setSpacing(GAP_SMALL)
        row.addWidget(TextLabel(WORD, TextRole.heading))
        row.addWidget(TextLabel(REASON, TextRole.body), 1)
