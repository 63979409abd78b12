import pytest

from wan22.ui.palette import DARK, DASHES, LIGHT, Colours, Metric, contrast_ratio, shape_pairs, text_pairs
from wan22.ui.verdict_word import GLYPHS, WORDS, Tone

THEMES = pytest.mark.parametrize("colours", [DARK, LIGHT], ids=lambda colours: colours.name)


def test_contrast_of_known_pairs():
    assert contrast_ratio("#000000", "#FFFFFF") == pytest.approx(21.0)
    assert contrast_ratio("#777777", "#FFFFFF") == pytest.approx(4.48, abs=0.01)
    assert contrast_ratio("#123456", "#123456") == 1.0


@THEMES
def test_every_text_can_be_read(colours: Colours):
    pairs = text_pairs(colours)
    assert len(pairs) > 40
    weak = {name: round(contrast_ratio(ink, ground), 2) for name, ink, ground in pairs if _ratio(ink, ground) < 4.5}
    assert weak == {}


@THEMES
def test_every_line_can_be_seen(colours: Colours):
    weak = {
        name: round(contrast_ratio(ink, ground), 2)
        for name, ink, ground in shape_pairs(colours)
        if _ratio(ink, ground) < 3.0
    }
    assert weak == {}


@THEMES
def test_each_metric_has_a_colour_and_a_dash_of_its_own(colours: Colours):
    assert set(colours.metrics) == set(Metric) == set(DASHES)
    assert len(set(colours.metrics.values())) == len(Metric)
    assert len(set(DASHES.values())) == len(Metric)


def test_each_tone_has_a_glyph_and_a_word():
    assert set(GLYPHS) == set(WORDS) == set(Tone) == set(DARK.tones) == set(LIGHT.tones)
    assert len(set(GLYPHS.values())) == len(Tone)


def _ratio(ink: str, ground: str) -> float:
    return contrast_ratio(ink, ground)
