"""How ONNX Runtime and TensorFlow are imported and configured; contains no models."""
