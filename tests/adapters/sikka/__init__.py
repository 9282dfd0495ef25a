"""Sikka's desk."""
