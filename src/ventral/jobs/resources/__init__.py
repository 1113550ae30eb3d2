"""What a job needs, predicted from shapes before it runs: memory, time, bytes and files."""
