"""The models, one sub-package per stage; everything that imports a model framework is in here."""
