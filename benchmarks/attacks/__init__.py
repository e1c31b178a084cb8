"""Hostile and damaged inputs: sound files, what is done to them, and who watches over their reading."""
