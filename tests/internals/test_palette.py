"""Colours, markers and dashes of the displays: each can be told from the others, by everybody."""

from itertools import combinations

from _colours import TOLD_APART, contrast_to_white, least_difference

from skgan_resample.plots import TripletDisplay
from skgan_resample.plots import _palette as palette
from skgan_resample.plots._triplet import CLASS_COLORS, CLASS_MARKERS, KINDS, OTHERS_MARKER


def test_colours_of_the_palette_are_told_apart_by_everybody():
    colors = (*palette.SERIES, palette.GREY, palette.BLACK)
    assert len(set(colors)) == 9
    assert min(least_difference(*pair) for pair in combinations(colors, 2)) > TOLD_APART
    assert min(map(contrast_to_white, palette.TEXT_COLORS)) >= 4.5
    assert len(set(map(str, palette.LINE_STYLES))) == len(palette.LINE_STYLES) == len(palette.SERIES)
    assert len(set(palette.MARKERS)) == len(palette.MARKERS) > len(palette.SERIES)


def test_classes_have_markers_that_no_kind_of_new_row_has():
    markers = [*CLASS_MARKERS, OTHERS_MARKER, *KINDS.values()]
    assert len(set(markers)) == len(markers)
    assert len(set(CLASS_COLORS)) == len(set(CLASS_MARKERS)) == TripletDisplay.MAX_CLASSES
