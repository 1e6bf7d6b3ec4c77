/**
 * @typedef {object} ChannelType
 * @property {string} vendor what the exporter calls it
 * @property {string} [adapter] the provider type that balancers know; absent: they have none for it
 * @property {string} [base_url] what New API itself uses where the channel names none
 */

/** By the numbers of New API. One API numbers its types differently. @type {Readonly<Record<number, ChannelType>>} */
const CHANNEL_TYPES = {
  0: { vendor: 'custom', adapter: 'compatible' },
  1: { vendor: 'openai', adapter: 'openai', base_url: 'https://api.openai.com' },
  2: { vendor: 'midjourney' },
  3: { vendor: 'azure' },
  4: { vendor: 'ollama', adapter: 'compatible' },
  5: { vendor: 'midjourney' },
  6: { vendor: 'openai', adapter: 'openai', base_url: 'https://api.openaimax.com' },
  7: { vendor: 'openai', adapter: 'openai', base_url: 'https://api.ohmygpt.com' },
  8: { vendor: 'custom', adapter: 'compatible' },
  9: { vendor: 'openai', adapter: 'openai', base_url: 'https://api.caipacity.com' },
  10: { vendor: 'openai', adapter: 'openai', base_url: 'https://api.aiproxy.io' },
  11: { vendor: 'palm' },
  12: { vendor: 'openai', adapter: 'openai', base_url: 'https://api.api2gpt.com' },
  13: { vendor: 'openai', adapter: 'openai', base_url: 'https://api.aigc2d.com' },
  14: { vendor: 'anthropic', adapter: 'anthropic', base_url: 'https://api.anthropic.com' },
  15: { vendor: 'baidu' },
  16: { vendor: 'zhipu' },
  // New API adds the second half in its own adapter.
  17: { vendor: 'ali', adapter: 'compatible', base_url: 'https://dashscope.aliyuncs.com/compatible-mode' },
  18: { vendor: 'xunfei' },
  19: { vendor: '360', adapter: 'compatible', base_url: 'https://api.360.cn' },
  20: { vendor: 'openrouter', adapter: 'compatible', base_url: 'https://openrouter.ai/api' },
  21: { vendor: 'openai', adapter: 'openai', base_url: 'https://api.aiproxy.io' },
  22: { vendor: 'openai', adapter: 'openai', base_url: 'https://fastgpt.run/api/openapi' },
  23: { vendor: 'tencent' },
  24: { vendor: 'gemini', adapter: 'gemini', base_url: 'https://generativelanguage.googleapis.com' },
  25: { vendor: 'moonshot', adapter: 'compatible', base_url: 'https://api.moonshot.cn' },
  26: { vendor: 'zhipu' },
  27: { vendor: 'perplexity' },
  31: { vendor: 'lingyiwanwu', adapter: 'compatible', base_url: 'https://api.lingyiwanwu.com' },
  33: { vendor: 'aws' },
  34: { vendor: 'cohere' },
  35: { vendor: 'minimax' },
  36: { vendor: 'suno' },
  37: { vendor: 'dify' },
  38: { vendor: 'jina', adapter: 'compatible', base_url: 'https://api.jina.ai' },
  39: { vendor: 'cloudflare' },
  40: { vendor: 'siliconflow', adapter: 'compatible', base_url: 'https://api.siliconflow.cn' },
  // Its address is made from project and location.
  41: { vendor: 'vertex', adapter: 'vertex' },
  42: { vendor: 'mistral', adapter: 'compatible', base_url: 'https://api.mistral.ai' },
  43: { vendor: 'deepseek', adapter: 'compatible', base_url: 'https://api.deepseek.com' },
  44: { vendor: 'mokaai', adapter: 'compatible', base_url: 'https://api.moka.ai' },
  45: { vendor: 'volcengine' },
  46: { vendor: 'baidu' },
  47: { vendor: 'xinference', adapter: 'compatible' },
  48: { vendor: 'xai', adapter: 'compatible', base_url: 'https://api.x.ai' },
  49: { vendor: 'coze' },
  50: { vendor: 'kling' },
  51: { vendor: 'jimeng' },
  52: { vendor: 'vidu' },
  53: { vendor: 'submodel', adapter: 'compatible', base_url: 'https://llm.submodel.ai' },
  54: { vendor: 'doubao' },
  55: { vendor: 'openai', adapter: 'openai', base_url: 'https://api.openai.com' },
  56: { vendor: 'replicate' },
  // The exporter knows none of these and calls them all "custom".
  57: { vendor: 'codex', adapter: 'codex', base_url: 'https://chatgpt.com' },
  58: { vendor: 'advanced-custom', adapter: 'compatible' },
  59: { vendor: 'sub2api', adapter: 'compatible' },
  60: { vendor: 'newapi', adapter: 'compatible' },
};

/**
 * How balancers can reach a channel, or why they cannot. Those stay visible, as a disabled group with the reason.
 * @param {number} type
 * @param {string} ownBaseUrl
 * @returns {{ type: string, base_url: string, unusable?: string }}
 */
export function upstreamOf(type, ownBaseUrl) {
  const { vendor, adapter, base_url = '' } = CHANNEL_TYPES[type] ?? { vendor: `type ${type}` };
  const url = ownBaseUrl || base_url;
  if (!adapter) return { type: 'compatible', base_url: url, unusable: `balancers have no adapter for ${vendor}` };
  // An OpenAI-compatible endpoint can be anywhere; without a URL it would silently be OpenAI's.
  if (adapter === 'compatible' && url === '') {
    return { type: adapter, base_url: url, unusable: `${vendor} has no usual address, and the channel names none` };
  }
  return { type: adapter, base_url: url };
}
