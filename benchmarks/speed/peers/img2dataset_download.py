"""Run img2dataset on a list of URLs, with the Python of its own environment.

    build/peers/speed/bin/python -m benchmarks.speed.peers.img2dataset_download URLS FOLDER THREADS

Its options match our stage: check that each response is a picture, compute its digest, and write
its unchanged bytes to Parquet.
"""

import os
import sys


def main() -> None:
    """Download."""
    os.environ["NO_ALBUMENTATIONS_UPDATE"] = "1"  # otherwise it looks for a newer version
    from img2dataset import download

    urls, folder, threads = sys.argv[1:]
    download(
        url_list=urls,
        output_folder=folder,
        output_format="parquet",
        thread_count=int(threads),
        processes_count=1,
        number_sample_per_shard=10_000,
        resize_mode="no",
        skip_reencode=True,
        encode_format="jpg",
        extract_exif=False,
        compute_hash="sha256",
        enable_wandb=False,
        retries=3,
    )


if __name__ == "__main__":
    main()
