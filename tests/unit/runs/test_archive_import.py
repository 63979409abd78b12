import contextlib
import json
import struct
import time
import zipfile
import zlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.runs.archives import VIDEO, pack, parts_of, whole_run
from tests.unit.runs.facts import warm_job
from wan22.runs import archive_import
from wan22.runs.archive_format import LIST_NAME, MAX_ENTRIES, checked_name, same_file_key
from wan22.runs.archive_import import import_archive, is_archive_name
from wan22.runs.catalog import list_runs
from wan22.runs.own_band import is_baseline
from wan22.runs.reader import open_run, read_manifest
from wan22.runs.run_export import export_run
from wan22.runs.summary import load_summary
from wan22.runs.verify import verify_run
from wan22.runs.writer import event_line
from wan22.schema.events import OutputSaved
from wan22.schema.problem import AppError, Problem
from wan22.system.cancel import CancelToken


def refused(path: Path, root: Path) -> Problem:
    """The reason; nothing is left behind, neither a run nor a part of one."""
    before = sorted(root.rglob("*")) if root.exists() else []
    with pytest.raises(AppError) as caught:
        import_archive(path, root)
    assert (sorted(root.rglob("*")) if root.exists() else []) == before
    return caught.value.problem


def info(name: str, *, mode: int = 0o100644) -> zipfile.ZipInfo:
    made = zipfile.ZipInfo("x")
    made.filename = made.orig_filename = name
    made.external_attr = mode << 16
    made.compress_type = zipfile.ZIP_DEFLATED
    return made


def test_there_and_back_again(tmp_path: Path):
    folder = whole_run(tmp_path / "hier")
    path = tmp_path / "ein Lauf.wan22run"
    export_run(folder, path)
    told: list[tuple[int, int]] = []
    made = import_archive(path, tmp_path / "drüben" / "runs", progress=lambda *at: told.append(at))
    assert made.run_id == folder.run_id
    assert told[-1][0] == told[-1][1] > len(VIDEO)
    assert (made.outputs / "wan.mp4").read_bytes() == VIDEO
    assert (made.input / "oma.png").is_file()
    assert not (made.path / "unknown.bin").exists()
    assert made.events.read_bytes() == folder.events.read_bytes()
    assert read_manifest(made) == read_manifest(folder).model_copy(update={"origin": "imported"})
    assert [one.code for one in verify_run(made)] == []
    assert [path.name for path in (tmp_path / "drüben" / "runs").iterdir()] == [made.run_id]
    again = import_archive(path, tmp_path / "drüben" / "runs")
    assert again.run_id == f"{folder.run_id}-2"
    assert read_manifest(again).run_id == again.run_id
    assert len(list_runs(tmp_path / "drüben" / "runs")) == 2


def test_an_imported_run_says_nothing_about_what_is_usual_here(tmp_path: Path):
    from tests.unit.runs.facts import stored_run

    folder = stored_run(tmp_path / "a", "2026-01-01", warm_job(0.0, 70.0))
    assert is_baseline(read_manifest(folder), load_summary(folder))
    export_run(folder, tmp_path / "a.wan22run")
    made = import_archive(tmp_path / "a.wan22run", tmp_path / "b")
    assert not is_baseline(read_manifest(made), load_summary(made))


HOSTILE_NAMES = [
    "../evil.json", "outputs/../../evil.mp4", "/etc/cron.d/evil", "C:/evil.mp4", "C:evil.mp4", "\\\\server\\share\\x",
    "outputs\\..\\..\\evil.mp4", "outputs/a:stream", "outputs/CON", "outputs/nul.mp4", "outputs/com1.txt", "outputs/a.",
    "outputs/a ", "outputs//a.mp4", "./run.json", "outputs/./a.mp4", "outputs/a\nb.mp4", "outputs/a\x00.mp4",
    "outputs/",
    "outputs/deep/a.mp4", "evil.exe", "notes.broken.json", "summary.json", "writing.lock", "outputs", "input/a/b",
    "outputs/a?.mp4", "outputs/" + "a" * 300 + ".mp4", "OUTPUTS/a.mp4", "outputs/\ud800.mp4", "~/a.mp4", "%TEMP%/a.mp4",
]  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_names_that_could_do_harm_are_refused(name: str):
    with pytest.raises(AppError) as caught:
        checked_name(name)
    assert caught.value.problem.code == "archive_unsafe"
    assert caught.value.problem.message.isascii()


@pytest.mark.parametrize(
    "name", ["../evil.json", "/etc/evil", "C:/evil.mp4", "a\\b.mp4", "outputs/CON.mp4", "evil.exe"]
)
def test_such_an_archive_leaves_nothing(tmp_path: Path, name: str):
    path = pack(tmp_path / "a.wan22run", parts_of(tmp_path / "src"), infos=[(info(name), b"evil")])
    assert refused(path, tmp_path / "runs").code == "archive_unsafe"
    assert not list(tmp_path.glob("evil*"))


@pytest.mark.parametrize("mode", [0o120777, 0o040755, 0o010644, 0o060644, 0o140644])
def test_links_folders_pipes_and_devices_are_refused(tmp_path: Path, mode: int):
    entry = info("outputs/a.mp4", mode=mode)
    path = pack(tmp_path / "a.wan22run", parts_of(tmp_path / "src"), infos=[(entry, b"/etc/passwd")])
    assert refused(path, tmp_path / "runs").code == "archive_unsafe"


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("outputs/a.mp4", "outputs/a.mp4"),
        ("outputs/a.mp4", "outputs/A.MP4"),
        ("outputs/straße.mp4", "outputs/STRASSE.mp4"),
        ("outputs/\u00e9.mp4", "outputs/e\u0301.mp4"),
    ],
)
def test_two_entries_for_one_file_are_refused(tmp_path: Path, one: str, other: str):
    path = pack(tmp_path / "a.wan22run", parts_of(tmp_path / "src"), infos=[(info(one), b"1"), (info(other), b"2")])
    found = refused(path, tmp_path / "runs")
    assert found.code == "archive_unsafe"
    assert same_file_key(one) == same_file_key(other) or "no part" in found.message or "cannot hold" in found.message


def test_bombs_are_refused_by_what_they_say_of_themselves(tmp_path: Path):
    parts = parts_of(tmp_path / "src")
    bomb = {**parts, "server.log": bytes(40_000_000)}
    found = refused(pack(tmp_path / "a.wan22run", bomb), tmp_path / "runs")
    assert found.code == "archive_unsafe"
    assert "times its size" in found.message
    many = [(info(f"outputs/{number}.mp4"), b"") for number in range(MAX_ENTRIES + 1)]
    found = refused(pack(tmp_path / "b.wan22run", parts, infos=many), tmp_path / "runs")
    assert found.code == "archive_unsafe"
    assert "files" in found.message


def patched(path: Path, name: str, offset: int, form: str, value: int) -> None:
    """Change a field of an entry in the table at the end (APPNOTE 4.3.12)."""
    data = bytearray(path.read_bytes())
    place = data.rfind(b"PK\x01\x02", 0, data.rfind(name.encode()))
    struct.pack_into(form, data, place + offset, value)
    path.write_bytes(data)


def test_sizes_that_are_lies_are_refused(tmp_path: Path):
    parts = {**parts_of(tmp_path / "src"), "server.log": b"x" * 5000}
    path = pack(tmp_path / "a.wan22run", parts)
    patched(path, "server.log", 24, "<I", 100)
    assert refused(path, tmp_path / "runs").code == "archive_invalid"
    path = pack(tmp_path / "b.wan22run", parts, listed=None, named={**parts, "server.log": b"x" * 100})
    patched(path, "server.log", 24, "<I", 100)
    found = refused(path, tmp_path / "runs")
    assert found.code == "archive_invalid"
    path = pack(tmp_path / "c.wan22run", {**parts, "outputs/a.mp4": b"1"})
    patched(path, "outputs/a.mp4", 24, "<I", 0xFFFFFFF0)
    patched(path, "server.log", 20, "<I", 0x7FFFFFFF)
    assert refused(path, tmp_path / "runs").code == "archive_unsafe"


def test_entries_that_overlap_are_refused(tmp_path: Path):
    """The same packed bytes named many times: small on disk, huge when unpacked."""
    parts = parts_of(tmp_path / "src")
    data = zlib.decompress(zlib.compress(bytes(range(256)) * 4000))
    names = [f"outputs/{number}.mp4" for number in range(3)]
    path = pack(tmp_path / "a.wan22run", {**parts, **dict.fromkeys(names, data)}, compression=zipfile.ZIP_STORED)
    raw = bytearray(path.read_bytes())
    first = raw.find(b"PK\x03\x04", raw.find(b"telemetry.csv"))
    directory = raw.find(b"PK\x01\x02")
    for name in names[1:]:
        place = raw.rfind(b"PK\x01\x02", 0, raw.rfind(name.encode()))
        struct.pack_into("<I", raw, place + 42, first)
    assert directory > 0
    path.write_bytes(raw)
    assert refused(path, tmp_path / "runs").code in ("archive_invalid", "archive_unsafe")


@pytest.mark.parametrize("change", ["flip", "sum"])
def test_damage_is_found_by_the_checksum(tmp_path: Path, change: str):
    parts = parts_of(tmp_path / "src")
    if change == "sum":
        named = {**parts, "telemetry.csv": bytes(len(parts["telemetry.csv"]))}
        path = pack(tmp_path / "a.wan22run", parts, named=named)
    else:
        path = pack(tmp_path / "a.wan22run", {**parts, "outputs/a.mp4": b"good" * 100}, compression=zipfile.ZIP_STORED)
        data = path.read_bytes()
        path.write_bytes(data.replace(b"goodgood", b"evilgood", 1))
    found = refused(path, tmp_path / "runs")
    assert found.code == "archive_invalid"
    assert "outputs/a.mp4" in found.message or "telemetry.csv" in found.message


def test_encrypted_and_oddly_packed_entries_are_refused(tmp_path: Path):
    parts = parts_of(tmp_path / "src")
    path = pack(tmp_path / "a.wan22run", parts)
    patched(path, "events.jsonl", 8, "<H", 0x1)
    found = refused(path, tmp_path / "runs")
    assert (found.code, "encrypted" in found.message) == ("archive_invalid", True)
    path = pack(tmp_path / "b.wan22run", parts, compression=zipfile.ZIP_LZMA)
    assert refused(path, tmp_path / "runs").code == "archive_invalid"


@pytest.mark.parametrize(
    "data", [b"", b"PK", b"hello", b"PK\x05\x06" + bytes(18), b"PK\x03\x04" + bytes(100), bytes(5000)]
)
def test_what_is_no_zip_is_said(tmp_path: Path, data: bytes):
    path = tmp_path / "a.wan22run"
    path.write_bytes(data)
    assert refused(path, tmp_path / "runs").code == "archive_invalid"


def test_other_zips_and_folders_are_said(tmp_path: Path):
    path = tmp_path / "a.wan22run"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("word/document.xml", "x")
    assert LIST_NAME in refused(path, tmp_path / "runs").message
    assert refused(tmp_path, tmp_path / "runs").code == "archive_invalid"
    assert refused(tmp_path / "gone.wan22run", tmp_path / "runs").code == "file_unreadable"


@pytest.mark.parametrize("keep", [0.3, 0.7, 0.95, 0.999])
def test_a_file_that_was_cut_short_is_said(tmp_path: Path, keep: float):
    folder = whole_run(tmp_path / "src")
    path = tmp_path / "a.wan22run"
    export_run(folder, path)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * keep)])
    assert refused(path, tmp_path / "runs").code == "archive_invalid"


def test_a_table_that_is_too_large_is_not_even_read(tmp_path: Path):
    path = pack(tmp_path / "a.wan22run", parts_of(tmp_path / "src"))
    data = bytearray(path.read_bytes())
    end = data.rfind(b"PK\x05\x06")
    struct.pack_into("<HHI", data, end + 8, 0xFFFE, 0xFFFE, 0xFFFFFFF0)
    path.write_bytes(data)
    assert refused(path, tmp_path / "runs").code == "archive_unsafe"
    wide = data[:end] + struct.pack("<4sQHHIIQQQQ", b"PK\x06\x06", 44, 45, 45, 0, 0, 10**7, 10**7, 10**9, 0)
    wide += struct.pack("<4sIQI", b"PK\x06\x07", 0, end, 1) + data[end:]
    struct.pack_into("<HHI", wide, wide.rfind(b"PK\x05\x06") + 8, 4, 4, 300)
    path.write_bytes(wide)
    assert refused(path, tmp_path / "runs").code == "archive_unsafe"


@pytest.mark.parametrize(
    ("listed", "code"),
    [
        ({"format": 2}, "run_too_new"),
        ({"kind": "other"}, "archive_invalid"),
        ({"parts": []}, "archive_invalid"),
        ({"parts": "x"}, "archive_invalid"),
        ({"parts": [{"path": "run.json", "byte_count": -1, "sha256": ""}]}, "archive_invalid"),
        ({"run_id": None}, "archive_invalid"),
    ],
)
def test_lists_that_do_not_fit_are_refused(tmp_path: Path, listed: dict[str, object], code: str):
    path = pack(tmp_path / "a.wan22run", parts_of(tmp_path / "src"), listed=listed)
    assert refused(path, tmp_path / "runs").code == code


def test_more_or_fewer_entries_than_listed_are_refused(tmp_path: Path):
    parts = parts_of(tmp_path / "src")
    more = pack(tmp_path / "a.wan22run", {**parts, "outputs/a.mp4": b"1"}, named=parts)
    assert "is not in its list" in refused(more, tmp_path / "runs").message
    fewer = pack(tmp_path / "b.wan22run", parts, named={**parts, "outputs/a.mp4": b"1"})
    assert "is in its list only" in refused(fewer, tmp_path / "runs").message
    without = {name: data for name, data in parts.items() if name != "run.json"}
    assert "run.json" in refused(pack(tmp_path / "c.wan22run", without), tmp_path / "runs").message


def test_a_manifest_that_is_none_or_too_new_is_refused(tmp_path: Path):
    parts = parts_of(tmp_path / "src")
    deep = b'{"a":' * 200_000
    for text, code in ((b"{", "run_invalid"), (deep, "run_invalid"), (b'{"format": 99}', "run_too_new")):
        path = pack(tmp_path / "a.wan22run", {**parts, "run.json": text})
        assert refused(path, tmp_path / "runs").code == code


def test_a_log_that_names_results_outside_is_refused(tmp_path: Path):
    parts = parts_of(tmp_path / "src")
    saved = OutputSaved(time_s=127.0, path="../../../home/victim/.ssh/id_rsa", byte_count=1)
    path = pack(tmp_path / "a.wan22run", {**parts, "events.jsonl": parts["events.jsonl"] + event_line(saved)})
    assert refused(path, tmp_path / "runs").code == "archive_unsafe"


@pytest.mark.parametrize("run_id", ["../../evil", "/evil", "C:\\evil", "CON", "..", "", ".hidden", "a" * 500, "a\nb"])
def test_the_run_id_decides_no_place(tmp_path: Path, run_id: str):
    parts = parts_of(tmp_path / "src")
    document = {**json.loads(parts["run.json"]), "run_id": run_id}
    path = pack(tmp_path / "a.wan22run", {**parts, "run.json": json.dumps(document).encode()})
    made = import_archive(path, tmp_path / "runs")
    assert made.path.parent == tmp_path / "runs"
    assert not made.run_id.startswith(".")
    assert read_manifest(made).run_id == made.run_id
    assert open_run(made).events


def test_a_stopped_import_leaves_nothing(tmp_path: Path):
    folder = whole_run(tmp_path / "src")
    (folder.outputs / "wan.mp4").write_bytes(bytes(3_000_000))
    path = tmp_path / "a.wan22run"
    export_run(folder, path)
    cancel = CancelToken()
    with pytest.raises(AppError) as caught:
        import_archive(
            path, tmp_path / "runs", progress=lambda done, _: done > 2_000_000 and cancel.set(), cancel=cancel
        )
    assert caught.value.problem.code == "cancelled"
    assert list((tmp_path / "runs").iterdir()) == []


def test_a_disk_without_room_is_said_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = pack(tmp_path / "a.wan22run", parts_of(tmp_path / "src"))
    monkeypatch.setattr(archive_import, "free_bytes", lambda _path: 10_000)
    assert refused(path, tmp_path / "runs").code == "disk_full"


def test_what_a_killed_import_left_goes_away_in_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    root = tmp_path / "runs"
    stale = root / ".importing-000000000000"
    (stale / "run").mkdir(parents=True)
    path = pack(tmp_path / "a.wan22run", parts_of(tmp_path / "src"))
    import_archive(path, root)
    assert stale.exists()
    now_s = time.time()
    monkeypatch.setattr(archive_import.time, "time", lambda: now_s + 2 * 24 * 3600.0)
    import_archive(path, root)
    assert sorted(path.name for path in root.iterdir()) == ["2026-01-01_forged", "2026-01-01_forged-2"]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(places=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=6))
def test_no_damage_leads_to_anything_but_a_clear_refusal(tmp_path: Path, places: list[tuple[float, int]]):
    path = tmp_path / "a.wan22run"
    good = tmp_path / "good.wan22run"
    if not good.exists():
        pack(good, parts_of(tmp_path / "src"))
    data = bytearray(good.read_bytes())
    for place, value in places:
        data[int(place * len(data))] = value
    path.write_bytes(data)
    with contextlib.suppress(AppError):
        made = import_archive(path, tmp_path / "runs")
        assert made.path.parent == tmp_path / "runs"
    assert not list((tmp_path / "runs").glob(".importing-*")) if (tmp_path / "runs").exists() else True


def test_names_of_exported_runs():
    assert is_archive_name(Path("a.WAN22RUN"))
    assert not is_archive_name(Path("a.zip"))
