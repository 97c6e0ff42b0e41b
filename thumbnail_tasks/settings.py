"""The sections of luigi.cfg: each setting with its default and description.

Every setting is also a flag: ``[storage] data_dir`` is ``--storage-data-dir``.
"""

import csv
import functools
import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import luigi
from luigi.configuration import LuigiTomlParser, get_config
from luigi.interface import core

from thumbnail_tasks.errors import SettingsError, suggest
from thumbnail_tasks.luigi_parsing import FloatInRange, IntInRange, PathParameter, ShareParameter

QUALITIES = ("maxresdefault", "sddefault", "hqdefault", "mqdefault", "default")
"""YouTube's names for 1280×720, 640×480, 480×360, 320×180 and 120×90 pixels."""

PRESETS = {
    "embedded": {
        "text": "rapidocr",
        "correction": "pyspellchecker",
        "embedding": "use-multilingual",
        "faces": "dlib-cnn",
        "emotions": "fer2013",
        "objects": "nanodet",
    },
    "notebook": {
        "text": "keras-ocr",
        "correction": "pyspellchecker",
        "embedding": "tensorflow-hub",
        "faces": "face-recognition-cnn",
        "emotions": "keras",
        "objects": "nanodet",
    },
}
"""A preset names one engine for each stage."""

logger = logging.getLogger(__name__)

_RESOURCES = ("gpu", "download")
"""Of this package's tasks; the user's own may need others."""
_SIMILAR_SECTION = 0.8
"""difflib's ratio: less than that of ``thumbnail``, more than that of any section of Luigi."""


def replace_old_names(
    values: Mapping[str, Any], old_names: Mapping[str, str], prefix: str
) -> dict[str, Any]:
    """Move values given under an old name to the new one, with one warning per process.

    If both names are given, the old one wins: a flag under an old name must override a luigi.cfg
    that sets the new one, and Luigi does not tell here which of them came from where.

    Args:
        values: Parameter name to value.
        old_names: Old parameter name to the new one.
        prefix: Prefix of the names in the warning: a section, as in ``[gpus] ``, or ``--``.

    Returns:
        The same names. A value given under an old name is under the new one; the old one is None.
    """
    replaced = dict(values)
    for old, new in old_names.items():
        if replaced[old] is not None:
            is_flag = prefix == "--"
            new_label = f"--{new.replace('_', '-')}" if is_flag else new
            _warn_of_old_name(f"{prefix}{old}", new_label)
            replaced[new], replaced[old] = replaced[old], None
    return replaced


@functools.cache
def _warn_of_old_name(old: str, new: str) -> None:
    logger.warning("%s is now called %s; the old name still works", old, new)


_MOVED_CONTEXTS = {
    "thumbnail_tasks.terminal.ReadableFailures": "thumbnail_tasks.tasks.interrupts.ReadableFailures"
}
"""Old values of ``[worker] task_process_context``, which users have in their own luigi.cfg."""


def accept_old_context() -> None:
    """Replace an old value of ``[worker] task_process_context``, before Luigi's worker reads it."""
    config = luigi.configuration.get_config()
    context = _MOVED_CONTEXTS.get(config.get("worker", "task_process_context", ""))
    if context:
        config.set("worker", "task_process_context", context)
        _warn_of_old_name("[worker] task_process_context", context)


class _Section(luigi.Config):
    """A section some of whose settings are also accepted under an old name."""

    old_names: ClassVar[Mapping[str, str]]
    """Old name to new name. Both are parameters; the old one defaults to None."""

    @classmethod
    def get_param_values(
        cls, params: Any, args: Any, kwargs: Mapping[str, Any]
    ) -> list[tuple[str, Any]]:
        """Move values given under an old name to the new one."""
        values = dict(super().get_param_values(params, args, kwargs))
        prefix = f"[{cls.get_task_family()}] "
        return list(replace_old_names(values, cls.old_names, prefix).items())


class storage(luigi.Config):
    """Where results are stored, and in which units."""

    data_dir: str = PathParameter(
        default="data", description="Folder of all results, or s3://bucket/prefix"
    )
    shard_size: int = IntInRange(
        at_least=1,
        default=512,
        description="Thumbnails in one shard, the unit of work and of resuming",
    )


class s3(luigi.Config):
    """Storage for ``s3://`` addresses; what is not set comes from AWS's usual places.

    These are the ``AWS_*`` environment variables (``AWS_ENDPOINT_URL`` for storage of others), the
    profile in ``~/.aws``, and the role of the machine.
    """

    endpoint_url: str = luigi.Parameter(
        default="", description="Address of storage other than AWS's, as in https://host:9000"
    )
    region: str = luigi.Parameter(default="", description="Region, as in eu-central-1")
    profile: str = luigi.Parameter(default="", description="Profile in ~/.aws")
    addressing_style: str = luigi.ChoiceParameter(
        default="auto",
        choices=("auto", "path", "virtual"),
        description="Bucket in the path, or in the host name (virtual); auto: boto3 chooses",
    )
    lease_s: float = FloatInRange(
        at_least=1,
        default=30,
        description="Seconds after which the lock of a process that was killed is taken over",
    )
    access_key_id: str = luigi.Parameter(default="", description="Id of the access key")
    secret_access_key: str = luigi.Parameter(
        default="", description="The access key; never shown or recorded"
    )


class columns(luigi.Config):
    """Names of the table's columns, where they are not among the known ones."""

    id: str = luigi.Parameter(default="", description="Column of video ids, also --id-column")
    link: str = luigi.Parameter(
        default="", description="Column of links to thumbnails, also --link-column"
    )
    title: str = luigi.Parameter(default="", description="Column of titles, also --title-column")
    channel: str = luigi.Parameter(
        default="", description="Column of channels' names, also --channel-column"
    )
    description: str = luigi.Parameter(
        default="", description="Column of descriptions, also --description-column"
    )

    def of(self, meaning: str) -> str:
        """The name for a meaning, such as ``video_id``; empty if none is set."""
        by_meaning = {
            "video_id": self.id,
            "thumbnail_link": self.link,
            "title": self.title,
            "channel_title": self.channel,
            "description": self.description,
        }
        return by_meaning[meaning]


class night(luigi.Config):
    """How ``Nightly`` selects tonight's table, and how many exports it keeps."""

    keep: int = IntInRange(at_least=1, default=14, description="Number of dated exports to keep")
    settle_s: float = FloatInRange(
        at_least=0,
        default=60.0,
        description="A table is used only after it has been unchanged for this many seconds, "
        "so that one still being copied is not",
    )
    max_age_hours: float = FloatInRange(
        at_least=0,
        default=48.0,
        description="A night warns if its table has not changed for this many hours; 0: never",
    )


class thumbnails(_Section):
    """How thumbnails are fetched."""

    old_names = {"stop_share": "max_failure_rate"}

    quality: str = luigi.Parameter(
        default="hqdefault",
        description=f"YouTube's name for the size: {', '.join(QUALITIES)}",
    )
    fallback: bool = luigi.BoolParameter(
        default=True,
        parsing=luigi.BoolParameter.EXPLICIT_PARSING,
        description="Use the next smaller size if the requested one is missing",
    )
    retry_failed: bool = luigi.BoolParameter(
        default=False, description="Also retry permanent failures (404, not an image)"
    )
    refresh_after_days: float = FloatInRange(
        at_least=0,
        default=0.0,
        description="Ask again for pictures of the table that were last fetched or checked more "
        "than this many days ago, with conditional requests; 0: never",
    )
    refresh_max: int = IntInRange(
        at_least=0,
        default=0,
        description="Most pictures to ask again for in a run, the longest ago first; 0: all",
    )
    url_template: str = luigi.Parameter(
        default="https://i.ytimg.com/vi/{video_id}/{quality}.jpg",
        description="URL of a YouTube thumbnail; change it to use a mirror (a mirror on a private "
        "network needs allow_private_addresses)",
    )
    allow_private_addresses: bool = luigi.BoolParameter(
        default=False,
        parsing=luigi.BoolParameter.EXPLICIT_PARSING,
        description="Also fetch from private networks: links and redirects may then resolve to "
        "private, link-local and loopback addresses",
    )
    user_agent: str = luigi.Parameter(
        default="thumbnail-tasks/0.1 (batch job; thumbnails only)",
        description="User-Agent header; add an address where you can be reached",
    )
    concurrency: int = IntInRange(
        at_least=1, default=16, description="Maximum number of concurrent requests"
    )
    requests_per_second: float = FloatInRange(
        above=0, default=50.0, description="Maximum requests per second to one host"
    )
    connect_timeout_s: float = FloatInRange(
        above=0, default=5.0, description="Timeout to connect, in seconds"
    )
    read_timeout_s: float = FloatInRange(
        above=0, default=15.0, description="Timeout without receiving a byte, in seconds"
    )
    total_timeout_s: float = FloatInRange(
        above=0,
        default=60.0,
        description="Timeout for the whole response, redirects included, in seconds",
    )
    retries: int = IntInRange(
        at_least=0,
        default=3,
        description="Retries within a run, with exponential backoff and jitter",
    )
    backoff_s: float = FloatInRange(
        at_least=0,
        default=0.5,
        description="Seconds before the first retry; doubles with each retry",
    )
    retry_after_max_s: float = FloatInRange(
        at_least=0,
        default=120.0,
        description="Longest Retry-After to wait for, in seconds; beyond it, the next run retries",
    )
    max_failure_rate: float = ShareParameter(
        default=0.5,
        description="The run stops when more than this share of a host's last stop_after "
        "thumbnails failed transiently: time-outs, 429, 5xx, no connection (0 to 1; 1: never)",
    )
    stop_share: float | None = luigi.OptionalFloatParameter(
        default=None, description="Old name of max_failure_rate"
    )
    stop_after: int = IntInRange(
        at_least=1,
        default=100,
        description="Thumbnails of one host over which max_failure_rate is measured",
    )
    max_bytes: int = IntInRange(
        at_least=1, default=10_000_000, description="Largest response accepted, in bytes"
    )
    max_pixels: int = IntInRange(
        at_least=1, default=20_000_000, description="Largest picture decoded, in pixels"
    )


class text(luigi.Config):
    """Which scripts are read, which recognised words become text, and which are corrected."""

    scripts: str = luigi.Parameter(
        default="",
        description="Scripts to read, separated by commas, as in Latin,Cyrillic; lines in others "
        "are counted as unread. Chinese and Japanese go together. Default: all that the engine "
        "reads",
    )
    models_dir: str = PathParameter(
        default="~/.cache/rapidocr",
        description="Folder of the models that the engine rapidocr-v5 fetches once",
    )
    min_confidence: float = ShareParameter(
        default=0.8,
        description="Words with a lower confidence stay in `words` but are left out of the text (0 "
        "to 1; on 174 labelled thumbnails, 0.9 instead of 0.8 gave precision +0.02, recall -0.02)",
    )
    small_text_px: float = FloatInRange(
        at_least=0, default=14.0, description="Words of a smaller height, in pixels, are small"
    )
    small_text_confidence: float = ShareParameter(
        default=0.97,
        description="Small words with a lower confidence stay in `words` but are left out of the "
        "text (0 to 1; most are misread textures: this threshold reduces false text from 7 "
        "to 3 of 40 pictures without words, at equal recall)",
    )
    sure_confidence: float = ShareParameter(
        default=0.98,
        description="Words with at least this confidence are not corrected (0 to 1; of 6,977 drawn "
        "title words, correction repaired 188 and broke 2 below it, 20 and 19 above it)",
    )


class faces(luigi.Config):
    """Detection settings of dlib-cnn; with (n, 0, 1, 0) its boxes are those of dlib's detector."""

    upsamplings: int = IntInRange(
        at_least=0,
        default=1,
        description="Number of times to double the picture before detection: 1 finds faces from "
        "about 40 pixels, 0 from about 80",
    )
    min_score: float = FloatInRange(
        at_least=-100,
        at_most=100,
        default=0.7,
        description="Boxes with a lower score are dropped (most faces score about 1)",
    )
    max_flatness: float = ShareParameter(
        default=0.4,
        description="Boxes in which one colour has a larger share are dropped as drawings (0 to 1)",
    )
    min_proposal: float = ShareParameter(
        default=0.2,
        description="The network looks only where CenterFace's score is at least this (0 to 1; 0: "
        "everywhere, which takes four times as long; on 343 pictures all faces score 0.37 or more)",
    )


class objects(luigi.Config):
    """Whether objects are detected, and which count."""

    detect: bool = luigi.BoolParameter(
        default=False,
        parsing=luigi.BoolParameter.EXPLICIT_PARSING,
        description="Detect objects of COCO's 80 classes on each thumbnail; the export then has "
        "the columns object_counts and person_count",
    )
    min_confidence: float = ShareParameter(
        default=0.45,
        description="Objects with a lower confidence are dropped (0 to 1; of 103 labelled faces "
        "100 are on a person, with 0.4 103, with 0.5 90; 282 thumbnails have 458 objects, with 0.4 "
        "592, and most of these others are false)",
    )


class keras_ocr(luigi.Config):
    """Recognition settings of keras-ocr; the defaults are its own."""

    scale: float = FloatInRange(
        above=0,
        at_most=100,
        default=2.0,
        description="Factor by which pictures are enlarged before detection",
    )
    max_size_px: int = IntInRange(
        at_least=1, default=2048, description="Largest side after enlarging, in pixels"
    )
    detection_threshold: float = ShareParameter(
        default=0.7,
        description="Words whose highest text score is lower are dropped (0 to 1)",
    )
    text_threshold: float = ShareParameter(
        default=0.4,
        description="Pixels with a higher text score belong to a letter (0 to 1)",
    )
    link_threshold: float = ShareParameter(
        default=0.4,
        description="Pixels with a higher link score join the letters of a word (0 to 1)",
    )
    size_threshold: int = IntInRange(
        at_least=0, default=10, description="Words of fewer pixels are dropped"
    )
    detector_weights: str = PathParameter(
        default="", description="HDF5 file of CRAFT weights instead of keras-ocr's own"
    )
    recognizer_weights: str = PathParameter(
        default="", description="HDF5 file of CRNN weights instead of keras-ocr's own"
    )
    alphabet: str = luigi.Parameter(
        default="0123456789abcdefghijklmnopqrstuvwxyz",
        description="Characters of the recogniser's classes, in order",
    )


class filename2text(luigi.Config):
    """Texts that the original notebook has already recognised."""

    path: str = PathParameter(
        default="",
        description="The notebook's filename2text.json; a glob, or several separated by commas",
    )


class yolo_detections(luigi.Config):
    """Objects that were detected earlier."""

    path: str = PathParameter(
        default="",
        description="A yolo_detections.json, with the names of the objects on each picture; a "
        "glob, or several separated by commas",
    )


class tensorflow_hub(luigi.Config):
    """Text encoder to load with TensorFlow Hub."""

    handle: str = PathParameter(
        default="https://tfhub.dev/google/universal-sentence-encoder/4",
        description="TF-Hub handle or SavedModel folder of a model that maps strings to vectors",
    )
    sha256: str = luigi.Parameter(
        default="", description="SHA-256 of the handle's archive (.tar.gz); empty: not checked"
    )


class face_recognition(luigi.Config):
    """Detection settings of face_recognition's two detectors."""

    upsamplings: int = IntInRange(
        at_least=0,
        default=1,
        description="Number of times to double the picture before detection "
        "(number_of_times_to_upsample)",
    )


class keras_emotions(luigi.Config):
    """Keras model that classifies emotions, and its input format."""

    path: str = PathParameter(default="", description="The .hdf5, .h5 or .keras file")
    sha256: str = luigi.Parameter(
        default="", description="Its SHA-256; empty: any file that contains no code"
    )
    input_px: int = IntInRange(
        at_least=0,
        default=0,
        description="Side of its grey input, in pixels; 0: read from the file",
    )
    scaling: str = luigi.ChoiceParameter(
        default="0-1",
        choices=("0-1", "-1-1", "0-255"),
        description="Range of grey values that it was trained on",
    )
    labels: str = luigi.Parameter(
        default="angry,disgust,fear,happy,neutral,sad,surprise",
        description="Labels of its seven outputs, in order",
    )


class gpus(_Section):
    """Which GPUs the models compute on; each task that holds `gpu` leases one."""

    old_names = {"cards": "devices"}

    devices: str = luigi.Parameter(
        default="none",
        description="auto (those in CUDA_VISIBLE_DEVICES, or all that nvidia-smi lists if it is "
        "not set), numbers or UUIDs as in nvidia-smi separated by commas, or none",
    )
    cards: str | None = luigi.OptionalParameter(default=None, description="Old name of devices")
    required: bool = luigi.BoolParameter(
        default=False,
        parsing=luigi.BoolParameter.EXPLICIT_PARSING,
        description="Fail if there is no GPU, instead of computing on the CPU",
    )
    lock_dir: str = PathParameter(
        default="/run/lock",
        description="Folder of the GPU lock files, shared by all runs and containers on a host",
    )


class execution(luigi.Config):
    """Where shards are computed: on this machine, or on a Ray cluster."""

    engine: str = luigi.ChoiceParameter(
        default="local",
        choices=("local", "ray"),
        description="local (this machine), or ray: the stages after the download are computed on "
        "the nodes of a Ray cluster",
    )
    address: str = luigi.Parameter(
        default="auto",
        description="Host and port of the cluster's head, as in 10.0.0.1:6379; this machine must "
        "be a node of it. auto: the cluster that runs on this machine",
    )
    min_shards: int = IntInRange(
        at_least=1,
        default=8,
        description="With fewer shards to do, a run computes on this machine alone",
    )
    block_shards: int = IntInRange(
        at_least=1,
        default=128,
        description="Shards in a block, which is one task for Luigi",
    )
    cpus: float = FloatInRange(
        above=0, default=1, description="Cores of each actor, and threads of its models"
    )
    actors: Mapping[str, Any] = luigi.DictParameter(
        default={},
        description='The most actors of a stage, as in {"RecognizeText": 16}; without: as many '
        "as fit into the cluster",
    )
    stage_resources: Mapping[str, Any] = luigi.DictParameter(
        default={},
        description="Ray's resources of each actor of a stage instead of cpus and one GPU, as in "
        '{"DetectFaces": {"CPU": 2, "GPU": 1}}',
    )
    environment: str = luigi.Parameter(
        default="",
        description="Names of environment variables to pass to the nodes, separated by commas, as "
        "in AWS_ACCESS_KEY_ID,AWS_SECRET_ACCESS_KEY; Ray has no authentication",
    )
    stall_s: float = FloatInRange(
        at_least=1,
        default=300,
        description="Shards of a block are given to other actors after so many seconds without "
        "any result or checkpoint",
    )


class engines(luigi.Config):
    """Which engine each stage uses."""

    preset: str = luigi.Parameter(
        default="embedded", description=f"One engine for each stage: {' or '.join(PRESETS)}"
    )
    text: str = luigi.Parameter(default="", description="Text recogniser instead of the preset's")
    correction: str = luigi.Parameter(default="", description="Corrector instead of the preset's")
    embedding: str = luigi.Parameter(default="", description="Text encoder instead of the preset's")
    faces: str = luigi.Parameter(default="", description="Face detector instead of the preset's")
    emotions: str = luigi.Parameter(
        default="", description="Emotion classifier instead of the preset's"
    )
    objects: str = luigi.Parameter(
        default="", description="Object detector instead of the preset's, if objects are detected"
    )


DEFAULT_MAX_THUMBNAILS = 100_000
"""Thumbnails in a report, unless ``[report] max_thumbnails`` says otherwise."""


def parse_names(value: str, where: str) -> list[str]:
    """Names separated by commas; one that has a comma itself is in double quotes.

    Raises:
        SettingsError: A name is empty, or given twice; the message begins with ``where``.
    """
    rows = list(csv.reader([value], skipinitialspace=True)) or [[""]]
    names = [name.strip() for name in rows[0]]
    if not all(names) or len(set(names)) < len(names):
        raise SettingsError(
            f"{where}: expected different names separated by commas; found: {value!r}"
        )
    return names


class embedding(luigi.Config):
    """Vectors of the table's own texts; ``[engines] embedding`` is the encoder."""

    columns: str = luigi.Parameter(
        default="",
        description="Columns whose texts get vectors, separated by commas, also --embed-columns: "
        "title, channel, description, or names in the table's header; each adds <column>_embed",
    )
    title_similarity: bool = luigi.BoolParameter(
        default=True,
        parsing=luigi.BoolParameter.EXPLICIT_PARSING,
        description="Whether to compute title_ocr_similarity, for which each title is embedded",
    )

    def names(self) -> list[str]:
        """The columns to embed, as they are named in the setting.

        Raises:
            SettingsError: A name is empty, or given twice.
        """
        return parse_names(self.columns, "[embedding] columns") if self.columns.strip() else []


class export(luigi.Config):
    """The form of the exported table."""

    max_rows_per_file: int = IntInRange(
        at_least=1,
        default=1_000_000,
        description="A table of more rows is exported as a folder of parts with a manifest, of "
        "which only changed ones are written again; others as one file",
    )
    csv: str = luigi.ChoiceParameter(
        default="auto",
        choices=("auto", "always", "never"),
        description="Whether to write attributes.csv as well; auto: unless the export has parts",
    )


class report(luigi.Config):
    """The HTML report of an export."""

    max_thumbnails: int = IntInRange(
        at_least=1,
        default=DEFAULT_MAX_THUMBNAILS,
        description="The report shows a random sample of this many thumbnails if there are more; "
        "the same ones each time, as far as they are in the table",
    )

    stored_pictures: bool = luigi.BoolParameter(
        default=True,
        parsing=luigi.BoolParameter.EXPLICIT_PARSING,
        description="Copy the stored pictures into the report, to look at them in full size (about "
        "20 kB each as hqdefault); without them, an open thumbnail shows its small picture",
    )

    build: bool = luigi.BoolParameter(
        default=False,
        parsing=luigi.BoolParameter.EXPLICIT_PARSING,
        description="Build it after each export, nightly ones included (by hand: BuildReport)",
    )


class runs(luigi.Config):
    """Metrics of a run while it is running; its record is always written."""

    metrics_file: str = PathParameter(
        default="",
        description="Prometheus text file to keep up to date, for node_exporter's textfile "
        "collector; it keeps the last state of the run",
    )
    metrics_address: str = luigi.Parameter(
        default="",
        description="Host and port to serve the same metrics on during the run, as in "
        "127.0.0.1:9464; there is no access control",
    )
    link: str = luigi.Parameter(
        default="",
        description="URL under which a web server publishes the folder runs of the data directory; "
        "luigid's page then links each task to the record of its run",
    )
    update_interval_s: float = FloatInRange(
        above=0, default=5.0, description="Seconds between two updates of record and metrics"
    )


class messages(luigi.Config):
    """Notifications of runs that failed or succeeded with warnings; e-mail: Luigi's [email]."""

    webhook_url: str = luigi.Parameter(
        default="",
        description="URL that receives JSON with `text` and the run's `record`; keep it secret",
    )
    webhook_timeout_s: float = FloatInRange(
        above=0,
        default=10.0,
        description="Timeout to connect, and to wait for the response, in seconds",
    )


def sections() -> list[type[luigi.Config]]:
    """All sections of this package, in the order of this module."""
    return [
        section
        for section in globals().values()
        if isinstance(section, type)
        and issubclass(section, luigi.Config)
        and section is not _Section
    ]


def check_all() -> None:
    """Read every setting, so that a wrong one is found before a run has computed for hours.

    Raises:
        SettingsError: A value cannot be parsed, or the file of settings is missing.
    """
    path = os.environ.get("LUIGI_CONFIG_PATH")
    if path and not Path(path).exists():
        raise SettingsError(f"LUIGI_CONFIG_PATH={path}: expected a file of settings; found none")
    for section in sections():
        section()
    embedding().names()
    wanted_quality()
    if core().workers < 1:
        raise SettingsError(f"[core] workers: expected 1 or more; found: {core().workers}")
    if not storage().data_dir.strip():
        raise SettingsError("[storage] data_dir: expected a folder or an s3:// address; found none")
    for name in _RESOURCES:
        found = str(get_config().get("resources", name))
        if not (found.isdecimal() and int(found)):
            raise SettingsError(f"[resources] {name}: expected 1 or more; found: {found}")


def describe_misspelled() -> list[str]:
    """A sentence on each section and name in the settings that is likely meant to be another.

    Luigi ignores what nothing reads.
    """
    config = get_config()
    if isinstance(config, LuigiTomlParser):
        found = {section: list(names) for section, names in config.data.items()}
    else:
        found = {
            section: [name for name in config.options(section) if name not in config.defaults()]
            for section in config.sections()
        }
    known = {section.__name__: list(section.get_param_names(True)) for section in sections()}
    known["resources"] = list(_RESOURCES)
    misspelled = [
        f"[{section}] is ignored: there is no such section.{similar}"
        for section in found
        if section not in known and (similar := suggest(section, known, cutoff=_SIMILAR_SECTION))
    ]
    return misspelled + [
        f"[{section}] {name} is ignored: there is no such setting.{similar}"
        for section in sorted(found.keys() & (known.keys() - {"core"}))
        for name in found[section]
        if name.replace("-", "_") not in known[section]
        and ((similar := suggest(name, known[section])) or section not in ("resources", "s3"))
    ]


def default_data_dir() -> str:
    """The data directory in the settings, also if another setting of [storage] is wrong.

    So a run with such an error knows where to record it.
    """
    parameter = dict(storage.get_params())["data_dir"]
    return str(parameter.normalize(parameter.task_value("storage", "data_dir")))


def effective_settings() -> dict[str, str]:
    """All settings of this package in effect, as ``section.name``.

    Those of [messages] and [s3] are left out: a webhook URL and an access key are secrets.
    """
    return {
        f"{section.__name__}.{name}": value
        for section in sections()
        if section not in (messages, s3)
        for name, value in section().to_str_params().items()
        if name not in getattr(section, "old_names", ())
    }


def wanted_quality() -> str:
    """The thumbnail quality in the settings.

    Raises:
        SettingsError: There is no such quality.
    """
    quality = thumbnails().quality
    if quality not in QUALITIES:
        raise SettingsError(
            f"[thumbnails] quality: expected one of {', '.join(QUALITIES)}; found: {quality!r}"
        )
    return quality


def engine_name(stage: str) -> str:
    """The engine selected for a stage: its own setting, else the preset's.

    Raises:
        SettingsError: There is no such preset.
    """
    chosen = engines()
    if chosen.preset not in PRESETS:
        raise SettingsError(
            f"[engines] preset: expected one of {', '.join(PRESETS)}; found: {chosen.preset!r}"
        )
    return getattr(chosen, stage) or PRESETS[chosen.preset][stage]
