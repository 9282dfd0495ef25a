"""The vendor clock: one shared limiter in Redis that every vendor request passes."""
