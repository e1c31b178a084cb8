"""What people call the columns that say whose image a row is of."""

from __future__ import annotations

import re

#: What each of these columns may be called, the first name being its own.
IDENTITY_NAMES = {
    "case_id": ("case_id", "case", "id"),
    "patient_id": ("patient_id", "patient", "subject_id", "subject"),
    "image": ("image", "image_path", "image_file"),
    "mask": ("mask", "mask_path", "mask_file"),
    "label": ("label", "mask_label"),
    "label_channel": ("label_channel", "mask_channel"),
}
_WHOLE_WORDS = {"caseid": "case_id", "patientid": "patient_id", "subjectid": "subject_id"}


def plain_heading(name: str) -> str:
    """Return a heading without what programs do to it: capitals, blanks, hyphens, points.

    >>> plain_heading("PatientID"), plain_heading(" Patient-Id "), plain_heading("imagePath")
    ('patient_id', 'patient_id', 'image_path')
    """
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name.strip())
    plain = re.sub(r"[\s\-.]+", "_", words).lower()
    return _WHOLE_WORDS.get(plain, plain)
