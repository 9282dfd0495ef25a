"""The JSON API; a module that exports `router` is served without being listed anywhere."""
