/**
 * A text without this character at its end, however often it stands there. Not by a pattern: on a text of many of them
 * with something else behind, a pattern would start anew at each one.
 */
export const withoutTrailing = (text: string, character: string): string => {
  let end = text.length
  while (end > 0 && text[end - 1] === character) end--
  return text.slice(0, end)
}
