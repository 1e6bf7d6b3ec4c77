import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { invalidField } from '../../common/domain-error.js';
import { canonicalIpRange } from '../../common/ip-range.js';
import { parseModelRef, type ModelRef } from '../../contract/model-ref.js';
import { hashToken } from '../../contract/token.js';
import { BindingsService, type ResolvedBinding } from '../bindings/bindings.service.js';
import type { ExplainDto } from './explain.dto.js';
import { findKey, findNamespaceStatus, type KeyFacts } from './explain.facts.js';
import { checksOf, reasonAgainst, unknownKey, verdictOf, type Check } from './explain.js';

export interface Explanation {
  verdict: 'served' | 'refused';
  sentence: string;
  key?: KeyFacts;
  model?: ModelRef;
  checks: Check[];
  candidates: { binding: ResolvedBinding; reason: string | null }[];
}

/** What a balancer would decide about a request, and why, from what PostgreSQL knows. */
@Injectable()
export class ExplainService {
  constructor(
    private readonly database: DataSource,
    private readonly bindings: BindingsService,
  ) {}

  async explain(asked: ExplainDto): Promise<Explanation> {
    const { token, model, ip } = asked;
    const key = await findKey(this.database.manager, theOneHash(asked));
    if (!key) {
      const checks = [unknownKey(token)];
      return { ...verdictOf(checks, []), checks, candidates: [] };
    }

    const ref = parseModelRef(model, key.default_namespace);
    const namespace = ref && (await findNamespaceStatus(this.database.manager, ref.namespace));
    const bindings = ref ? await this.bindings.named(ref.namespace, ref.public_model) : [];
    const checks = checksOf({ key, model, ip: canonicalIpRange(ip), ref, namespace, bindings });
    const candidates = bindings.map((binding) => ({
      binding,
      reason: reasonAgainst(binding, key.route_group) ?? null,
    }));
    const open = candidates.flatMap(({ binding, reason }) => (reason === null ? binding : []));
    return { ...verdictOf(checks, open), key, model: ref, checks, candidates };
  }
}

/** Null is as good as nothing, here as everywhere in JSON. */
function theOneHash({ token, token_hash }: ExplainDto): string {
  const hashes = [token_hash ?? [], token ? hashToken(token) : []].flat();
  if (hashes.length !== 1) throw invalidField('/token', 'either token or token_hash is required');
  return hashes[0]!;
}
