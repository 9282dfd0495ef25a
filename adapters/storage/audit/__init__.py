"""Who saw or changed what: written, chained, judged, searched, watched, archived."""
