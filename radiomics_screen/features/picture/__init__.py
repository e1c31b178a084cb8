"""What the families that describe a lesion's picture in one slice share: the slice, its window, blobs."""
