"""Networks on crops of lesions: arrays in, numbers out. Torch is imported in this room alone.

May import: core.
Never: SimpleITK, pandas, sklearn.

Another library of networks: ``external_backbones.py``. The modules whose names end in ``options``, and
``requirements.py``, need no torch.
"""
