"""Draw the sample: ``images/`` and ``expected.csv`` beside this file.

    pip install -r examples/requirements.txt
    apt-get install <the font packages named in README.md>
    python examples/draw_sample.py            # draw
    python examples/draw_sample.py --check    # draw again and compare with the files

``sample_pictures.py`` says what is on each picture; ``videos.csv`` is not changed. No
clock and no unseeded random number is used, and text is laid out by Pillow's own engine, so the
same versions of packages and fonts give the same bytes.
"""

import argparse
import csv
import io
import sys
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont
from sample_pictures import BROKEN, FONTS, MISSING, PICTURES, Picture, Title
from sample_portraits import draw_portrait

HERE = Path(__file__).parent
WIDE, FULL = (1280, 720), (1280, 960)  # drawn large and scaled down, as YouTube does
HQDEFAULT, WIDE_IN_HQDEFAULT = (480, 360), (480, 270)
JPEG_QUALITY = 85


def draw_picture(picture: Picture, fonts_dir: Path) -> Image.Image:
    """Compose one thumbnail: 480x360 RGB, with black bars of 45 px unless it is full frame."""
    canvas = picture.scene(FULL if picture.is_full_frame else WIDE)
    for face in picture.faces:
        paste_centred(canvas, draw_portrait(face), face.centre, face.angle_deg)
    for title in picture.titles:
        paste_centred(canvas, draw_title(title, fonts_dir), title.centre, title.angle_deg)
    if picture.is_full_frame:
        return canvas.resize(HQDEFAULT, Image.Resampling.LANCZOS)
    framed = Image.new("RGB", HQDEFAULT, "black")
    framed.paste(canvas.resize(WIDE_IN_HQDEFAULT, Image.Resampling.LANCZOS), (0, 45))
    return framed


def paste_centred(
    canvas: Image.Image, layer: Image.Image, centre: tuple[int, int], angle_deg: float
) -> None:
    """Rotate an RGBA layer anticlockwise and paste it on the canvas around ``centre``."""
    if angle_deg:
        layer = layer.rotate(angle_deg, Image.Resampling.BICUBIC, expand=True)
    canvas.paste(layer, (centre[0] - layer.width // 2, centre[1] - layer.height // 2), layer)


def draw_title(title: Title, fonts_dir: Path) -> Image.Image:
    """Draw text of one or several lines: RGBA, as large as the text and its plate."""
    font = ImageFont.truetype(
        find_font(title.font, fonts_dir), title.size_px, layout_engine=ImageFont.Layout.BASIC
    )
    stroke_px = title.size_px // 14 if title.outline else 0
    measure = ImageDraw.Draw(Image.new("L", (1, 1)))
    left, top, right, bottom = measure.multiline_textbbox(
        (0, 0), title.text, font, align="center", stroke_width=stroke_px
    )
    margin = title.size_px // 4
    size = (round(right - left) + 2 * margin, round(bottom - top) + 2 * margin)
    layer = Image.new("RGBA", size, title.plate or (0, 0, 0, 0))
    ImageDraw.Draw(layer).multiline_text(
        (margin - left, margin - top),
        title.text,
        title.fill,
        font,
        align="center",
        stroke_width=stroke_px,
        stroke_fill=title.outline,
    )
    return layer


def find_font(name: str, fonts_dir: Path) -> Path:
    """Find a font's file by its name in ``FONTS``.

    Raises:
        FileNotFoundError: The Debian package with the font is not installed.
    """
    package, file_name = FONTS[name]
    found = sorted(fonts_dir.rglob(file_name))
    if not found:
        raise FileNotFoundError(
            f"draw_sample: no {file_name} under {fonts_dir}; run: apt-get install {package}"
        )
    return found[0]


def encode_pictures(fonts_dir: Path) -> dict[str, bytes]:
    """Draw all pictures, also the damaged ones: file name to content."""
    files = {}
    for picture in PICTURES:
        jpeg = io.BytesIO()
        draw_picture(picture, fonts_dir).save(jpeg, "JPEG", quality=JPEG_QUALITY)
        files[f"{picture.video_id}.jpg"] = jpeg.getvalue()
    for video_id, make_broken in BROKEN.items():
        files[f"{video_id}.jpg"] = make_broken(files[f"{PICTURES[0].video_id}.jpg"])
    return files


def expected_rows() -> list[list[str]]:
    """The words and faces that a person sees on each picture; none without a picture."""
    rows = [["video_id", "thumbnail_status", "face_count", "words"]]
    for picture in PICTURES:
        words = " ".join(title.text.replace("\n", " ") for title in picture.titles)
        rows.append([picture.video_id, "ok", str(len(picture.faces)), words])
    rows += [[video_id, "not_an_image", "", ""] for video_id in BROKEN]
    rows += [[video_id, "not_found", "", ""] for video_id in MISSING]
    return rows


def encode_csv(rows: list[list[str]]) -> bytes:
    """Rows as CSV in UTF-8, with line feeds at the ends of the rows."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()


def main() -> int:
    """Draw the sample, or with --check compare it with the files; 0 if all are equal."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    parser.add_argument("--fonts-dir", type=Path, default=Path("/usr/share/fonts"))
    arguments = parser.parse_args()
    try:
        pictures = encode_pictures(arguments.fonts_dir)
    except FileNotFoundError as missing:
        print(missing, file=sys.stderr)
        return 1
    files = {HERE / "images" / name: content for name, content in pictures.items()}
    files[HERE / "expected.csv"] = encode_csv(expected_rows())
    if arguments.check:
        differing = [
            str(path)
            for path, content in files.items()
            if not path.exists() or path.read_bytes() != content
        ]
        print(f"{len(files) - len(differing)} files equal", *differing, sep="\ndiffers: ")
        return 1 if differing else 0
    (HERE / "images").mkdir(exist_ok=True)
    for path, content in files.items():
        path.write_bytes(content)
    print(f"{len(files)} files, {sum(map(len, files.values())) / 1e6:.2f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
