"""The words that the user sees, in the language of the settings: `tr` is the one way from English to it."""
