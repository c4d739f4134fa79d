"""The entrances on the web: the HTTP API and the patients' page."""
