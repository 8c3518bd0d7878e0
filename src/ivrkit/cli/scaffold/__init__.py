"""What `ivrkit new` makes folders with: answers, what they come to, and templates."""
