"""The model that the user gives: found, brought here and looked through, with the labels that lie with it."""
