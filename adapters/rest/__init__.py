"""One engine for every PMS that speaks JSON over HTTP."""
