"""The page a browser sees at a service's address: what it is, how to call it, and a form to try it."""
