"""The content of each picture of the sample.

Positions and sizes are pixels of 1280x720 (full frame: 1280x960), from the top left; the drawing
is scaled down to 480x270 at the end.
"""

from collections.abc import Callable
from dataclasses import dataclass

from sample_portraits import Face, Point
from sample_scenes import Scene, bokeh, burst, city, gradient, hills, photo, pitch, sea, stripes

# Name here: (Debian 12 package, file). Licences are in README.md.
FONTS = {
    "bebas": ("fonts-bebas-neue", "BebasNeue-Bold.otf"),
    "comic": ("fonts-comic-neue", "ComicNeue-Bold.otf"),
    "courier": ("fonts-courier-prime", "Courier Prime Bold.otf"),
    "dejavu": ("fonts-dejavu-core", "DejaVuSans-Bold.ttf"),
    "lato": ("fonts-lato", "Lato-Black.ttf"),
    "leckerli": ("fonts-leckerli-one", "LeckerliOne-Regular.ttf"),
    "lobster": ("fonts-lobstertwo", "LobsterTwo-Bold.otf"),
    "opensans": ("fonts-open-sans", "OpenSans-ExtraBold.ttf"),
    "play": ("fonts-play", "Play-Bold.ttf"),
    "script": ("fonts-dancingscript", "DancingScript-Bold.otf"),
    "serif": ("fonts-dejavu-core", "DejaVuSerif-Bold.ttf"),
    "sketch": ("fonts-cabinsketch", "CabinSketch-Bold.ttf"),
    "slab": ("fonts-roboto-slab", "RobotoSlab-Bold.otf"),
    "spartan": ("fonts-league-spartan", "LeagueSpartan-Black.otf"),
    "yanone": ("fonts-yanone-kaffeesatz", "YanoneKaffeesatz-Bold.otf"),
}


@dataclass(frozen=True)
class Title:
    """Text, its centre and style; ``plate`` is the colour of a box behind it."""

    text: str
    centre: Point
    size_px: int
    font: str = "dejavu"
    fill: str = "white"
    outline: str | None = None
    plate: str | None = None
    angle_deg: float = 0


@dataclass(frozen=True)
class Picture:
    """One thumbnail, drawn in this order: scene, faces, titles."""

    video_id: str
    scene: Scene
    titles: tuple[Title, ...] = ()
    faces: tuple[Face, ...] = ()
    is_full_frame: bool = False


HTML_PAGE = b"<!DOCTYPE html>\n<html><body><h1>503 Service Unavailable</h1></body></html>\n"
MISSING = ("sample00043",)
BROKEN: dict[str, Callable[[bytes], bytes]] = {
    "sample00041": lambda jpeg: jpeg[: len(jpeg) // 2],  # as after a lost connection
    "sample00042": lambda _: HTML_PAGE,  # an error page saved under a picture's name
}

NIGHT, DUSK = ("#0b1030", "#3b2a5f"), ("#f76b4f", "#ffd9a0")
DAY, FIELDS = ("#5db7f2", "#dff3ff"), ("#7fb069", "#5a9450", "#3d7a3f")
WATER = ("#b5566a", "#2b2a55")
WHOLE_COLLINS, WHOLE_HOPPER = (0, 0, 512, 288), (0, 30, 512, 318)  # 16:9 of the photograph
MIDDLE, MIDDLE_FULL = (640, 360), (640, 480)

# fmt: off
PICTURES = (
    # Text, no face.
    Picture("sample00001", photo("hubble_deep_field.jpg", (0.5, 0.1)), (
        Title("TOP 10", (640, 250), 250, "dejavu", "#ffe135", "black"),
        Title("SPACE FACTS", (640, 530), 140, "dejavu", "white", "black"))),
    Picture("sample00002", gradient("#0f9b52", "#063d22"), (
        Title("$5,000", (640, 300), 300, "lato", "white", "#04210f", angle_deg=5),
        Title("BUDGET", (640, 580), 110, "lato", "black", plate="#ffd400"))),
    Picture("sample00003", photo("coffee.png", (0.3, 0.5)), (
        Title("Perfect Espresso", (640, 150), 150, "lobster", "white", "#3a1508"),
        Title("at home", (1000, 610), 120, "lobster", "#ffe7b8", "#3a1508"))),
    Picture("sample00004", photo("rocket.jpg"), (
        Title("LIFT OFF!", (640, 190), 190, "opensans", "#ffb000", "black", angle_deg=5),
        Title("Part 2", (1080, 640), 90, "opensans", "white", plate="#b00020"))),
    Picture("sample00005", photo("chelsea.png"), (
        Title("MY CAT\nJUDGES YOU", (450, 530), 140, "comic", "white", "#5b1a8c"),)),
    Picture("-sample0006", stripes("#ffffff", "#ffe9e9"), (
        Title("I QUIT!", (640, 360), 330, "bebas", "#d80027", angle_deg=10),)),
    Picture("sample00007", city(NIGHT, 7), (
        Title("24 HOURS", (640, 170), 190, "spartan", "white"),
        Title("alone in the city", (640, 340), 100, "spartan", "#ffd166"))),
    Picture("sample00008", hills(DAY, FIELDS), (
        Title("Day 1", (330, 200), 170, "comic", "#1d2d50", "white"),
        Title("vs", (640, 360), 120, "comic", "white", plate="#1d2d50"),
        Title("Day 100", (880, 540), 190, "comic", "#1d2d50", "white"))),
    Picture("_sample0009", gradient("#fdfbf4", "#efe6d0"), (
        Title("What makes\na good recipe?", MIDDLE, 130, "serif", "#2b2b2b"),)),
    Picture("sample00010", gradient("#21453a", "#17332b"), (
        Title("MATH MYTHS", (640, 200), 180, "sketch", "white"),
        Title("2 + 2 = 5 ?", (640, 500), 190, "comic", "#ffec70"))),
    Picture("sample00011", burst("#2a1a8a", "#3726b0", 24), (
        Title("ZORBIX", (660, 290), 260, "spartan", "#39ffb6", "#0c0636", angle_deg=-5),
        Title("UNBOXING", (660, 560), 160, "spartan", "white", "#0c0636", angle_deg=-5),
        Title("NEW", (150, 85), 80, "dejavu", "white", plate="#e5002b"))),
    Picture("sample00012", pitch(), (
        Title("WOZZLE UTD", (640, 150), 120, "courier", "white", plate="#101820"),
        Title("3 - 1", (640, 380), 240, "courier", "#101820", plate="#f4f4f4"),
        Title("FINAL SCORE", (640, 610), 110, "courier", "#ffe135", plate="#101820"))),
    Picture("sample00013", sea(DUSK, WATER), (
        Title("slow living", (640, 190), 210, "script", "white", "#8c3b3b"),)),
    Picture("sample00014", bokeh("#30103a", ("#ff5fa2", "#ffb35f", "#7b5fff"), 14), (
        Title("LIVE", (150, 110), 90, "opensans", "white", plate="#e5002b"),
        Title("Quibbly\nSessions", (680, 400), 210, "leckerli", "white", "#30103a"))),
    Picture("sample00015", gradient("#fff1d6", "#f3c98b", True), (
        Title("CAFÉ CRÈME", (640, 290), 180, "play", "#5a2d0c"),
        Title("déjà vu à Orvalle", (640, 500), 110, "play", "#a03b1f"))),
    Picture("sample00016", stripes("#1b9aaa", "#22a8b8", 60), (
        Title("RETRO HOUR", (640, 360), 230, "yanone", "#fff3c4", "#7a1f3d", angle_deg=-10),
        Title("episode 07", (640, 660), 130, "yanone", "white")), is_full_frame=True),
    # Text and one face.
    Picture("sample00017", burst("#f59f00", "#ffc53d"), (
        Title("WOW!", (380, 250), 270, "bebas", "white", "#c92a2a", angle_deg=10),
        Title("5 TIPS", (380, 550), 190, "bebas", "white", plate="#c92a2a")),
        (Face("collins", (930, 400), 650),)),
    Picture("sample00018", gradient("#12355b", "#3fa7d6", True), (
        Title("HOW\nCODE\nWORKS", (350, 360), 170, "lato", "white", "#0a1f38"),),
        (Face("hopper", (920, 410), 640),)),
    Picture("sample00019", photo("hubble_deep_field.jpg", (0.2, 0.8)), (
        Title("ASK ME\nANYTHING", (880, 330), 125, "opensans", "#7df9ff", "black"),),
        (Face("collins", (310, 400), 650, is_mirrored=True),)),
    Picture("sample00020", photo("rocket.jpg", (0.5, 0.2)), (
        Title("MISSION DAY", (640, 110), 150, "dejavu", "white", "#7a0019"),),
        (Face("collins", (1030, 470), 500),)),
    Picture("sample00021", stripes("#e8d5b5", "#f2e3c9"), (
        Title("Vintage", (850, 230), 190, "leckerli", "#7a1f3d", angle_deg=5),
        Title("COMPUTERS", (850, 480), 130, "slab", "#2b2b2b", angle_deg=5)),
        (Face("hopper", (300, 420), 600, is_mirrored=True, is_gray=True),)),
    Picture("sample00022", gradient("black", "black"), (
        Title("Q&A", (1060, 580), 180, "lato", "#ffe135", "black"),
        Title("PART 1", (1090, 90), 80, "lato", "black", plate="#ffe135")),
        (Face("collins", MIDDLE, 740, "frame", WHOLE_COLLINS),)),
    Picture("sample00023", gradient("black", "black"), (
        Title("BUG\nHUNT", (215, 480), 115, "dejavu", "white", "#8f1d1d"),),
        (Face("hopper", MIDDLE, 740, "frame", WHOLE_HOPPER, brightness=1.15),)),
    Picture("sample00024", city(("#ff9e6d", "#ffe3b3"), 24), (
        Title("GOOD\nMORNING", (880, 200), 140, "comic", "#22223b", "white"),
        Title("07:30", (840, 560), 200, "courier", "#ff3b30", plate="#101014")),
        (Face("collins", (300, 370), 480, "disc", brightness=1.1),)),
    Picture("sample00025", bokeh("#123c3c", ("#2ec4b6", "#cbf3f0", "#ff9f1c"), 25), (
        Title("Nebbit\nexplains", (375, 360), 150, "leckerli", "#fff8e1", "#0b2525"),),
        (Face("hopper", (980, 360), 520, "disc", brightness=1.2),)),
    Picture("sample00026", hills(DAY, FIELDS), (
        Title("SUMMER\nSCHOOL", (620, 230), 170, "slab", "#b5179e", "white", angle_deg=-5),),
        (Face("hopper", (640, 690), 540),), is_full_frame=True),
    # Text and several faces.
    Picture("sample00027", gradient("#c1121f", "#1d4ed8", True), (
        Title("QUIZ NIGHT", (640, 110), 160, "bebas", "white", "black"),
        Title("VS", (640, 430), 240, "bebas", "#ffe135", "black")),
        (Face("collins", (270, 450), 540), Face("hopper", (1010, 450), 540))),
    Picture("sample00028", burst("#0b7a75", "#0f9b94", 32), (
        Title("our crew", (640, 610), 170, "lobster", "white", "#053b38"),),
        (Face("collins", (220, 280), 360, "disc"), Face("hopper", (640, 280), 360, "disc"),
         Face("collins", (1060, 280), 360, "disc", is_mirrored=True, is_gray=True))),
    Picture("-sample0029", gradient("#3d2c8d", "#916bbf"), (
        Title("PODCAST #12", (640, 110), 140, "play", "white"),
        Title("Flumo & friends", (640, 650), 100, "play", "#ffe8a3")),
        (Face("hopper", (380, 370), 360, "frame", angle_deg=5),
         Face("collins", (900, 370), 360, "frame", is_mirrored=True, angle_deg=-5))),
    # Faces, no text.
    Picture("sample00030", gradient("black", "black"), (), (
        Face("collins", MIDDLE, 740, "frame", WHOLE_COLLINS, is_mirrored=True),)),
    Picture("sample00031", sea(DUSK, WATER), (), (Face("hopper", (420, 410), 620),)),
    Picture("sample00032", stripes("#f7c6d9", "#f9d6e4", 80), (), (
        Face("collins", (370, 360), 520, "disc"),
        Face("hopper", (910, 360), 520, "disc", is_mirrored=True))),
    Picture("sample00033", gradient("black", "black"), (), (
        Face("hopper", MIDDLE_FULL, 1000, "frame", (40, 20, 512, 374), is_gray=True,
             brightness=0.7),), is_full_frame=True),
    Picture("sample00034", bokeh("#1b263b", ("#e0e1dd", "#778da9", "#f4a261"), 34), (), (
        Face("hopper", (230, 500), 480, is_mirrored=True), Face("collins", (660, 480), 520),
        Face("hopper", (1060, 500), 480))),
    # A script font, a small face, a tilted face: hard, but plain to a person.
    Picture("sample00035", hills(("#b8d8ff", "#ffffff"), FIELDS), (
        Title("find me", (420, 260), 170, "script", "#3d405b"),),
        (Face("collins", (1040, 560), 170),)),
    Picture("_sample0036", gradient("#e63946", "#8d1f2a"), (
        Title("TILT", (320, 330), 260, "yanone", "white", angle_deg=10),),
        (Face("hopper", (860, 370), 560, "disc", angle_deg=40),)),
    # Neither.
    Picture("sample00037", hills(("#ffb88c", "#ffe9d6"), ("#a26769", "#6d2e46", "#3a1a2f"))),
    Picture("sample00038", sea(("#8ecae6", "#e8f6fc"), ("#219ebc", "#023047"))),
    Picture("sample00039", photo("rocket.jpg", (0.2, 0.9)), is_full_frame=True),
    Picture("sample00040", bokeh("#0d1b2a", ("#00b4d8", "#90e0ef", "#ff006e"), 40)),
)
# fmt: on
