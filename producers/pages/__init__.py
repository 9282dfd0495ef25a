"""The pages; a module that exports `router`, and `NAV` to be linked, is served without a list."""
