"""Face detectors: dlib's network run by TensorFlow, and face_recognition."""
