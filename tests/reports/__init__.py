"""Reports against small data sets whose figures are worked out by hand."""
