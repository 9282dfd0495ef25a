"""One file per PMS; the registry below finds them."""
