"""Architecture search for deep sequence models.  Spaces, strategies and tabular evaluators need no torch."""
