"""Finding: text in, passages out."""
