"""The staff's pages at /staff: login, and a Gradio page of one tab an idea."""
