import pytest

from wan22.schema.board import board_has, board_words, compute_capability, is_board


def test_words_are_cut_at_everything_that_is_no_letter_or_digit():
    assert board_words("NVIDIA A100-SXM4-80GB") == ("nvidia", "a100", "sxm4", "80gb")


@pytest.mark.parametrize(
    ("name", "wanted", "expected"),
    [
        ("NVIDIA GeForce RTX 5090", "RTX 5090", True),
        ("NVIDIA GeForce RTX 5090", "rtx 5090", True),
        ("NVIDIA A100-SXM4-80GB", "A100", True),
        ("NVIDIA RTX A1000", "A100", False),
        ("NVIDIA GeForce RTX 4090", "RTX 5090", False),
        ("cuda:0 NVIDIA H100 80GB HBM3 : cudaMallocAsync", "H100", True),
        ("NVIDIA GeForce RTX 5090", "", False),
        ("", "RTX 5090", False),
    ],
)
def test_whole_words_only(name: str, wanted: str, expected: bool):
    assert board_has(name, wanted) is expected


@pytest.mark.parametrize(
    "variant",
    [
        "NVIDIA GeForce RTX 5090 Laptop GPU",
        "NVIDIA GeForce RTX 5090 D",
        "NVIDIA GeForce RTX 5090 D v2",
        "NVIDIA GeForce RTX 5090 Ti",
        "NVIDIA GeForce RTX 5090 with Max-Q Design",
    ],
)
def test_a_variant_is_another_board(variant: str):
    assert board_has(variant, "RTX 5090")
    assert not is_board(variant, "RTX 5090")
    assert is_board("NVIDIA GeForce RTX 5090", "RTX 5090")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("NVIDIA GeForce RTX 5090", (12, 0)),
        ("NVIDIA RTX PRO 6000 Blackwell Workstation Edition", (12, 0)),
        ("NVIDIA B200", (10, 0)),
        ("NVIDIA GB300", (10, 3)),
        ("NVIDIA H100 80GB HBM3", (9, 0)),
        ("NVIDIA H200", (9, 0)),
        ("NVIDIA GeForce RTX 4090", (8, 9)),
        ("NVIDIA L40S", (8, 9)),
        ("NVIDIA RTX 6000 Ada Generation", (8, 9)),
        ("NVIDIA GeForce RTX 3090 Ti", (8, 6)),
        ("NVIDIA RTX A6000", (8, 6)),
        ("NVIDIA A100-SXM4-40GB", (8, 0)),
        ("Quadro RTX 6000", (7, 5)),
        ("Tesla T4", (7, 5)),
        ("Tesla V100-SXM2-16GB", (7, 0)),
        ("NVIDIA GeForce GTX 1080 Ti", (6, 1)),
        ("AMD Radeon RX 7900 XTX", None),
        ("", None),
        (None, None),
    ],
)
def test_generation_by_name(name: str | None, expected: tuple[int, int] | None):
    assert compute_capability(name) == expected
