/** @param {string} text @returns {any} undefined if it is no JSON */
export function parseJson(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The items of a column of New API that is a list: without blanks around them, empty ones and repetitions. @param {string} csv */
export const itemsOf = (csv) => [...new Set(csv.split(',').map((item) => item.trim()))].filter((item) => item !== '');
