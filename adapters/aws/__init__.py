"""What is asked of AWS as such, whichever of its services it is."""
