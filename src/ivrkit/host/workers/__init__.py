"""The worker processes: the code that each one runs, and the deaths of workers. The server and gunicorn use it."""
