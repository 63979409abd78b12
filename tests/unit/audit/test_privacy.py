from pathlib import Path, PureWindowsPath

import pytest

from wan22.audit.privacy import LEFT_OUT, Privacy

LINUX = Privacy(Path("/home/anna"), "annas-tower")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("/home/anna/ComfyUI", "~/ComfyUI"),
        ("/home/anna", "~"),
        ("No file '/home/anna/x y'.", "No file '~/x y'."),
        ("/home/annabel/x", "/home/…/x"),
        ("/mnt/home/anna/x", "/mnt/home/…/x"),
        ("C:\\Users\\Bob Smith\\ComfyUI", "C:\\Users\\…\\ComfyUI"),
        ("C:\\Users\\Public\\models", "C:\\Users\\Public\\models"),
        ("https://me:secret@mirror.example/x?token=1", "https://…@mirror.example/x?…"),
        ("/run/media/anna/Stick", "/run/media/…/Stick"),
        ("/opt/ComfyUI", "/opt/ComfyUI"),
    ],
)
def test_paths_and_addresses(text: str, shown: str):
    assert LINUX.text(text) == shown


def test_a_home_of_windows_in_any_spelling():
    privacy = Privacy(PureWindowsPath("C:\\Users\\Anna Ö"), "TOWER")
    for text in ("C:\\Users\\Anna Ö\\x", "c:\\users\\anna ö\\x", "C:\\\\Users\\\\Anna Ö\\x"):
        assert privacy.text(text) == "~\\x"
    assert privacy.text("C:/Users/Anna Ö/x") == "~/x"


@pytest.mark.parametrize(
    "name", ["HF_TOKEN", "OPENAI_API_KEY", "aws_secret_access_key", "--comfy-api-key", "PASSWORD", "GIT_AUTH"]
)
def test_secrets_by_their_name(name: str):
    assert LINUX.setting(name, "abc") == LEFT_OUT


@pytest.mark.parametrize("name", ["CUDA_MODULE_LOADING", "--use-sage-attention", "KEYBOARD", "MONKEY_PATCH"])
def test_what_only_looks_like_a_secret(name: str):
    assert LINUX.setting(name, "abc") == "abc"


def test_the_name_of_the_machine_goes_from_messages_only():
    document = {"folder": "/opt/annas-tower/x", "problems": [{"message": "annas-tower does not answer"}]}
    shown = LINUX.document(document)
    assert shown["folder"] == "/opt/annas-tower/x"
    assert shown["problems"][0]["message"] == "(this machine) does not answer"


def test_everything_in_a_document():
    assert LINUX.document({"/home/anna/k": ["/home/anna/v", 3, None, True]}) == {"~/k": ["~/v", 3, None, True]}
