"""Update protocols: a module for each parses its requests and renders its answers, byte for byte as its clients expect.

What they share is parameters, credentials and answers.
"""
