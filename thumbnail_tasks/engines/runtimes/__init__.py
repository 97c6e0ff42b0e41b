"""ONNX Runtime and TensorFlow: how they are imported and configured; no model is in here."""
