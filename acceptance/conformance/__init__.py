"""Models of scikit-learn and the boosters, trained here and scored by ONNX Runtime and by skeg."""
