"""Runs of a sync: asked for, under way, previewed, recorded, and as an operator reads them."""
