"""A pretend Vapi: phone calls played against a running ingress, message by signed message."""
