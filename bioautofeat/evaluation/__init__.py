"""How good a model is, and how much of that is luck: splits, metrics, calibration, blends, corrected estimates."""
