"""The right column of the Run page: what the job does, how long it takes, what comes out."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from wan22.ui.context import Context
from wan22.ui.measure import GAP
from wan22.ui.widgets.stage_list import StageList


class RunProgress(QWidget):
    """`again_wanted` asks for the same job once more."""

    again_wanted = Signal()

    def __init__(self, context: Context, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self.setAccessibleName("Progress of the job")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GAP)
        self.stages = StageList(context.theme)
        column.addWidget(self.stages)
        column.addStretch(1)
