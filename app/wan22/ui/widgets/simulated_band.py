"""The band that says that nothing here was measured. There is no way to close it."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QWidget

from wan22.ui.measure import BAND_HEIGHT, GAP_SMALL, GUTTER, TextRole
from wan22.ui.widgets.text_label import TextLabel

WORD = "SIMULATED"
REASON = "Server and GPU are stand-ins: every time and every reading here is made up, none of it was measured."
BEFORE = "The demo ran in this window before: what carries this mark was made up. Your ComfyUI does the work now."


class SimulatedBand(QWidget):
    """Over the full width of the window, shown by whoever knows that the demo runs."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("simulated-band")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFixedHeight(BAND_HEIGHT)
        row = QHBoxLayout(self)
        row.setContentsMargins(GUTTER, 0, GUTTER, 0)
        row.setSpacing(GAP_SMALL)
        row.addWidget(TextLabel(WORD, TextRole.heading))
        self._reason = TextLabel("", TextRole.body)
        row.addWidget(self._reason, 1)
        self.show_now(is_simulated=True)

    def show_now(self, *, is_simulated: bool) -> None:
        """Whether the stand-in is at work now, or a real server after it: the mark stays, its reason is another one."""
        reason = REASON if is_simulated else BEFORE
        self._reason.say(reason)
        self.setAccessibleName(f"{WORD}. {reason}")
        tip = (
            "Choose your ComfyUI under Setup to measure this machine."
            if is_simulated
            else "A new window is free of it."
        )
        self.setToolTip(tip)
