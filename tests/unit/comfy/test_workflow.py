import json
from pathlib import Path

import pytest

from tests.unit.comfy.graph_samples import WORKFLOWS, shipped
from wan22.comfy import workflow
from wan22.comfy.workflow import canonical_sha256, graph_from_value, load_workflow, shipped_workflows
from wan22.schema.problem import AppError

NODE = {"class_type": "LoadImage", "inputs": {"image": "a.png"}}


def _file(folder: Path, content: str | bytes, name: str = "my flow ä.json") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
    return path


def _problem(path: Path | str, *folders: Path) -> tuple[str, str]:
    with pytest.raises(AppError) as caught:
        load_workflow(path, folders)
    return caught.value.problem.code, caught.value.problem.message


def test_shipped_names_leave_out_the_list_of_models() -> None:
    assert shipped_workflows(WORKFLOWS) == ("wan22_baseline_reference", "wan22_i2v_two_pass")
    assert shipped_workflows(WORKFLOWS / "nothing here") == ()


def test_by_name_and_by_path_give_the_same() -> None:
    by_name = load_workflow("wan22_i2v_two_pass", [Path("not there"), WORKFLOWS])
    by_path = load_workflow(str(WORKFLOWS / "wan22_i2v_two_pass.json"), [])
    assert by_name == by_path
    assert by_name.name == "wan22_i2v_two_pass"
    assert len(by_name.sha256) == 64


def test_the_first_folder_wins(tmp_path: Path) -> None:
    _file(tmp_path, json.dumps({"1": NODE}), "wan22_i2v_two_pass.json")
    assert load_workflow("wan22_i2v_two_pass", [tmp_path, WORKFLOWS]).graph == {"1": NODE}


def test_shipped_files_differ_in_one_shift_only() -> None:
    new, old = shipped(), shipped("wan22_baseline_reference")
    different = [
        (node, name)
        for node in new
        for name, value in new[node]["inputs"].items()
        if old[node]["inputs"][name] != value
    ]
    assert new.keys() == old.keys()
    assert different == [("103", "shift")]
    assert (new["103"]["inputs"]["shift"], old["103"]["inputs"]["shift"]) == (5.0, 6.0)


def test_hash_ignores_order_and_layout_but_not_values(tmp_path: Path) -> None:
    one = {"1": NODE, "2": {"class_type": "B", "inputs": {"x": 1, "y": ["1", 0]}}}
    other = {"2": {"inputs": {"y": ["1", 0], "x": 1}, "class_type": "B"}, "1": NODE}
    assert canonical_sha256(one) == canonical_sha256(other)
    assert canonical_sha256(one) != canonical_sha256({**one, "1": {**NODE, "inputs": {"image": "b.png"}}})
    loaded = load_workflow(_file(tmp_path, json.dumps(one, indent=4).replace("\n", "\r\n")), [])
    assert loaded.sha256 == canonical_sha256(one)


@pytest.mark.parametrize("prefix", [b"", b"\xef\xbb\xbf"])
def test_wrapper_byte_order_mark_and_odd_file_names(tmp_path: Path, prefix: bytes) -> None:
    path = _file(tmp_path, prefix + json.dumps({"prompt": {"1": NODE}, "extra_data": {}}).encode())
    assert load_workflow(path, []).graph == {"1": NODE}
    assert load_workflow(path, []).name == "my flow ä"


def test_a_node_called_prompt_is_no_wrapper() -> None:
    assert graph_from_value({"prompt": NODE}, Path("x")) == {"prompt": NODE}


def test_bad_json_says_where(tmp_path: Path) -> None:
    code, message = _problem(_file(tmp_path, '{"1": {\n  "class_type": oops}}'))
    assert code == "workflow_invalid"
    assert "line 2, column 17" in message


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\xff\xfe{\x00}\x00", "not text in UTF-8"),
        (b"\x89PNG\r\n\x1a\n", "not text in UTF-8"),
        (b"", "not valid JSON"),
        (b"[1, 2]", "a list"),
        (b'"text"', "a text"),
        (b"null", "nothing"),
        (b"{}", "no nodes"),
        (b'{"1": {"inputs": {}}}', "node '1' has no class_type"),
        (b'{"1": {"class_type": 3, "inputs": {}}}', "node '1' has no class_type"),
        (b'{"1": {"class_type": "A", "inputs": {}}, "b": {"class_type": "B"}}', "node 'b' (B) has no inputs"),
        (b'{"1": 5}', "node '1' is a number"),
        (b'{"1": {"class_type": "A", "inputs": {"x": NaN}}}', "NaN"),
        (b'{"1": ' + b"[" * 100_000, "nested too deeply"),
        (b'{"1": ' + b"9" * 5000 + b"}", "not usable JSON"),
    ],
)
def test_what_is_no_graph_is_named(tmp_path: Path, content: bytes, words: str) -> None:
    code, message = _problem(_file(tmp_path, content))
    assert code == "workflow_invalid"
    assert words in message


@pytest.mark.parametrize("links", [[], [[1, 2, 0, 3, 0, "MODEL"]]])
def test_the_editors_form_is_recognised(tmp_path: Path, links: list[object]) -> None:
    document = {"last_node_id": 3, "nodes": [{"id": 1, "type": "LoadImage"}], "links": links, "version": 0.4}
    code, message = _problem(_file(tmp_path, json.dumps(document)))
    assert code == "workflow_ui_format"
    assert "1 nodes" in message


def test_a_huge_file_is_not_even_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workflow, "MAX_BYTES", 100)
    monkeypatch.setattr(Path, "read_bytes", lambda _self: pytest.fail("it was read"))
    code, message = _problem(_file(tmp_path, "x" * 101))
    assert code == "workflow_invalid"
    assert "101 bytes" in message


def test_not_found_names_the_nearest(tmp_path: Path) -> None:
    code, message = _problem("wan22_i2v_two_pas", WORKFLOWS)
    assert code == "workflow_not_found"
    assert "Did you mean: wan22_i2v_two_pass" in message
    assert _problem(str(tmp_path / "gone.json"), WORKFLOWS)[0] == "workflow_not_found"
    assert "is a folder" in _problem(str(tmp_path) + "/", WORKFLOWS)[1]
    assert _problem("x" * 5000, WORKFLOWS)[0] == "workflow_not_found"
    assert _problem("x/" * 5000 + "y.json", WORKFLOWS)[0] == "workflow_not_found"
    assert _problem("", WORKFLOWS)[0] == "workflow_not_found"
    assert _problem("a\0b", WORKFLOWS)[0] == "workflow_not_found"
    assert "no workflows in the usual folders" in _problem("x", tmp_path)[1]


def test_the_list_of_models_is_no_workflow() -> None:
    assert _problem("models", WORKFLOWS)[0] == "workflow_invalid"
