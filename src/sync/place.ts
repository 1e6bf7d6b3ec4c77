import { redisKeys } from '../contract/redis-keys.js';
import { tellAll, type Tell } from './script-items.js';

/** Keys that scripts may touch together, and the marker that speaks for them. */
export interface Place {
  marker: string;
  /** The stream and the channel that changes are told on; undefined: elsewhere. */
  changes?: string;
  channel?: string;
  tell: Tell;
}

/** On one server. */
export const EVERYTHING: Place = {
  marker: redisKeys.marker,
  changes: redisKeys.changes,
  channel: redisKeys.refreshChannel,
  tell: tellAll,
};
