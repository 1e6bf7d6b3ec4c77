import { Injectable, type PipeTransform } from '@nestjs/common';
import { invalidField } from '../../common/domain-error.js';

/** `?cascade=true`. Anything but `true` and `false` is refused: a typo must not decide what is deleted. */
@Injectable()
export class CascadePipe implements PipeTransform<unknown, boolean> {
  transform(value: unknown): boolean {
    if (value === undefined || value === 'false') return false;
    if (value === 'true') return true;
    throw invalidField('/cascade', 'cascade must be true or false');
  }
}
