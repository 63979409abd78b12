from pathlib import Path

import pytest

from tests.unit.job.scripted_client import ScriptedClient
from wan22.comfy.client import HistoryEntry
from wan22.job.collect import collect_outputs
from wan22.schema.events import OutputFile, OutputSaved
from wan22.system.bus import Bus
from wan22.system.cancel import CancelToken


@pytest.fixture
def outputs(tmp_path: Path) -> Path:
    folder = tmp_path / "outputs"
    folder.mkdir()
    return folder


def entry(*files: OutputFile) -> HistoryEntry:
    return HistoryEntry(prompt_id="p", status="success", files=tuple(("108", file) for file in files))


def collect(client: ScriptedClient, found: HistoryEntry | None, folder: Path) -> tuple:
    bus = Bus(client.clock)
    facts: list = []
    bus.subscribe(facts.append)
    result = collect_outputs(client, found, folder, bus, client.clock, CancelToken())
    return result, [fact for fact in facts if isinstance(fact, OutputSaved)]


def test_a_saved_video_is_copied_with_its_digest(outputs: Path):
    client = ScriptedClient()
    result, saved = collect(client, entry(OutputFile(filename="clip_00001_.mp4", subfolder="video")), outputs)
    assert [path.name for path in result.saved] == ["clip_00001_.mp4"]
    assert result.problems == ()
    assert saved[0].path == "outputs/clip_00001_.mp4"
    assert saved[0].byte_count == len(client.content)
    assert saved[0].sha256 is not None


def test_temporary_files_count_only_when_there_is_nothing_else(outputs: Path):
    temp, real = OutputFile(filename="t.png", type="temp"), OutputFile(filename="v.mp4")
    result, _ = collect(ScriptedClient(), entry(temp, real), outputs)
    assert [path.name for path in result.saved] == ["v.mp4"]
    result, _ = collect(ScriptedClient(), entry(temp), outputs)
    assert [path.name for path in result.saved] == ["t.png"]


@pytest.mark.parametrize("name", ["../../evil.mp4", "C:\\evil.mp4", "/etc/evil.mp4"])
def test_a_hostile_name_stays_in_the_folder(outputs: Path, name: str):
    result, _ = collect(ScriptedClient(), entry(OutputFile(filename=name)), outputs)
    (path,) = result.saved
    assert path.parent == outputs
    assert path.resolve().parent == outputs.resolve()


def test_equal_names_do_not_overwrite_each_other(outputs: Path):
    files = (OutputFile(filename="v.mp4", subfolder="a"), OutputFile(filename="v.mp4", subfolder="b"))
    result, _ = collect(ScriptedClient(), entry(*files), outputs)
    assert sorted(path.name for path in result.saved) == ["v (1).mp4", "v.mp4"]


def test_nothing_saved_and_an_unreachable_server_are_problems(outputs: Path):
    for found in (None, entry()):
        result, _ = collect(ScriptedClient(), found, outputs)
        assert [found.code for found in result.problems] == ["output_missing"]
    client = ScriptedClient()
    client.unreachable = True
    result, _ = collect(client, entry(OutputFile(filename="v.mp4")), outputs)
    assert [found.code for found in result.problems] == ["server_unreachable"]
    assert result.saved == ()
