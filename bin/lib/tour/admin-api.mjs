const MOST_ITEMS = 1000;

/** The admin API, from outside: a URL, a token and JSON. */
export class AdminApi {
  requests = 0;
  /** Answers that a request with the same Idempotency-Key had got before. */
  replays = 0;

  /**
   * @param {string} url
   * @param {string} token
   */
  constructor(url, token) {
    this.url = url;
    this.token = token;
  }

  /**
   * @param {string} path
   * @param {object} body
   * @param {Record<string, string>} [headers]
   * @returns {Promise<{ body: any, version: string | null, propagation: string | null }>}
   */
  async post(path, body, headers = {}) {
    this.requests++;
    const response = await globalThis.fetch(`${this.url}${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${this.token}`, 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });
    const answer = await response.json();
    if (!response.ok) throw new Error(`POST ${path} was refused: ${explainProblem(answer)}`);
    if (response.headers.has('idempotency-replayed')) this.replays++;
    return {
      body: answer,
      version: response.headers.get('ez-config-version'),
      propagation: response.headers.get('ez-propagation'),
    };
  }

  /**
   * Creates all items in as few requests as the API allows. A repetition with the same `attempt` creates nothing twice.
   * @param {string} path
   * @param {object[]} items
   * @param {string} attempt
   * @returns {Promise<any[]>} the created resources, in the order of the items
   */
  async createAll(path, items, attempt) {
    const created = [];
    for (let start = 0; start < items.length; start += MOST_ITEMS) {
      const create = items.slice(start, start + MOST_ITEMS);
      const headers = { 'idempotency-key': `${attempt}:${path}:${start}` };
      const { body } = await this.post(`${path}/batch`, { create }, headers);
      created.push(...body.created);
    }
    return created;
  }
}

/** Problems name the item and the field. */
function explainProblem({ title, detail, errors = [] }) {
  return [detail ?? title, ...errors.map(({ pointer, message }) => `${pointer}: ${message}`)].join('; ');
}
