"""The people on the sample's pictures, cut out of photographs that ship inside packages."""

from dataclasses import dataclass
from typing import Literal

from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageOps
from sample_scenes import packaged_picture

Box = tuple[int, int, int, int]
Point = tuple[int, int]

RIM_PX = 7  # the white rim around a cut-out, as on a sticker


@dataclass(frozen=True)
class Portrait:
    """A picture of a person inside a package; boxes and outline in its own pixels.

    The crops leave out name tags and patches, whose small letters are not part of the sample.
    """

    package: str
    path: str
    head_xyxy: Box
    bust_xyxy: Box
    outline_xy: tuple[Point, ...]


@dataclass(frozen=True)
class Face:
    """A person on a picture: who, position, height, shape and brightness."""

    person: Literal["collins", "hopper"]
    centre: Point
    height_px: int
    shape: Literal["cutout", "disc", "frame"] = "cutout"
    crop_xyxy: Box | None = None
    is_mirrored: bool = False
    is_gray: bool = False
    brightness: float = 1.0
    angle_deg: float = 0


# fmt: off
PORTRAITS = {
    "collins": Portrait(
        "skimage", "data/astronaut.png", (125, 5, 325, 205), (40, 10, 366, 336),
        ((45, 336), (47, 290), (58, 262), (75, 240), (100, 215), (116, 207), (113, 190),
         (122, 178), (127, 165), (140, 153), (160, 148), (184, 149), (181, 133), (174, 130),
         (168, 118), (158, 106), (153, 88), (153, 70), (160, 52), (175, 42), (190, 34),
         (200, 24), (215, 17), (235, 15), (258, 20), (280, 35), (294, 55), (301, 80), (300, 105),
         (290, 122), (279, 130), (273, 137), (268, 134), (263, 155), (257, 173), (275, 180),
         (292, 200), (304, 228), (305, 234), (325, 245), (342, 264), (350, 290), (360, 336)),
    ),
    "hopper": Portrait(
        "matplotlib", "mpl-data/sample_data/grace_hopper.jpg", (110, 30, 430, 350),
        (15, 20, 512, 470),
        ((18, 470), (27, 430), (35, 405), (52, 382), (75, 370), (110, 360), (150, 348),
         (180, 332), (197, 315), (195, 297), (185, 294), (170, 285), (160, 265), (156, 240),
         (153, 210), (152, 190), (152, 160), (153, 130), (158, 115), (170, 100), (173, 85),
         (180, 68), (200, 50), (217, 42), (220, 30), (240, 24), (262, 23), (285, 28), (300, 45),
         (325, 52), (345, 70), (352, 87), (365, 87), (371, 100), (370, 130), (369, 160),
         (368, 180), (376, 188), (372, 215), (368, 250), (360, 265), (355, 285), (345, 302),
         (331, 305), (330, 313), (345, 328), (370, 345), (410, 362), (440, 368), (470, 376),
         (490, 390), (500, 420), (512, 445), (512, 470)),
    ),
}
# fmt: on


def draw_portrait(face: Face) -> Image.Image:
    """Cut a person out of a packaged picture: RGBA, with a white rim around the shape."""
    portrait = PORTRAITS[face.person]
    picture = packaged_picture(portrait.package, portrait.path)
    mask = Image.new("L", picture.size, 0)
    box = face.crop_xyxy or (portrait.bust_xyxy if face.shape == "cutout" else portrait.head_xyxy)
    if face.shape == "cutout":
        ImageDraw.Draw(mask).polygon(portrait.outline_xy, fill=255)
    elif face.shape == "disc":
        ImageDraw.Draw(mask).ellipse((box[0], box[1], box[2] - 1, box[3] - 1), fill=255)
    else:
        mask.paste(255, box)
    if face.is_gray:
        picture = ImageOps.grayscale(picture).convert("RGB")
    picture = ImageEnhance.Brightness(picture).enhance(face.brightness)
    layer = Image.merge("RGBA", (*picture.split(), mask)).crop(box)
    size = (round(face.height_px * layer.width / layer.height), face.height_px)
    layer = ImageOps.expand(layer.resize(size, Image.Resampling.LANCZOS), RIM_PX, (0, 0, 0, 0))
    rim = Image.new("RGBA", layer.size, "white")
    rim.putalpha(layer.getchannel("A").filter(ImageFilter.MaxFilter(2 * RIM_PX + 1)))
    rim.alpha_composite(layer)
    return ImageOps.mirror(rim) if face.is_mirrored else rim
