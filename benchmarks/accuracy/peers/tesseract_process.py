"""Read pictures with Tesseract's defaults, in a separate process.

    build/peers/accuracy/bin/python benchmarks/accuracy/peers/tesseract_process.py JOB.json OUT.json

It imports nothing of the project, because its environment has nothing but tesserocr.
"""

import json
import sys
from pathlib import Path


def main() -> None:
    """Write the text of each picture, and the version."""
    from tesserocr import PyTessBaseAPI

    job_path, out_path = map(Path, sys.argv[1:])
    job = json.loads(job_path.read_text(encoding="utf-8"))
    pictures = job["pictures"]
    texts = [""] * len(pictures)
    for language in {language for _, language in pictures}:
        with PyTessBaseAPI(path=job["folder"], lang=language) as api:
            for position, (picture, own) in enumerate(pictures):
                if own == language:
                    api.SetImageFile(picture)
                    texts[position] = api.GetUTF8Text()
    found = {"version": PyTessBaseAPI.Version(), "texts": texts}
    out_path.write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    main()
