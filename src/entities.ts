import { AdminToken } from './modules/admin-tokens/admin-token.entity.js';
import { ApiKey } from './modules/api-keys/api-key.entity.js';
import { Binding } from './modules/bindings/binding.entity.js';
import { Feature } from './modules/features/feature.entity.js';
import { KeySecret } from './modules/keys/key-secret.entity.js';
import { Key } from './modules/keys/key.entity.js';
import { Master } from './modules/masters/master.entity.js';
import { Model } from './modules/models/model.entity.js';
import { Namespace } from './modules/namespaces/namespace.entity.js';
import { OperationLog } from './modules/operation-logs/operation-log.entity.js';
import { ProviderGroup } from './modules/provider-groups/provider-group.entity.js';
import { Webhook } from './modules/webhooks/webhook.entity.js';

/** Every table that TypeORM maps; a test holds them equal to the migrations. */
export const entities = [
  AdminToken,
  ApiKey,
  Binding,
  Feature,
  Key,
  KeySecret,
  Master,
  Model,
  Namespace,
  OperationLog,
  ProviderGroup,
  Webhook,
];
