"""img2dataset on a list of addresses, run by the Python of an environment of its own.

    build/peers/bin/python -m benchmarks.speed.peers.img2dataset_download URLS FOLDER THREADS

It is asked to do what our stage does: check that each answer is a picture, digest it, and keep its
bytes as they came, in Parquet.
"""

import os
import sys


def main() -> None:
    """Download."""
    os.environ["NO_ALBUMENTATIONS_UPDATE"] = "1"  # it would ask the network for a newer version
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
