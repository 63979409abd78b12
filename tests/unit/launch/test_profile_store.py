import os
import re
from pathlib import Path

import pytest

from wan22.launch.profile_store import ProfileStore, profile_for_gpu, save_user_profile
from wan22.schema.problem import AppError, Problem
from wan22.schema.profile import target_for
from wan22.schema.verdict import TargetKey

SHIPPED = Path(__file__).parents[3] / "profiles"
KEY = 'key = { gpu = "RTX 5090", width = 1280, height = 720, length = 81, steps = 4, cfg = 1.0 }'

ANY_VALUE = "true, false, a number, a text in quotes or a list of texts is expected."
OTHER_KEY = KEY.replace("81", "49")


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A folder of the user's own profiles, with a name as Windows has them."""
    folder = tmp_path / "Jürgen Müller" / "profiles"
    folder.mkdir(parents=True)
    return folder


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / f"{name}.toml"
    path.write_text(text, encoding="utf-8")
    return path


def problem_of(store: ProfileStore, name: str | Path) -> Problem:
    with pytest.raises(AppError) as caught:
        store.load(name)
    return caught.value.problem


def target_problem_of(own: Path, text: str) -> Problem:
    write(own, "targets", text)
    with pytest.raises(AppError) as caught:
        ProfileStore(SHIPPED, own).targets()
    return caught.value.problem


def job(**changes: object) -> TargetKey:
    usual = {"gpu": "NVIDIA GeForce RTX 5090", "width": 1280, "height": 720, "length": 81, "steps": 4, "cfg": 1.0}
    return TargetKey.model_validate(usual | changes)


def test_the_shipped_ones():
    store = ProfileStore(SHIPPED, None)
    assert store.names() == ("a100", "cpu", "h100", "nvidia", "rtx4090", "rtx5090", "rtx5090-original")
    for name in store.names():
        loaded = store.load(name)
        assert loaded.profile.name == name
        assert (loaded.path, loaded.origin, loaded.overlays, loaded.bases) == (
            SHIPPED / f"{name}.toml",
            "shipped",
            (),
            (),
        )
        assert loaded.profile.description
        for setting in {**loaded.profile.environment, **loaded.profile.flags}.values():
            assert 20 < len(setting.note) < 250
            assert setting.note.endswith(".")
            assert 1 <= setting.note.count(". ") + 1 <= 3


def test_the_original_is_the_script_as_given():
    profile = ProfileStore(SHIPPED, None).load("rtx5090-original").profile
    assert not profile.recommended
    assert {name: setting.value for name, setting in profile.environment.items()} == {
        "TORCH_COMPILE": "1",
        "TORCH_COMPILE_MODE": "max-autotune",
        "PYTORCH_CUDA_ALLOC_CONF": "max_split_size_mb:512,expandable_segments:True",
        "OMP_NUM_THREADS": "8",
        "CUDA_MODULE_LOADING": "LAZY",
    }
    flags = {name: setting.value for name, setting in profile.flags.items()}
    assert flags == {"--use-sage-attention": True, "--cuda-malloc": True, "--force-channels-last": True}


def test_a_name_has_no_case_and_no_space():
    assert ProfileStore(SHIPPED, None).load(" RTX5090 ").profile.name == "rtx5090"


def test_a_folder_that_is_not_there_holds_nothing(tmp_path: Path):
    store = ProfileStore(tmp_path / "no", tmp_path / "neither")
    assert store.names() == ()
    assert store.targets() == ()
    assert "none" in problem_of(store, "rtx5090").hint


def test_an_unknown_name_gets_the_nearest():
    found = problem_of(ProfileStore(SHIPPED, None), "rtx590")
    assert found.code == "profile_not_found"
    assert found.message == "No profile is named 'rtx590'."
    assert "Did you mean rtx5090?" in found.hint
    assert "rtx4090" in found.hint


def test_a_user_file_lies_over_the_shipped_one_key_by_key(own: Path):
    path = write(own, "rtx5090", 'title = "Mine"\n[gpu]\npower_w = 600\n[flags.--fast]\nvalue = false\n')
    shipped = ProfileStore(SHIPPED, None).load("rtx5090").profile
    loaded = ProfileStore(SHIPPED, own).load("rtx5090")
    assert (loaded.origin, loaded.path, loaded.overlays) == ("shipped", SHIPPED / "rtx5090.toml", (path,))
    assert loaded.profile.title == "Mine"
    assert loaded.profile.gpu == shipped.gpu.model_copy(update={"power_w": 600.0})
    assert loaded.profile.flags["--fast"].value is False
    assert loaded.profile.flags["--fast"].note == shipped.flags["--fast"].note
    assert loaded.profile.flags["--use-sage-attention"] == shipped.flags["--use-sage-attention"]


def test_an_overlay_adds_and_takes_out(own: Path):
    write(
        own,
        "rtx5090-original",
        "[environment.TORCH_COMPILE]\nvalue = false\n"
        '[environment.CUDA_VISIBLE_DEVICES]\nvalue = "1"\nnote = "The second board."\nread_by = "CUDA driver"\n',
    )
    profile = ProfileStore(SHIPPED, own).load("rtx5090-original").profile
    assert "TORCH_COMPILE" not in profile.environment
    assert "TORCH_COMPILE_MODE" in profile.environment
    assert profile.environment["CUDA_VISIBLE_DEVICES"].value == "1"


def test_a_new_name_extends_another_one(own: Path):
    below = write(own, "rtx5090", 'description = "Below."\n')
    path = write(own, "quiet", 'extends = "RTX5090"\ntitle = "Quiet"\n[gpu]\npower_w = 450\n')
    store = ProfileStore(SHIPPED, own)
    loaded = store.load("quiet")
    assert "quiet" in store.names()
    assert (loaded.origin, loaded.path, loaded.overlays) == ("user", path, ())
    assert loaded.bases == (SHIPPED / "rtx5090.toml", below)
    assert (loaded.profile.name, loaded.profile.title, loaded.profile.description) == ("quiet", "Quiet", "Below.")
    assert loaded.profile.flags == store.load("rtx5090").profile.flags


def test_extending_the_shipped_one_of_the_same_name_is_an_overlay(own: Path):
    write(own, "rtx4090", 'extends = "rtx4090"\ntitle = "Same"\n')
    loaded = ProfileStore(SHIPPED, own).load("rtx4090")
    assert (loaded.origin, loaded.profile.title, len(loaded.overlays)) == ("shipped", "Same", 1)


def test_a_shipped_name_can_be_built_on_another_one(own: Path):
    write(own, "rtx4090", 'extends = "a100"\ntitle = "Other"\n')
    loaded = ProfileStore(SHIPPED, own).load("rtx4090")
    assert (loaded.origin, loaded.bases) == ("user", (SHIPPED / "a100.toml",))
    assert "--use-pytorch-cross-attention" in loaded.profile.flags
    assert "--use-sage-attention" not in loaded.profile.flags


def test_a_standalone_file_replaces_the_shipped_one(own: Path):
    path = write(own, "rtx5090", 'standalone = true\ntitle = "Bare"\n')
    loaded = ProfileStore(SHIPPED, own).load("rtx5090")
    assert (loaded.origin, loaded.path, loaded.overlays) == ("user", path, ())
    assert loaded.profile.flags == {}
    write(own, "rtx5090", 'standalone = true\nextends = "cpu"\ntitle = "Bare"\n')
    assert "cannot be standalone and extend" in problem_of(ProfileStore(SHIPPED, own), "rtx5090").message


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"a": 'extends = "b"', "b": 'extends = "a"'}, "a → b → a"),
        ({"a": 'extends = "a"'}, "a → a"),
        ({"a": 'extends = "rtx5090"', "rtx5090": 'extends = "a"'}, "a → rtx5090 → a"),
        ({"a": 'extends = "rtx509"'}, "Profile 'a' extends 'rtx509', but no profile has that name."),
    ],
)
def test_a_chain_that_leads_nowhere(own: Path, files: dict[str, str], words: str):
    for name, text in files.items():
        write(own, name, text + "\n")
    assert words in problem_of(ProfileStore(SHIPPED, own), "a").message


def test_a_file_by_its_path(tmp_path: Path, own: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)  # no relative path leads from one drive to another
    write(own, "rtx5090", 'description = "Overlaid."\n')
    path = write(tmp_path, "my bench ü", 'name = "bench"\nextends = "rtx5090"\n')
    store = ProfileStore(SHIPPED, own)
    for given in (path, str(path), os.path.relpath(path)):
        loaded = store.load(given)
        assert (loaded.profile.name, loaded.profile.description, loaded.origin) == ("bench", "Overlaid.", "file")
    assert "bench" not in store.names()
    missing = problem_of(store, str(tmp_path / "not.toml"))
    assert missing.code == "profile_not_found"
    assert "not.toml" in missing.message


def test_a_file_whose_name_is_no_profile_name(tmp_path: Path):
    found = problem_of(ProfileStore(SHIPPED, None), write(tmp_path, "My Bench", 'title = "x"\n'))
    assert found.code == "profile_invalid"
    assert "'My Bench'" in found.message
    assert "small letters" in found.message


def test_a_file_that_calls_itself_otherwise(own: Path):
    write(own, "quiet", 'name = "loud"\ntitle = "x"\n')
    found = problem_of(ProfileStore(SHIPPED, own), "quiet")
    assert found.message == "quiet.toml: it says name = 'loud', but a profile has the name of its file, 'quiet'."


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[gpu]\nvram_gb = 32\n", "unknown key vram_gb in [gpu]; did you mean 'vram_gib'?"),
        ("[flag.--fast]\nvalue = true\n", "unknown key flag; did you mean 'flags'?"),
        ("[flags.--fast]\nvlaue = true\n", "unknown key vlaue in [flags.--fast]; did you mean 'value'?"),
        ("[flags.--lowvram]\nvalue = true\n", "the key note in [flags.--lowvram] is missing."),
        (
            '[expect]\nattention = "sagee"\n',
            "attention in [expect] is 'sagee', which is none of the choices; did you mean 'sage'?",
        ),
        ('[gpu]\nvram_gib = "much"\n', "vram_gib in [gpu] is 'much': a number is expected."),
        ('[gpu]\nmatch = "RTX 5090"\n', "match in [gpu] is 'RTX 5090': a list is expected."),
        ('gpu = "RTX 5090"\n', "gpu is 'RTX 5090': a table is expected."),
        ("title = 5\n", "title is 5: a text in quotes is expected."),
        (
            "[flags.fast]\nvalue = true\nnote = 'n'\nread_by = 'r'\n",
            "flags: 'fast' is not a flag: it must look like --name, its value goes into `value`.",
        ),
        (
            "[flags.--fast]\nvalue = { a = 1 }\n",
            "value in [flags.--fast] is {'a': 1}: " + ANY_VALUE,
        ),
        ("targets = []\n", "unknown key targets."),
        ("extends = 3\n", "extends is 3: a text in quotes is expected."),
    ],
)
def test_a_mistake_is_named_with_file_key_and_remedy(own: Path, text: str, message: str):
    path = write(own, "rtx5090", text)
    found = problem_of(ProfileStore(SHIPPED, own), "rtx5090")
    assert found.code == "profile_invalid"
    assert found.message == f"rtx5090.toml: {message}"
    assert found.where["file"] == str(path)
    assert found.hint


def test_the_file_that_made_the_mistake_is_blamed(own: Path):
    write(own, "below", 'extends = "rtx5090"\n[gpu]\npower_w = "x"\n')
    write(own, "above", 'extends = "below"\ntitle = "Above"\n[gpu]\nvram_gib = 30\n')
    assert problem_of(ProfileStore(SHIPPED, own), "above").message.startswith("below.toml: power_w in [gpu] is 'x'")


def test_all_mistakes_stand_in_the_details(own: Path):
    write(own, "rtx5090", '[gpu]\nvram_gib = "much"\n[expect]\natention = "sage"\n')
    found = problem_of(ProfileStore(SHIPPED, own), "rtx5090")
    assert "unknown key atention" in found.message
    assert len(found.detail.splitlines()) == 2
    assert "vram_gib" in found.detail


def test_every_band_is_for_the_5090_and_an_assumption():
    targets = ProfileStore(SHIPPED, None).targets()
    assert {one.key.gpu for one in targets} == {"RTX 5090"}
    assert all(one.source and one.assumption for one in targets)
    both = target_for(targets, job())
    assert both is not None
    assert (both.pass_excellent_s, both.pass_good_below_s, both.total_of) == ((67, 80), 85, "passes")
    assert (both.total_excellent_s, both.total_good_below_s) == ((134, 160), 180)
    for kind in ("rife", "film"):
        smooth = target_for(targets, job(interpolation=kind))
        assert smooth is not None
        assert (smooth.total_excellent_s, smooth.total_good_below_s, smooth.total_of) == (None, 180, "job")
    assert target_for(targets, job(width=640, height=640)) is None
    assert target_for(targets, job(gpu="NVIDIA GeForce RTX 4090")) is None
    assert target_for(targets, job(gpu="NVIDIA GeForce RTX 5090 Laptop GPU")) is None


def test_own_bands_change_add_and_remove(own: Path):
    write(
        own,
        "targets",
        f'[[target]]\n{KEY}\npass_excellent_s = [50, 60]\nassumption = ""\n'
        '[[target]]\nkey = { gpu = "RTX 4090", width = 640, height = 640, length = 81, steps = 4, cfg = 1.0 }\n'
        'pass_good_below_s = 40\nsource = "My own runs"\n'
        '[[target]]\nkey = { gpu = "rtx 5090", width = 1280, height = 720, length = 81, steps = 4, cfg = 1, '
        'interpolation = "any" }\nremove = true\n',
    )
    targets = ProfileStore(SHIPPED, own).targets()
    changed = target_for(targets, job())
    assert changed is not None
    assert (changed.pass_excellent_s, changed.pass_good_below_s, changed.assumption) == ((50, 60), 85, "")
    assert target_for(targets, job(interpolation="rife")) is None
    mine = target_for(targets, job(gpu="NVIDIA GeForce RTX 4090", width=640, height=640))
    assert mine is not None
    assert mine.source == "My own runs"
    assert len(targets) == 2


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            f"[[target]]\n{KEY}\npass_good = 3\n",
            "unknown key pass_good in [[target]] number 1; did you mean 'pass_good_below_s'?",
        ),
        (f"[[target]]\n{KEY}\n[[target]]\n{OTHER_KEY}\n", "the key source in [[target]] number 2 is missing"),
        ("[[target]]\nkey = { gpu = 'x' }\n", "the key width in [[target]] number 1, key is missing"),
        (f"[[target]]\n{KEY}\npass_excellent_s = [80, 67]\n", "a band is two seconds values, the smaller first"),
        (f"[[target]]\n{KEY}\nremove = 'yes'\n", "unknown key remove"),
        (f"[[target]]\n{OTHER_KEY}\nremove = true\n", "number 1 removes a band that is not there"),
        (f"[[target]]\n{KEY}\n[[target]]\n{KEY}\n", "number 2 has the key of an earlier one"),
        ("[[targets]]\n", "unknown key targets; did you mean 'target'?"),
        ("target = 3\n", "target is 3: a list is expected"),
        ("target = [3]\n", "a table is expected"),
        ("format = 2\n", "newer version of this program (format 2, this one reads format 1)"),
    ],
)
def test_mistakes_in_bands(own: Path, text: str, words: str):
    found = target_problem_of(own, text)
    assert found.code == "profile_invalid"
    assert found.message.startswith("targets.toml: ")
    assert words in found.message


@pytest.mark.parametrize(
    ("boards", "expected"),
    [
        (["NVIDIA GeForce RTX 5090"], "rtx5090"),
        (["NVIDIA GeForce RTX 5090 Laptop GPU"], "rtx5090"),
        (["NVIDIA GeForce RTX 4090"], "rtx4090"),
        (["NVIDIA A100-SXM4-40GB"], "a100"),
        (["NVIDIA A100 80GB PCIe"], "a100"),
        (["NVIDIA H100 80GB HBM3"], "h100"),
        (["NVIDIA H200"], "h100"),
        (["NVIDIA GeForce RTX 3090"], "nvidia"),
        (["NVIDIA RTX A1000"], "nvidia"),
        (["NVIDIA GeForce GT 710", "NVIDIA GeForce RTX 5090"], "rtx5090"),
        ([], "cpu"),
    ],
)
def test_the_profile_for_a_board(boards: list[str], expected: str):
    assert profile_for_gpu(ProfileStore(SHIPPED, None), boards) == expected


def test_own_profiles_for_a_board(own: Path):
    store = ProfileStore(SHIPPED, own)
    write(own, "mine", 'extends = "rtx5090"\nrecommended = true\n')
    assert profile_for_gpu(store, ["NVIDIA GeForce RTX 5090"]) == "rtx5090"
    write(own, "old", 'title = "3090"\n[gpu]\nmatch = ["RTX 3090"]\n')
    assert profile_for_gpu(store, ["NVIDIA GeForce RTX 3090"]) == "old"
    write(own, "rtx5090", "recommended = false\n")
    assert profile_for_gpu(store, ["NVIDIA GeForce RTX 5090"]) == "mine"
    write(own, "broken", "title = \n")
    with pytest.raises(AppError, match=r"broken\.toml"):
        profile_for_gpu(store, ["NVIDIA GeForce RTX 5090"])


def test_the_examples_of_the_document_work(own: Path):
    document = (SHIPPED.parent / "docs" / "profiles.md").read_text(encoding="utf-8")
    examples = re.findall(r"```toml\n(.*?)```", document, re.DOTALL)
    for name, text in zip(("a100", "second", "targets"), examples, strict=True):
        write(own, name, text)
    store = ProfileStore(SHIPPED, own)
    assert store.load("a100").profile.flags["--highvram"].value is True
    second = store.load("second").profile
    assert second.flags["--fast"].value is False
    assert second.environment["CUDA_VISIBLE_DEVICES"].value == "1"
    (band,) = store.targets()
    assert (band.pass_excellent_s, band.assumption) == ((55, 65), "")


def test_a_saved_profile_is_the_whole_truth(own: Path):
    store = ProfileStore(SHIPPED, own)
    shipped = store.load("rtx5090").profile
    changed = shipped.model_copy(update={"flags": {}})
    path = save_user_profile(own, changed)
    loaded = store.load("rtx5090")
    assert path == own / "rtx5090.toml"
    assert loaded.profile == changed
    assert loaded.origin == "user"
    save_user_profile(own, shipped)
    assert store.load("rtx5090").profile == shipped
    assert [entry.name for entry in own.iterdir()] == ["rtx5090.toml"]


def test_saving_makes_the_folder(tmp_path: Path):
    profile = ProfileStore(SHIPPED, None).load("cpu").profile
    folder = tmp_path / "a" / "b"
    save_user_profile(folder, profile)
    assert ProfileStore(tmp_path / "none", folder).load("cpu").profile == profile


def test_saving_where_it_cannot_be(tmp_path: Path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(AppError) as caught:
        save_user_profile(tmp_path / "file", ProfileStore(SHIPPED, None).load("cpu").profile)
    assert caught.value.problem.code == "file_unwritable"
