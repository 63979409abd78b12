from pathlib import Path

import pytest

from wan22.comfy.node_packs import pack_of
from wan22.comfy.pack_catalog import PackCatalog, archive_url, load_pack_catalog, source_at
from wan22.schema.pack_address import address_fault, folder_fault, same_repository
from wan22.schema.problem import AppError
from wan22.system.paths import data_folder


@pytest.fixture(scope="module")
def catalog() -> PackCatalog:
    return load_pack_catalog(data_folder() / "resources" / "node_packs.toml")


def test_every_shipped_pack_is_pinned_or_says_nothing(catalog: PackCatalog) -> None:
    ids = [pack.id for pack in catalog.packs]
    assert len(ids) == len(set(ids)) >= 6
    for pack in catalog.packs:
        assert pack.url.startswith("https://github.com/")
        assert pack.purpose
        assert pack.revision is None or len(pack.revision) == 40
        assert address_fault(pack.url) is None


@pytest.mark.parametrize(
    ("class_type", "pack"),
    [
        ("RIFE VFI", "comfyui-frame-interpolation"),
        ("FILM VFI", "comfyui-frame-interpolation"),
        ("VHS_VideoCombine", "comfyui-videohelpersuite"),
        ("PathchSageAttentionKJ", "comfyui-kjnodes"),
        ("WanVideoNAG", "comfyui-kjnodes"),
        ("WanVideoSampler", "comfyui-wanvideowrapper"),
        ("UnetLoaderGGUF", "comfyui-gguf"),
        ("Some New Node (rgthree)", "rgthree-comfy"),
    ],
)
def test_class_leads_to_its_pack(catalog: PackCatalog, class_type: str, pack: str) -> None:
    found = catalog.of_class(class_type)

    assert found is not None
    assert found.id == pack


def test_core_class_and_unknown_class_are_in_no_pack(catalog: PackCatalog) -> None:
    assert pack_of("FrameInterpolate") is not None
    assert catalog.of_class("FrameInterpolate") is None
    assert catalog.of_class("NobodyKnowsThis") is None


def test_pack_is_chosen_by_name_address_and_revision(catalog: PackCatalog) -> None:
    assert catalog.chosen("ComfyUI_KJNodes").id == "comfyui-kjnodes"
    assert catalog.chosen("kijai/ComfyUI-KJNodes").id == "comfyui-kjnodes"
    assert catalog.chosen("https://github.com/Kijai/comfyui-kjnodes.git").id == "comfyui-kjnodes"
    assert catalog.chosen("comfyui-kjnodes@v1.2").revision == "v1.2"
    other = catalog.chosen("https://example.com/some/Other-Pack.git@main")
    assert (other.folder, other.url, other.revision) == (
        "Other-Pack",
        "https://example.com/some/Other-Pack.git",
        "main",
    )


@pytest.mark.parametrize(
    "text",
    [
        "git@github.com:a/b.git",
        "ssh://git@github.com/a/b",
        "http://github.com/a/b",
        "file:///etc",
        "ext::sh -c touch% /tmp/x",
        "https://user:secret@github.com/a/b",
        "https://github.com/a/../../b",
        "https://github.com/a/b?x=1",
        "https://localhost/a/b",
        "https://example.com/a/..",
        "https://example.com/a/NUL",
        "https://example.com/a/x.disabled",
        "../../etc",
        "C:\\packs\\x",
        "--upload-pack=evil/x",
        "https://github.com/a/b\n--evil",
    ],
)
def test_hostile_address_is_refused(catalog: PackCatalog, text: str) -> None:
    with pytest.raises(AppError) as caught:
        catalog.chosen(text)

    assert caught.value.problem.code in ("pack_address_refused", "pack_unknown")
    assert "secret" not in caught.value.problem.message


@pytest.mark.parametrize("revision", ["--evil", "a..b", "x y", "-x", "a/", "x.lock", "a;b", "$(id)"])
def test_hostile_revision_is_refused(catalog: PackCatalog, revision: str) -> None:
    with pytest.raises(AppError) as caught:
        catalog.chosen(f"comfyui-kjnodes@{revision}")

    assert caught.value.problem.code == "pack_address_refused"


@pytest.mark.parametrize(
    "name", ["", ".", "..", "a/b", "a\\b", "CON", "nul.txt", "x.py", "x.git", ".hidden", "ä", "x."]
)
def test_folder_names_that_are_not_used(name: str) -> None:
    assert folder_fault(name) is not None


def test_spelling_of_an_address_does_not_matter() -> None:
    assert same_repository("https://github.com/A/B", "git@github.com:a/b.git")
    assert same_repository("https://github.com/A/B.git/", "ssh://git@github.com/A/B")
    assert not same_repository("https://github.com/A/B", "https://gitlab.com/A/B")


def test_archive_only_for_a_commit_at_github(catalog: PackCatalog) -> None:
    pinned = catalog.chosen("comfyui-kjnodes")
    assert archive_url(pinned) == f"https://codeload.github.com/kijai/ComfyUI-KJNodes/zip/{pinned.revision}"
    assert archive_url(pinned.model_copy(update={"revision": "main"})) is None
    assert archive_url(source_at("https://example.com/a/b").model_copy(update={"revision": "a" * 40})) is None


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("[[pack]]\nid = 1", "id"),
        ("[[pack", "TOML"),
        ('[[pack]]\nid="x"\nname="x"\nfolder="../x"\nurl="https://example.com/a/x"', "folder"),
        ('[[pack]]\nid="x"\nname="x"\nfolder="x"\nurl="https://example.com/a/x"\nrequirements="../x"', "requirements"),
    ],
)
def test_catalogue_that_is_not_valid_names_the_key(tmp_path: Path, text: str, word: str) -> None:
    path = tmp_path / "packs.toml"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(AppError) as caught:
        load_pack_catalog(path)

    assert caught.value.problem.code == "pack_catalogue_invalid"
    assert word in caught.value.problem.message
