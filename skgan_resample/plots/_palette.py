"""Colours, markers and line styles that can be told apart by colour-blind readers.

Found by a search over a grid of colours; `tests/test_displays.py` simulates protanopia, deuteranopia and
tritanopia and measures how far apart the colours of each display are then, and how well text stands out from white
paper. Colour never stands alone: marker, line style or place say the same.
"""

BLACK = "#000000"
BLUE = "#0072B2"
RED = "#C44E00"
AMBER = "#FFA217"
SKY = "#17B9FF"
PURPLE = "#46005D"
BROWN = "#741700"
SLATE = "#5D5D5D"
GREY = "#A0A0A0"  # what is only there to compare with
SERIES = (BLUE, RED, AMBER, SKY, PURPLE, BROWN, SLATE)  # of methods, classes, curves; beside GREY and BLACK
TEXT_COLORS = (BLACK, BLUE, RED, SLATE)  # the others are too light to be read
MARKERS = "os^Dv<>PX*ph"  # more than colours, so that a marker tells apart where colours come again
LINE_STYLES = ("-", "--", "-.", (0, (1, 1.2)), (0, (6, 1, 1, 1, 1, 1)), (0, (9, 2)), (0, (3, 3)))
