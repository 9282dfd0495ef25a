"""The chain from a bad state over a metric to the alert it must raise."""
