"""The front of ``ivrkit serve``: receives requests without a thread for each, and answers them in threads for turns."""
