"""What is done with profile files: asked in the page, done in a thread, told in a line."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFileDialog, QVBoxLayout, QWidget

from wan22.launch.profile_import import import_profile
from wan22.launch.profile_store import LoadedProfile
from wan22.schema.problem import Problem
from wan22.schema.profile import Profile
from wan22.ui.context import Context
from wan22.ui.measure import GAP_SMALL
from wan22.ui.pages.setup_section import SCROLL_EDGE
from wan22.ui.state.asking import Asking
from wan22.ui.state.model_question import Question
from wan22.ui.state.profile_name import free_name, name_complaint
from wan22.ui.verdict_word import Tone
from wan22.ui.widgets.name_card import NameCard
from wan22.ui.widgets.notice import Notice
from wan22.ui.widgets.question_card import QuestionCard
from wan22.wiring.export import export_scripts
from wan22.wiring.profile_edit import profile_editor

_FILTER = "Profiles (*.toml);;All files (*)"


@dataclass(frozen=True, slots=True)
class Done:
    """What was done. `name`: the profile to look at now, None = as before; `replaced`: the name that is gone."""

    message: str
    hint: str = ""
    name: str | None = None
    replaced: str | None = None
    saved: str | None = None
    is_doubtful: bool = False


class ProfileFiles(QWidget):
    """Hidden while there is nothing to ask or to tell.

    `done` says what was done, `refused` that it failed, `asked` that a question was put or answered.
    """

    done = Signal(object)
    refused = Signal(object)
    asked = Signal()

    def __init__(self, context: Context, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._then: Callable[[str], Done] | None = None
        self._asking = Asking(context.work, "profile-files", self)
        self._asking.answered.connect(self._tell)
        self._asking.refused.connect(self._refuse)
        self.names: frozenset[str] = frozenset()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, SCROLL_EDGE, 0)
        column.setSpacing(GAP_SMALL)
        self.said = Notice(context.theme)
        self.name = NameCard()
        self.name.agreed.connect(self._named)
        self.question = QuestionCard(context.theme)
        self.question.agreed.connect(self._agreed)
        self.name.declined.connect(self.be_quiet)
        self.question.declined.connect(self.be_quiet)
        for widget in (self.said, self.name, self.question):
            column.addWidget(widget)
        self.hide()

    @property
    def is_asking(self) -> bool:
        """Whether a question waits for an answer."""
        return not self.isHidden() and not (self.name.isHidden() and self.question.isHidden())

    def save(self, wanted: Profile) -> None:
        """Write an edited profile."""

        def work() -> Done:
            editor = profile_editor()
            path = editor.save(wanted)
            hint = "It is as it was shipped again." if path is None else str(path)
            return Done(
                f"{wanted.name} is saved; it counts from the next start of ComfyUI on.", hint, saved=wanted.name
            )

        self._do(work)

    def copy(self, profile: Profile) -> None:
        """Ask for a name, then make a profile of the user's own."""

        def work(name: str) -> Done:
            path = profile_editor().add(profile, name)
            return Done(f"{path.stem} is a profile of your own now.", str(path), name=path.stem)

        self._ask_name(
            f"Copy {profile.name}",
            "The copy is yours: it stays as it is when the shipped profile changes.",
            free_name(profile.name, self.names),
            "Copy",
            profile,
            work,
        )

    def rename(self, loaded: LoadedProfile) -> None:
        """Ask for another name."""
        old = loaded.profile.name

        def work(name: str) -> Done:
            path = profile_editor().rename(old, name)
            return Done(f"{old} is called {path.stem} now.", name=path.stem, replaced=old)

        self._ask_name(f"Rename {old}", "", old, "Rename", loaded.profile, work)

    def delete(self, name: str) -> None:
        """Ask, then take a profile of the user's own away."""

        def work(_: str) -> Done:
            kept = profile_editor().delete(name)
            return Done(f"{name} is deleted.", f"A copy is kept: {kept}", name="", replaced=name)

        self._ask(
            Question(f"Delete {name}?", (), ("A copy that is no profile any more stays beside it.",), "Delete"), work
        )

    def restore(self, name: str) -> None:
        """Ask, then take the user's changes to a shipped profile away."""

        def work(_: str) -> Done:
            kept = profile_editor().restore(name)
            return Done(f"{name} is as it was shipped.", f"Your changes are kept: {kept}" if kept else "", saved=name)

        grounds = ("Your changes are taken away; a copy of them stays beside it.",)
        self._ask(Question(f"Restore {name} as it was shipped?", (), grounds, "Restore"), work)

    def export(self, name: str) -> None:
        """Ask for a file, then write the whole profile into it."""
        dialog = QFileDialog(self, f"Export {name}", f"{name}.toml", _FILTER)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("toml")
        dialog.fileSelected.connect(lambda path: self.export_to(name, Path(path)))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def export_to(self, name: str, path: Path) -> None:
        """Write it there; the dialog has asked already whether a file may be overwritten."""
        self._do(lambda: Done(f"{name} is written.", str(profile_editor().export(name, path, overwrite=True))))

    def import_one(self) -> None:
        """Ask for a file, then check and keep it."""
        dialog = QFileDialog(self, "Import a profile", "", _FILTER)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.fileSelected.connect(lambda path: self.import_from(Path(path)))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def import_from(self, path: Path) -> None:
        """Check a file as something hostile and keep it; a name that is taken gets a number."""
        names = self.names

        def work() -> Done:
            editor = profile_editor()
            own = editor.store.load(path).profile.name if path.is_file() and path.stat().st_size < 1 << 18 else None
            name = free_name(own, names) if own is not None and own in names else None
            made = import_profile(editor, path, name)
            message = f"{made.profile.name} is a profile of your own now."
            if not made.cautions:
                return Done(message, "Nothing in it can make ComfyUI run other code.", name=made.profile.name)
            hint = "\n".join(("Look at it before you use it:", *made.cautions))
            return Done(message, hint, name=made.profile.name, is_doubtful=True)

        self._do(work)

    def export_scripts(self) -> None:
        """Ask for a folder, then write start scripts into it."""
        comfyui = self._context.panel.settings.comfyui
        start = str(comfyui / "scripts" if comfyui is not None and (comfyui / "scripts").is_dir() else comfyui or "")
        dialog = QFileDialog(self, "Folder for the start scripts", start)
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly, True)
        dialog.fileSelected.connect(lambda path: self.write_scripts(Path(path)))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def write_scripts(self, folder: Path) -> None:
        """Write start scripts of all recommended profiles, and of the chosen one."""
        settings = self._context.panel.settings

        def work() -> Done:
            made = export_scripts(folder, settings)
            unproved = [f"{name}: letters beyond ASCII in {', '.join(values)}." for name, values in made.unproved]
            hints = [str(made.folder), *unproved, *made.notices, *(one.message for one in made.problems)]
            doubtful = bool(unproved or made.notices or made.problems)
            return Done(f"{len(made.files)} files are written.", "\n".join(hints), is_doubtful=doubtful)

        self._do(work)

    def be_quiet(self) -> None:
        """Take away what was told or asked."""
        for widget in (self.said, self.name, self.question):
            widget.hide()
        self.hide()
        self.asked.emit()

    def _ask_name(
        self, title: str, text: str, name: str, yes: str, profile: Profile, work: Callable[[str], Done]
    ) -> None:
        self.be_quiet()
        self._then = work
        self.show()
        self.name.ask(title, text, name, yes, lambda given: name_complaint(profile, given, self.names))
        self.asked.emit()

    def _ask(self, question: Question, work: Callable[[str], Done]) -> None:
        self.be_quiet()
        self._then = work
        self.show()
        self.question.ask(question)
        self.asked.emit()

    def _named(self, name: str) -> None:
        then = self._then
        if then is not None:
            self._do(lambda: then(name))

    def _agreed(self) -> None:
        self._named("")

    def _do(self, work: Callable[[], Done]) -> None:
        self.be_quiet()
        self._asking.ask(lambda _cancel: work())

    def _tell(self, done: Done) -> None:
        tone, word = (Tone.slow, "look") if done.is_doubtful else (Tone.good, "done")
        self.show()
        self.said.say(tone, word, done.message, done.hint)
        self.done.emit(done)

    def _refuse(self, problem: Problem) -> None:
        self.show()
        self.said.show_problem(problem)
        self.refused.emit(problem)
