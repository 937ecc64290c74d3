"""Devices in the network that fetch and play a URL by themselves: Chromecasts, and televisions that speak DLNA."""
