"""Images and masks of a folder, paired into a list of cases.

What lies in the folder: ``files.py``. What names say: ``names.py``, and where the user says it himself,
``patterns.py``. Which mask belongs to which image: ``match.py``, of DICOM objects ``references.py``. What a
person should look at: ``doubts.py``. Patients: ``patients.py``; modality: ``suggestions.py``. All of it:
``find.py``.
"""
