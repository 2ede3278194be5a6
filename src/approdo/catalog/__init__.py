"""What we know beside Amazon: our own SKUs and titles, and the places that Amazon names by code only."""
