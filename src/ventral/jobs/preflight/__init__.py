"""Questions about networks that are answered before any job starts."""
