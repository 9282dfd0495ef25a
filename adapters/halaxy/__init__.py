"""What Halaxy alone needs: its words for a status."""
