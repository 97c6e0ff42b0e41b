"""The models, one sub-package per stage; only code in this package imports model frameworks."""
