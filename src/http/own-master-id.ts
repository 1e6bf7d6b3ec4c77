import { createParamDecorator } from '@nestjs/common';
import { currentActor } from '../common/request-context.js';

/** On `MasterRoute`s: the tenant who asks, the only one whose rows the route may touch. */
export const OwnMasterId = createParamDecorator(() => Number(currentActor().id));
