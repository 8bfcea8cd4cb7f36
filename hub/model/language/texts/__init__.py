"""Every sentence in Chinese and English: TEXTS[code] = (zh, en). How to write one: `hub.model.language.sentences`."""
