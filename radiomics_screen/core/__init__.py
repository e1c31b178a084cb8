"""What every room may use: errors, remarks, options and their registry, conventions, kernels, threads.

May import: nothing of this package.
Never: SimpleITK, pandas, sklearn, torch, pydicom.

A new thing belongs here only if several rooms need it and it knows nothing of images, features or models.
"""
