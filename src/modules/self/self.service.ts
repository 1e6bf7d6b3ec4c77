import { Injectable } from '@nestjs/common';
import { KeysService } from '../keys/keys.service.js';
import { MastersService } from '../masters/masters.service.js';
import { toSelfView, type SelfView } from './self.dto.js';

@Injectable()
export class SelfService {
  constructor(
    private readonly masters: MastersService,
    private readonly keys: KeysService,
  ) {}

  async get(masterId: number): Promise<SelfView> {
    const [master, counts] = await Promise.all([this.masters.get(masterId), this.keys.of(masterId).count()]);
    return toSelfView(master, counts);
  }
}
