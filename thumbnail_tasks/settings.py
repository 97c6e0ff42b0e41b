"""The sections of luigi.cfg, each setting with its default and what it does.

Every setting is also a flag: ``[storage] data_dir`` is ``--storage-data-dir``.
"""

import luigi

from thumbnail_tasks.errors import SettingsError

QUALITIES = ("maxresdefault", "sddefault", "hqdefault", "mqdefault", "default")
"""YouTube's names for 1280×720, 640×480, 480×360, 320×180 and 120×90 pixels."""

PRESETS = {
    "embedded": {
        "text": "rapidocr",
        "correction": "pyspellchecker",
        "embedding": "minilm",
        "faces": "dlib-cnn",
        "emotions": "fer2013",
    },
    "notebook": {
        "text": "keras-ocr",
        "correction": "pyspellchecker",
        "embedding": "tensorflow-hub",
        "faces": "face-recognition-cnn",
        "emotions": "keras",
    },
}
"""A preset is a name for a row of engines, one for each stage."""


class storage(luigi.Config):
    """Where everything is kept, and in which pieces."""

    data_dir = luigi.Parameter(default="data", description="Folder of all tables")
    shard_size = luigi.IntParameter(
        default=512, description="Thumbnails in one shard, the unit of work and of resuming"
    )


class night(luigi.Config):
    """How ``Nightly`` takes the table of tonight, and what it keeps."""

    keep = luigi.IntParameter(default=14, description="Dated exports that are kept: the newest")
    settle_s = luigi.FloatParameter(
        default=60.0,
        description="A table is taken once it has not changed for so many seconds; one that is "
        "still being copied is not",
    )


class thumbnails(luigi.Config):
    """How thumbnails are fetched."""

    quality = luigi.Parameter(
        default="hqdefault",
        description=f"YouTube's name of the size wanted: {', '.join(QUALITIES)}",
    )
    fallback = luigi.BoolParameter(
        default=True,
        parsing=luigi.BoolParameter.EXPLICIT_PARSING,
        description="Take the next smaller size where the wanted one is missing",
    )
    retry_failed = luigi.BoolParameter(
        default=False, description="Try again what failed for good, too (404, not an image)"
    )
    url_template = luigi.Parameter(
        default="https://i.ytimg.com/vi/{video_id}/{quality}.jpg",
        description="Address of a YouTube thumbnail; change it to go through a mirror (one in your "
        "own network needs allow_private_addresses)",
    )
    allow_private_addresses = luigi.BoolParameter(
        default=False,
        parsing=luigi.BoolParameter.EXPLICIT_PARSING,
        description="Also ask servers of your own network: links, and what they redirect to, may "
        "then lead to private, link-local and loopback addresses",
    )
    user_agent = luigi.Parameter(
        default="thumbnail-tasks/0.1 (batch job; thumbnails only)",
        description="Who asks; add an address where you can be reached",
    )
    concurrency = luigi.IntParameter(default=16, description="Requests under way at once")
    requests_per_second = luigi.FloatParameter(
        default=50.0, description="Most requests per second to one host"
    )
    connect_timeout_s = luigi.FloatParameter(default=5.0, description="Seconds to connect")
    read_timeout_s = luigi.FloatParameter(
        default=15.0, description="Seconds without a byte before giving up"
    )
    total_timeout_s = luigi.FloatParameter(
        default=60.0,
        description="Seconds for one whole answer, however slowly it drips, redirects included",
    )
    retries = luigi.IntParameter(
        default=3, description="Further tries within a run, with exponential backoff and jitter"
    )
    backoff_s = luigi.FloatParameter(
        default=0.5, description="Wait before the first further try; doubles each time"
    )
    retry_after_max_s = luigi.FloatParameter(
        default=120.0, description="Longest Retry-After obeyed; beyond it the next run retries"
    )
    stop_share = luigi.FloatParameter(
        default=0.5,
        description="The run ends once more than this share of a host's last stop_after thumbnails "
        "failed in a way that may pass: time-outs, 429, 5xx, no connection (0 to 1; 1: never)",
    )
    stop_after = luigi.IntParameter(
        default=100,
        description="Thumbnails of one host that stop_share is judged by; fewer never end the run",
    )
    max_bytes = luigi.IntParameter(default=10_000_000, description="Largest answer kept, in bytes")
    max_pixels = luigi.IntParameter(
        default=20_000_000, description="Largest picture decoded, in pixels"
    )


class text(luigi.Config):
    """How text is recognised and kept."""

    min_confidence = luigi.FloatParameter(
        default=0.8,
        description="Words below stay in `words` but not in the text (0 to 1; on 174 labelled "
        "thumbnails 0.9 instead of 0.8 gave precision +0.02 and recall -0.02)",
    )
    small_text_px = luigi.FloatParameter(
        default=14.0, description="Words lower than this, in pixels, are small"
    )
    small_text_confidence = luigi.FloatParameter(
        default=0.97,
        description="Small words below stay in `words` but not in the text (0 to 1; they are "
        "mostly read out of textures: with it, text is invented on 3 of 40 pictures "
        "without words instead of 7, at equal recall)",
    )
    sure_confidence = luigi.FloatParameter(
        default=0.98,
        description="Words from here on are not corrected (0 to 1; below it 188 of 6,977 drawn "
        "title words were repaired and 2 broken, from it on 20 and 19)",
    )


class faces(luigi.Config):
    """Which faces dlib-cnn keeps; upsamplings n, 0 and 1 give the boxes of dlib's own detector."""

    upsamplings = luigi.IntParameter(
        default=1,
        description="How often a picture is enlarged by two before it is looked at: faces from "
        "about 40 pixels are found with 1, from 80 with 0",
    )
    min_score = luigi.FloatParameter(
        default=0.7,
        description="Boxes need a higher one (most faces have about 1)",
    )
    max_flatness = luigi.FloatParameter(
        default=0.4,
        description="Boxes with a larger share of one colour are drawings (0 to 1)",
    )


class keras_ocr(luigi.Config):
    """How keras-ocr reads; the defaults are its own."""

    scale = luigi.FloatParameter(
        default=2.0, description="Pictures are enlarged so many times before they are looked at"
    )
    max_size_px = luigi.IntParameter(
        default=2048, description="But no side beyond this many pixels"
    )
    detection_threshold = luigi.FloatParameter(
        default=0.7, description="A word needs a point with a higher text score (0 to 1)"
    )
    text_threshold = luigi.FloatParameter(
        default=0.4, description="Points above belong to a letter (0 to 1)"
    )
    link_threshold = luigi.FloatParameter(
        default=0.4, description="Points above link the letters of a word (0 to 1)"
    )
    size_threshold = luigi.IntParameter(default=10, description="Words of fewer points are dropped")
    detector_weights = luigi.Parameter(
        default="", description="HDF5 file of CRAFT weights instead of keras-ocr's own"
    )
    recognizer_weights = luigi.Parameter(
        default="", description="HDF5 file of CRNN weights instead of keras-ocr's own"
    )
    alphabet = luigi.Parameter(
        default="0123456789abcdefghijklmnopqrstuvwxyz",
        description="What the recogniser's classes mean, in their order",
    )


class filename2text(luigi.Config):
    """What the notebook has read already."""

    path = luigi.Parameter(
        default="", description="Its filename2text.json; a glob, or several separated by commas"
    )


class tensorflow_hub(luigi.Config):
    """Which text encoder is loaded through TensorFlow Hub."""

    handle = luigi.Parameter(
        default="https://tfhub.dev/google/universal-sentence-encoder/4",
        description="A TF-Hub handle, or the folder of a SavedModel, that maps strings to vectors",
    )
    sha256 = luigi.Parameter(
        default="", description="SHA-256 of the handle's archive (.tar.gz); empty: not checked"
    )


class face_recognition(luigi.Config):
    """How face_recognition's two detectors look."""

    upsamplings = luigi.IntParameter(
        default=1,
        description="How often a picture is enlarged by two before it is looked at "
        "(number_of_times_to_upsample)",
    )


class keras_emotions(luigi.Config):
    """Which Keras file classifies emotions, and what it takes."""

    path = luigi.Parameter(default="", description="The .hdf5, .h5 or .keras file")
    sha256 = luigi.Parameter(
        default="", description="Its SHA-256; empty: any file without code of its own"
    )
    input_px = luigi.IntParameter(
        default=0, description="Side of its grey input, in pixels; 0: as the file says"
    )
    scaling = luigi.ChoiceParameter(
        default="0-1",
        choices=("0-1", "-1-1", "0-255"),
        description="The range of grey that it was trained on",
    )
    labels = luigi.Parameter(
        default="angry,disgust,fear,happy,neutral,sad,surprise",
        description="What its seven outputs mean, in their order",
    )


class gpus(luigi.Config):
    """Which graphics cards the models compute on: each task that holds `gpu` leases one."""

    cards = luigi.Parameter(
        default="none",
        description="auto: those of CUDA_VISIBLE_DEVICES, and all that nvidia-smi lists if that is "
        "not set; numbers or UUIDs as in nvidia-smi, separated by commas; or none",
    )
    required = luigi.BoolParameter(
        default=False,
        parsing=luigi.BoolParameter.EXPLICIT_PARSING,
        description="Where there is no card, fail instead of computing on the processor",
    )
    lock_dir = luigi.Parameter(
        default="/run/lock",
        description="Folder of the leases, the same for all runs on a host; containers share it",
    )


class engines(luigi.Config):
    """Which engine does what."""

    preset = luigi.Parameter(
        default="embedded", description=f"A row of engines: {' or '.join(PRESETS)}"
    )
    text = luigi.Parameter(default="", description="Text recogniser instead of the preset's")
    correction = luigi.Parameter(default="", description="Corrector instead of the preset's")
    embedding = luigi.Parameter(default="", description="Text encoder instead of the preset's")
    faces = luigi.Parameter(default="", description="Face detector instead of the preset's")
    emotions = luigi.Parameter(default="", description="Emotion classifier instead of the preset's")


class report(luigi.Config):
    """The page that shows an export in a browser."""

    build = luigi.BoolParameter(
        default=False,
        parsing=luigi.BoolParameter.EXPLICIT_PARSING,
        description="Build it after each export, nightly ones too; by hand: BuildReport",
    )


class runs(luigi.Config):
    """What is told of a run while it is on; its record is written in any case."""

    metrics_file = luigi.Parameter(
        default="",
        description="Prometheus' text file to keep up to date, for node_exporter's textfile "
        "collector; the last state of the run stays in it",
    )
    metrics_address = luigi.Parameter(
        default="",
        description="Address and port that answers with the same while the run is on, as in "
        "127.0.0.1:9464; whoever reaches it can read it",
    )
    link = luigi.Parameter(
        default="",
        description="Address under which a web server shows the data directory's folder runs; "
        "luigid's page then links each task to the record of its run",
    )
    update_interval_s = luigi.FloatParameter(
        default=5.0, description="Seconds from one look at files and graphics cards to the next"
    )


class messages(luigi.Config):
    """Who hears of a run that failed, or succeeded oddly; e-mail is Luigi's own [email]."""

    webhook_url = luigi.Parameter(
        default="",
        description="Address that is sent JSON: `text`, and the run's `record`; keep it secret",
    )
    webhook_timeout_s = luigi.FloatParameter(
        default=10.0, description="Seconds to connect, and seconds to wait for its answer"
    )


def in_force() -> dict[str, str]:
    """Every setting of this package that holds, as ``section.name``.

    Those of [messages] are left out: a webhook's address is a secret.
    """
    sections = [
        section
        for section in globals().values()
        if isinstance(section, type) and issubclass(section, luigi.Config)
    ]
    return {
        f"{section.__name__}.{name}": value
        for section in sections
        if section is not messages
        for name, value in section().to_str_params().items()
    }


def wanted_quality() -> str:
    """The thumbnail quality that the settings name.

    Raises:
        SettingsError: No such quality.
    """
    quality = str(thumbnails().quality)
    if quality not in QUALITIES:
        raise SettingsError(
            f"[thumbnails] quality: expected one of {', '.join(QUALITIES)}; found: {quality!r}"
        )
    return quality


def wanted_shard_size() -> int:
    """Thumbnails in one shard.

    Raises:
        SettingsError: Less than one.
    """
    return _one_or_more("[storage] shard_size", storage().shard_size)


def kept_exports() -> int:
    """Dated exports that are kept.

    Raises:
        SettingsError: Less than one.
    """
    return _one_or_more("[night] keep", night().keep)


def _one_or_more(setting: str, value: int) -> int:
    if value < 1:
        raise SettingsError(f"{setting}: expected 1 or more; found: {value}")
    return value


def engine_name(stage: str) -> str:
    """The engine chosen for a stage: its own setting, else the preset's.

    Raises:
        SettingsError: No such preset.
    """
    chosen = engines()
    if chosen.preset not in PRESETS:
        raise SettingsError(
            f"[engines] preset: expected one of {', '.join(PRESETS)}; found: {chosen.preset!r}"
        )
    return getattr(chosen, stage) or PRESETS[chosen.preset][stage]
