"""What several classifiers share: scaling, Platt's curve, trees as arrays, files, fusion, crop networks."""
