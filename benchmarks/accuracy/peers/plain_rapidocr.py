"""RapidOCR with its defaults, on the whole stored picture with its bars."""

from collections.abc import Callable
from importlib.metadata import version

from benchmarks.accuracy.timing import Contestant


def _load() -> Callable[[bytes], str]:
    from rapidocr import RapidOCR

    engine = RapidOCR(params={"Global.log_level": "error"})

    def read(content: bytes) -> str:
        result = engine(content)
        return " ".join(result.txts) if result and result.txts else ""

    return read


def plain_rapidocr(is_cached: bool = False) -> Contestant:
    """The contestant; it joins the texts of the lines.

    Args:
        is_cached: Cache its results, for pictures that take long.
    """
    name = f"RapidOCR {version('rapidocr')}, plain"
    return Contestant(name, _load, f"{name} onnxruntime" if is_cached else "")
