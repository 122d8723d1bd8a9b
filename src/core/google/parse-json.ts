/** @returns undefined for what is no JSON: the message of a syntax error quotes the text, so nothing of it is passed on */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
