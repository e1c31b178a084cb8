"""Images and masks: reading, geometry, preprocessing. SimpleITK lives in this room and goes no further."""
