"""The work of `import`: reading files, words for refusals, the run itself. Imported late, see bot.cli.late."""
