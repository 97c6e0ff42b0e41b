"""Say where a file is not UTF-8."""

import codecs
from pathlib import Path

from thumbnail_tasks.errors import InputError
from thumbnail_tasks.inputs.unpacking import open_unpacked

_BLOCK_BYTES = 1 << 20


def not_utf8(path: Path, column: str | None = None, line_end: bytes = b"\n") -> InputError:
    """The error of a file that is not UTF-8, with its first line that is not.

    Args:
        path: The file.
        column: The column of the cell, if known.
        line_end: The byte that ends its lines.
    """
    line, byte = _find_first(path, line_end)
    where = f"line {line}" + (f", column {column[:60]!r}" if column else "")
    return InputError(
        f"{path}: {where}: expected text in UTF-8; found the byte 0x{byte:02x}. Save it as UTF-8; "
        "if only some lines are in another encoding, convert those"
    )


def _find_first(path: Path, line_end: bytes) -> tuple[int, int]:
    """The number of the first line that is not UTF-8, and the first byte that is not."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    line, is_ended = 1, False
    with open_unpacked(path) as file:
        while not is_ended:
            block = file.read(_BLOCK_BYTES)
            is_ended = not block
            try:
                decoder.decode(block, final=is_ended)
            except UnicodeDecodeError as error:
                before = error.object[: error.start]
                return line + before.count(line_end), error.object[error.start]
            line += block.count(line_end)
    raise ValueError(f"{path} is UTF-8")
