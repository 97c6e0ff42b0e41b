"""Examples of each command, as its help has them."""

from typing import Final

EXAMPLES: Final = {
    "": """
        thumbnail-tasks export videos.csv
        thumbnail-tasks describe
        thumbnail-tasks search "a cat in space"
    """,
    "export": """
        thumbnail-tasks export videos.csv
        thumbnail-tasks export trending/*.csv --images-dir pictures --out data
        thumbnail-tasks export videos.csv --out s3://bucket/thumbnails
        thumbnail-tasks export videos.csv --out s3://bucket/thumbnails --cluster auto
        thumbnail-tasks export videos.csv --as-of 2026-11-01
        thumbnail-tasks export videos.csv --set thumbnails.quality=maxresdefault
    """,
    "report": """
        thumbnail-tasks report videos.csv --out data
        thumbnail-tasks report --serve --out s3://bucket/thumbnails
    """,
    "search": """
        thumbnail-tasks search "a cat in space"
        thumbnail-tasks search "breaking news" videos.csv --most 50
    """,
    "nightly": """
        thumbnail-tasks nightly /srv/incoming --out /srv/thumbnails
        thumbnail-tasks nightly "/srv/incoming/*.csv" --date 2026-01-31
    """,
    "clean-up": """
        thumbnail-tasks clean-up --dry-run
    """,
    "copy": """
        thumbnail-tasks copy s3://bucket/thumbnails --out data
        thumbnail-tasks copy data --out s3://bucket/thumbnails
    """,
    "fetch-weights": """
        thumbnail-tasks fetch-weights --set engines.preset=notebook
        thumbnail-tasks fetch-weights --weights rapidocr-v5
    """,
    "doctor": """
        thumbnail-tasks doctor
        thumbnail-tasks doctor --set engines.preset=notebook --set gpus.devices=auto
    """,
    "describe": """
        thumbnail-tasks describe --out data
    """,
    "plan": """
        thumbnail-tasks plan --thumbnails 1e6
        thumbnail-tasks plan --thumbnails 1e8 --nodes 17 --cores 16
    """,
    "settings": """
        thumbnail-tasks settings
        thumbnail-tasks export videos.csv --set text.min_confidence=0.9
    """,
}
"""Of each command; of the whole under the empty name."""
