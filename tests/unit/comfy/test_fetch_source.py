from datetime import UTC, datetime

import pytest

from wan22.comfy.fetch_source import mirror_base, mirrored, retry_after_s, token_for, without_secrets
from wan22.schema.problem import AppError

OWN = "https://huggingface.co/Org/Repo/resolve/main/split/a.safetensors"
GITHUB = "https://github.com/x/y/releases/download/models/rife49.pth"


@pytest.mark.parametrize(
    ("url", "origin", "goes"),
    [
        (OWN, OWN, True),
        ("https://huggingface.co/api/other", OWN, True),
        (OWN.replace("https", "http"), OWN, False),
        ("https://cdn-lfs.hf.co/a?sig=1", OWN, False),
        ("https://huggingface.co.evil.example/a", OWN, False),
        ("https://huggingface.co:8443/a", OWN, False),
        ("https://hf-mirror.com/Org/Repo/a", OWN, False),
        (GITHUB, GITHUB, False),
        (OWN, GITHUB, False),
    ],
)
def test_the_token_goes_to_its_own_host_alone(url: str, origin: str, goes: bool) -> None:
    assert token_for(url, origin, "hf_x") == ("hf_x" if goes else None)
    assert token_for(url, origin, None) is None


@pytest.mark.parametrize(
    ("mirror", "url", "expected"),
    [
        (None, OWN, OWN),
        ("https://hf-mirror.com/", OWN, "https://hf-mirror.com/Org/Repo/resolve/main/split/a.safetensors"),
        ("http://nas:8080/hf", OWN, "http://nas:8080/hf/Org/Repo/resolve/main/split/a.safetensors"),
        ("https://hf-mirror.com", GITHUB, GITHUB),
        ("http://nas/models/{file}", GITHUB, "http://nas/models/rife49.pth"),
        ("http://nas/{host}/{path}", GITHUB, "http://nas/github.com/x/y/releases/download/models/rife49.pth"),
    ],
)
def test_mirrors(mirror: str | None, url: str, expected: str) -> None:
    assert mirrored(url, mirror_base(mirror) if mirror else None) == expected


@pytest.mark.parametrize(
    "text", ["hf-mirror.com", "ftp://host", "https://", "http://a b/", "http://h:99999/", "http://h/?a=b", "http://[1/"]
)
def test_what_is_no_mirror(text: str) -> None:
    with pytest.raises(AppError) as caught:
        mirror_base(text)
    assert caught.value.problem.code == "bad_argument"
    assert text in caught.value.problem.message


def test_a_password_in_a_mirror_is_refused_and_not_repeated() -> None:
    with pytest.raises(AppError) as caught:
        mirror_base("https://me:geheim@host/")
    assert "geheim" not in str(caught.value.problem.model_dump())


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("17", 17.0),
        (" 0 ", 0.0),
        ("Wed, 25 Nov 2026 12:01:30 GMT", 90.0),
        ("Wed, 25 Nov 2026 11:00:00 GMT", 0.0),
        ("soon", None),
        ("", None),
        (None, None),
        ("-5", None),
    ],
)
def test_retry_after(text: str | None, seconds: float | None) -> None:
    assert retry_after_s(text, datetime(2026, 11, 25, 12, 0, 0, tzinfo=UTC)) == seconds


def test_signed_addresses_are_shortened() -> None:
    text = "Max retries: url: /a/b?X-Amz-Signature=abc&x=1 (Caused by 'https://h/?k=v')"
    assert without_secrets(text) == "Max retries: url: /a/b?... (Caused by 'https://h/?...')"
