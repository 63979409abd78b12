from pathlib import Path
from typing import Any

import pytest

from tests.unit.launch.installs import SCHEMA, installation, touch
from wan22.launch.discovery import Installation
from wan22.launch.launch_args import LaunchPlan, flag_values, launch_plan
from wan22.schema.problem import AppError
from wan22.schema.profile import FlagValue, Profile, Setting

HERE = installation()


def profile(
    flags: dict[str, FlagValue] | None = None, environment: dict[str, str | int | float] | None = None
) -> Profile:
    def settings(values: dict[str, Any] | None) -> dict[str, Setting]:
        return {name: Setting(value=value, note="why", read_by="ComfyUI") for name, value in (values or {}).items()}

    return Profile(name="trial", title="Trial", flags=settings(flags), environment=settings(environment))


def plan(
    flags: dict[str, FlagValue] | None = None,
    *extra: str,
    host: str = "127.0.0.1",
    port: int = 8188,
    environment: dict[str, str | int | float] | None = None,
    base: dict[str, str] | None = None,
    installed: Installation = HERE,
    **more: Any,
) -> LaunchPlan:
    base = {"PATH": "/usr/bin"} if base is None else base
    more = {"schema": SCHEMA, "platform": "linux"} | more
    schema = more.pop("schema")
    return launch_plan(profile(flags, environment), installed, schema, host, port, extra, base, **more)


def test_the_plain_command():
    made = plan()
    assert made.argv == (
        str(HERE.python),
        str(HERE.folder / "main.py"),
        "--port",
        "8188",
        "--disable-auto-launch",
    )
    assert made.server_argv == made.argv[1:]
    assert (made.cwd, made.url, made.host, made.port) == (HERE.folder, "http://127.0.0.1:8188", "127.0.0.1", 8188)
    assert (made.notices, made.profile_name) == ((), "trial")


def test_flags_of_the_profile_and_then_of_the_person():
    made = plan(
        {"--fast": ("fp16_accumulation", "autotune"), "--reserve-vram": 1.5, "--cuda-malloc": True, "--cpu": False},
        "--verbose",
        "INFO",
    )
    assert made.server_argv[4:] == (
        *("--fast", "fp16_accumulation", "autotune", "--reserve-vram", "1.5", "--cuda-malloc"),
        *("--verbose", "INFO"),
    )


def test_python_flags_of_the_portable_come_before_main_py():
    portable = Installation(
        Path("/p/ComfyUI"), Path("/p/python_embeded/python.exe"), "portable", Path("/p"), python_flags=("-s",)
    )
    made = plan(installed=portable)
    assert made.argv[:3] == (str(portable.python), "-s", str(Path("/p/ComfyUI/main.py")))
    assert made.server_argv[0] == str(Path("/p/ComfyUI/main.py"))
    assert made.cwd == Path("/p")


def test_unknown_and_conflicting_flags_are_told():
    made = plan({"--normalvram": True, "--use-sage-attention": True}, "--use-flash-attention")
    assert "--use-flash-attention" in made.argv
    assert "--use-sage-attention" not in made.argv
    assert made.notices[0] == "--normalvram is not known to ComfyUI 0.25.0: left out."
    assert "replaces --use-sage-attention" in made.notices[1]


def test_without_a_schema_all_is_given():
    made = plan({"--normalvram": True}, "--odd", schema=None)
    assert made.server_argv[-2:] == ("--normalvram", "--odd")
    assert len(made.notices) == 1
    assert "was not asked" in made.notices[0]


def test_port_and_address_of_the_extra_flags_win():
    made = plan({}, "--port", "9000", "--listen")
    assert (made.port, made.host, made.url) == (9000, "0.0.0.0,::", "http://127.0.0.1:9000")
    assert made.server_argv[1:] == ("--port", "9000", "--listen", "0.0.0.0,::", "--disable-auto-launch")
    assert plan({}, "--po", "9000").port == 9000
    for wrong in (("--port",), ("--port", "x"), ("--port", "0"), ("--port", "1", "2")):
        with pytest.raises(AppError) as caught:
            plan({}, *wrong)
        assert caught.value.problem.code == "bad_argument"


def test_what_this_program_decides_is_not_taken_from_others():
    made = plan({"--port": 1, "--auto-launch": True, "--disable-auto-launch": True}, "--auto-launch")
    assert made.server_argv.count("--disable-auto-launch") == 1
    assert "--auto-launch" not in made.argv
    assert made.port == 8188
    assert [notice.split()[0] for notice in made.notices] == ["--port", "--auto-launch", "--auto-launch"]


@pytest.mark.parametrize(
    ("host", "url", "listens"),
    [
        ("127.0.0.1", "http://127.0.0.1:8188", None),
        ("localhost", "http://127.0.0.1:8188", None),
        ("0.0.0.0", "http://127.0.0.1:8188", "0.0.0.0"),
        ("::", "http://[::1]:8188", "::"),
        ("192.168.1.5,::1", "http://192.168.1.5:8188", "192.168.1.5,::1"),
        ("fe80::1", "http://[fe80::1]:8188", "fe80::1"),
    ],
)
def test_where_it_listens_and_where_to_ask(host: str, url: str, listens: str | None):
    made = plan(host=host)
    assert made.url == url
    assert ("--listen" in made.argv) is (listens is not None)
    assert listens is None or made.argv[made.argv.index("--listen") + 1] == listens


def test_tls_is_asked_by_https():
    assert plan({}, "--tls-keyfile", "k", "--tls-certfile", "c").url == "https://127.0.0.1:8188"


def test_folders_are_absolute_and_the_person_wins(tmp_path: Path):
    made = plan(output_directory=tmp_path / "aus", input_directory=Path("in"), user_directory=tmp_path)
    pairs = dict(zip(made.argv, made.argv[1:], strict=False))
    assert pairs["--output-directory"] == str(tmp_path / "aus")
    assert pairs["--input-directory"] == str(Path("in").absolute())
    assert pairs["--user-directory"] == str(tmp_path)
    assert set(made.needed_folders) == {tmp_path / "aus", Path("in").absolute(), tmp_path}
    made = plan({}, "--output-directory", "/other", output_directory=tmp_path)
    assert made.argv[made.argv.index("--output-directory") + 1] == "/other"
    assert made.argv.count("--output-directory") == 1
    assert "this program" in made.notices[0]


def test_the_environment_is_whole_and_without_ours():
    made = plan(environment={"OMP_NUM_THREADS": 8}, base={"PATH": "/bin", "PYTHONPATH": "/x", "VIRTUAL_ENV": "/v"})
    assert made.added_environment == {"OMP_NUM_THREADS": "8"}
    assert made.environment["OMP_NUM_THREADS"] == "8"
    assert made.environment["PATH"] == "/bin"
    assert made.environment["PYTHONUNBUFFERED"] == "1"
    assert {"PYTHONPATH", "VIRTUAL_ENV"}.isdisjoint(made.environment)


def test_inherited_variables_that_matter_are_told():
    made = plan(base={"PYTORCH_CUDA_ALLOC_CONF": "max_split_size_mb:64"})
    assert made.notices == (
        "PYTORCH_CUDA_ALLOC_CONF=max_split_size_mb:64 is inherited from the environment of this program.",
    )


def test_expandable_segments_on_windows_is_told():
    value: dict[str, str | int | float] = {"PYTORCH_CUDA_ALLOC_CONF": "expandable_segments:True"}
    assert "not supported on Windows" in plan(environment=value, platform="win32").notices[0]
    assert plan(environment=value).notices == ()


def test_which_gpu_is_told():
    made = plan({"--cuda-device": 1}, environment={"CUDA_VISIBLE_DEVICES": "1"})
    assert made.notices == ("ComfyUI overwrites CUDA_VISIBLE_DEVICES because of --cuda-device.",)
    newest = installation(version="0.38.1")
    assert "only the first GPU" in plan(installed=newest, platform="win32").notices[0]
    assert plan(installed=newest).notices == ()
    assert plan(platform="win32").notices == ()
    assert plan({"--cuda-device": 0}, installed=newest, platform="win32").notices == ()


def test_conda_on_windows_gets_its_libraries(tmp_path: Path):
    touch(tmp_path / "conda-meta" / "history")
    conda = Installation(tmp_path, tmp_path / "python.exe", "given", tmp_path)
    made = plan(installed=conda, platform="win32", base={"PATH": "C:\\Windows"})
    assert made.environment["PATH"] == f"{tmp_path / 'Library' / 'bin'};C:\\Windows"
    assert plan(installed=conda, base={"PATH": "/bin"}).environment["PATH"] == "/bin"


def test_values_of_settings():
    values: list[FlagValue] = [False, True, 3, 0.5, "x y", ("a", "b")]
    assert [flag_values(value) for value in values] == [None, (), ("3",), ("0.5",), ("x y",), ("a", "b")]
