"""Networks on crops of lesions: arrays in, numbers out. Everything here but the options needs torch."""
