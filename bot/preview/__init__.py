"""Every screen there is, made without Telegram: for the tests of the dialog rules, and for whoever writes the texts."""
