from html.parser import HTMLParser
from pathlib import Path

from PIL import Image

from benchmarks.accuracy.gallery import Card, Overlay, Snippet, format_section, write_gallery

NASTY = "<script>alert('1')</script>\"&"


def make_card(folder: Path, name: str, n_missed: int = 0, text: str = "") -> Card:
    picture = folder / f"{name}.png"
    Image.new("RGB", (16, 9)).save(picture)
    overlays = [Overlay((1, 2, 3, 4), "false", text)]
    return Card(name, picture, overlays, {"reported": [Snippet("false", text)]}, n_missed, 0)


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)


def test_all_text_is_escaped(tmp_path: Path) -> None:
    card = make_card(tmp_path, "-a b#c", text=NASTY)._replace(title=NASTY)
    page = write_gallery({NASTY: [card]}, tmp_path / "out").read_text(encoding="utf-8")
    tags = Tags()
    tags.feed(page)
    assert "script" not in tags.names
    assert "alert(&#x27;1&#x27;)" in page
    assert 'href="pictures/-a%20b%23c.png"' in page


def test_pictures_are_beside_the_page_and_old_ones_are_deleted(tmp_path: Path) -> None:
    for name in ("old", "new"):
        write_gallery({"Words": [make_card(tmp_path, name)]}, tmp_path / "out")
    assert [path.name for path in (tmp_path / "out" / "pictures").iterdir()] == ["new.png"]


def test_the_worst_cards_are_first_and_clean_ones_can_be_hidden(tmp_path: Path) -> None:
    cards = [
        make_card(tmp_path, name, n_missed) for name, n_missed in (("a", 0), ("b", 2), ("c", 1))
    ]
    section = format_section("Words", cards)
    assert section.index("<b>b<") < section.index("<b>c<") < section.index("<b>a<")
    assert section.count('class="clean"') == 1
