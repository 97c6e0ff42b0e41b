"""keras-ocr on today's NumPy and TensorFlow.

keras-ocr 0.9.3 (2023) brings imgaug 0.4, which reads ``numpy.sctypes`` (gone since NumPy 2.0),
and uses Keras 2 through ``tensorflow.keras`` (Keras 3 since TensorFlow 2.16). The engine itself
comes with a later release; what is here makes the packages work together.
"""

import importlib
import os
import sys
from types import ModuleType
from typing import Any

from thumbnail_tasks.errors import SettingsError


def import_keras_ocr() -> ModuleType:
    """Import keras-ocr on NumPy 2 and on Keras 2, which tf_keras carries on.

    Raises:
        SettingsError: TensorFlow was imported with Keras 3 in this process before.
    """
    if "tensorflow" in sys.modules and os.environ.get("TF_USE_LEGACY_KERAS") != "1":
        raise SettingsError(
            "keras-ocr: expected a process without TensorFlow, or with TF_USE_LEGACY_KERAS=1 "
            "before its import; found TensorFlow imported with Keras 3"
        )
    os.environ["TF_USE_LEGACY_KERAS"] = "1"
    import numpy as np

    numpy: Any = np
    if not hasattr(numpy, "sctypes"):
        numpy.sctypes = {
            "int": [np.int8, np.int16, np.int32, np.int64],
            "uint": [np.uint8, np.uint16, np.uint32, np.uint64],
            "float": [np.float16, np.float32, np.float64],
            "complex": [np.complex64, np.complex128],
            "others": [bool, object, bytes, str, np.void],
        }
    return importlib.import_module("keras_ocr")
