"""scikit-learn estimators of our own, where the library's cannot be kept in a model file or calibrated cheaply."""
