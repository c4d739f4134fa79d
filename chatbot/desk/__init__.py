"""The staff desk: people and what they may, curated answers, gaps, documents, saved questions, insights."""
