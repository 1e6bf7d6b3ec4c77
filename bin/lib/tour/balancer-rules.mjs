import net from 'node:net';

/**
 * Why a request is refused, or undefined. `token` and `master` are hashes of strings as Redis has them.
 * @param {Record<string, string>} token `auth:token:{hash}`
 * @param {Record<string, string>} master `auth:master:{id}`
 * @param {{ address: string, now: number }} request
 */
export function refusalOf(token, master, { address, now }) {
  if (token.status === undefined) return 'unknown key';
  if (token.status !== 'active') return `key is ${token.status}`;
  if (token.expires_at && Number(token.expires_at) * 1000 <= now) return 'key is expired';
  if (master.status !== 'active') return `master is ${master.status ?? 'unknown'}`;
  if (isListed(token.deny_ips, address)) return `${address} is denied`;
  if (token.allow_ips && !isListed(token.allow_ips, address)) return `${address} is not allowed`;
  return undefined;
}

/**
 * Which public model a name means for a key, or why it may not have it. The first dot ends the namespace.
 * @param {Record<string, string>} token
 * @param {string} name
 * @returns {{ field: string } | { refused: string }}
 */
export function readModelName(token, name) {
  const dot = name.indexOf('.');
  const namespace = dot < 0 ? (token.default_namespace ?? '') : name.slice(0, dot);
  const model = name.slice(dot + 1);
  const field = `${namespace}.${model}`;
  if (!namespace || !model) return { refused: `${name} has no namespace` };
  if (!listOf(token.namespaces).includes(namespace)) return { refused: `namespace ${namespace} is not the key's` };
  const isLimited = token.model_limits_enabled === 'true';
  if (isLimited && ![name, model, field].some((wanted) => listOf(token.model_limits).includes(wanted))) {
    return { refused: `${name} is not among the key's models` };
  }
  return { field };
}

/**
 * The candidates of a binding that may serve a key, each with its provider ids and upstream models.
 * @param {any} binding a value of `config:bindings`
 * @param {string} routeGroup
 * @returns {{ weight: number, upstreams: Record<string, string> }[]}
 */
export function candidatesFor(binding, routeGroup) {
  if (binding?.status !== 'active') return [];
  return binding.candidates.filter(
    (candidate) => candidate.status === 'active' && candidate.route_group === routeGroup && candidate.upstreams,
  );
}

/** @param {string | undefined} text */
const listOf = (text) => (text ? text.split(',') : []);

/** @param {string | undefined} ranges @param {string} address */
function isListed(ranges, address) {
  const list = new net.BlockList();
  for (const range of listOf(ranges)) {
    const [network, bits] = range.split('/');
    const family = net.isIPv6(network) ? 'ipv6' : 'ipv4';
    list.addSubnet(network, Number(bits ?? (family === 'ipv6' ? 128 : 32)), family);
  }
  return list.check(address, net.isIPv6(address) ? 'ipv6' : 'ipv4');
}
