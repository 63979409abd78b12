from pathlib import Path

import pytest

from wan22.launch.requirement_lines import odd_line, read_requirements, requirement_name
from wan22.schema.problem import AppError


@pytest.mark.parametrize(
    "line",
    ["numpy", "numpy>=1.26,<3", "opencv-python == 4.*", "diffusers[torch]>=0.30", "x ; python_version < '3.12'",
     "gguf>=0.13.0", "foo_bar~=1.0", "foo (>=1.0)", "foo!=1.2.*"],
)  # fmt: skip
def test_plain_lines(line: str) -> None:
    assert odd_line(line) is None


@pytest.mark.parametrize(
    "line",
    ["-e .", "--editable=.", "-c limits.txt", "./local", "../up", "/abs/path", "~/x", "C:\\x", "file:///etc/x",
     "x @ file:///etc/x", "http://example.com/x.whl", "x @ http://example.com/x.whl", "x==${SECRET}",
     "--trusted-host example.com", "--index-url http://example.com", "-i http://example.com", "--find-links file:///x",
     "--config-settings a=b", "--global-option=x", "x; rm -rf / #\x07", "x y z", "$(id)", "x==1.0 --install-option=y"],
)  # fmt: skip
def test_lines_that_are_never_followed(line: str) -> None:
    found = odd_line(line)

    assert found is not None
    assert found.reason
    assert not found.can_be_agreed


@pytest.mark.parametrize(
    "line",
    ["git+https://example.com/x.git", "x @ git+https://example.com/x", "https://example.com/x.whl",
     "x @ https://example.com/x.whl", "--index-url https://example.com/simple", "--extra-index-url=https://example.com"],
)  # fmt: skip
def test_lines_that_need_a_word(line: str) -> None:
    found = odd_line(line)

    assert found is not None
    assert found.can_be_agreed
    assert found.reason


def test_list_with_comments_hashes_and_an_included_list(tmp_path: Path) -> None:
    pack = tmp_path / "pack"
    (pack / "more").mkdir(parents=True)
    (pack / "requirements.txt").write_bytes(
        b"\xef\xbb\xbf# head\r\nnumpy>=1 # why\r\n\r\n-r more/extra.txt\r\n--prefer-binary\r\nx==1 --hash=sha256:ab\r\n"
    )
    (pack / "more" / "extra.txt").write_text("einops\nnumpy>=1\n", encoding="utf-8")

    found = read_requirements(pack, "requirements.txt")

    assert found.plain == ("numpy>=1", "einops", "x==1")
    assert found.odd == ()


@pytest.mark.parametrize("line", ["-r ../outside.txt", "-r /etc/passwd", "-r gone.txt", "-r https://example.com/x.txt"])
def test_list_from_outside_is_not_read(tmp_path: Path, line: str) -> None:
    pack = tmp_path / "pack"
    pack.mkdir()
    (tmp_path / "outside.txt").write_text("secret-package\n", encoding="utf-8")
    (pack / "requirements.txt").write_text(f"{line}\n", encoding="utf-8")

    found = read_requirements(pack, "requirements.txt")

    assert found.plain == ()
    assert [odd.line for odd in found.never] == [line]


def test_list_that_includes_itself_comes_to_an_end(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("numpy\n-r requirements.txt\n", encoding="utf-8")

    assert read_requirements(tmp_path, "requirements.txt").never


def test_no_list_and_a_far_too_long_one(tmp_path: Path) -> None:
    assert read_requirements(tmp_path, "requirements.txt").plain == ()
    (tmp_path / "requirements.txt").write_text("x\n" * 1000, encoding="utf-8")
    with pytest.raises(AppError) as caught:
        read_requirements(tmp_path, "requirements.txt")
    assert caught.value.problem.code == "pack_requirements_refused"


def test_name_as_the_index_spells_it() -> None:
    assert requirement_name("Foo_Bar.baz>=1") == "foo-bar-baz"
    assert requirement_name("-e .") is None
