"""Recipes: for each network the defaults that train it well, and what it reaches in a given time."""
