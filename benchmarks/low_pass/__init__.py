"""The resonant low pass that five networks of a published study failed at: gray and black boxes, and why they fail."""
