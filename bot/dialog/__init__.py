"""The dialog engine. Pure: no Telegram, no database, no clock; it is told what came and says what follows."""
