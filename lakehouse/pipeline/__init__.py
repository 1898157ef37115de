"""What the transformations share: the platform's parts, and the shapes of the records."""
