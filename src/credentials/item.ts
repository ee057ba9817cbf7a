/** What an item may be called. It becomes a file name, so there is no slash, no leading dot and no space. */
export const itemPattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/

/** The same rule in words. */
export const itemRule =
  'an item is named with 1-64 of A-Z, a-z, 0-9, dot, underscore and dash, and starts with a letter or digit'
