"""Reading a file while it arrives: readers, what they wait for, and the conductor that turns them into wishes."""
