"""What in a text tells who somebody is: each file finds one kind of it."""
