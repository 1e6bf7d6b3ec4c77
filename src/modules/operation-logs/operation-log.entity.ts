import { Column, Entity, Index } from 'typeorm';
import { BIGINT, TIMESTAMP } from '../../database/columns.js';
import { Identity } from '../../database/identity.js';

/** Append-only: written by the outbox in the transaction of the change, and never touched again (a trigger sees to it). */
@Entity({ name: 'operation_logs' })
@Index('ix_operation_logs_resource', ['resource', 'resource_id', 'id'])
@Index('ix_operation_logs_actor', ['actor_type', 'actor_id', 'id'])
@Index('ix_operation_logs_at', { synchronize: false })
@Index('ix_operation_logs_config_version', ['config_version'])
@Index('ix_operation_logs_request_id', ['request_id'], { where: `request_id <> ''` })
export class OperationLog {
  @Identity('pk_operation_logs')
  id!: number;

  @Column({ ...TIMESTAMP, default: () => 'now()' })
  at!: Date;

  @Column({ type: 'text' })
  actor_type!: string;

  @Column({ type: 'text' })
  actor_id!: string;

  @Column({ type: 'text' })
  actor_name!: string;

  @Column({ type: 'text', default: '' })
  ip!: string;

  @Column({ type: 'text', default: '' })
  request_id!: string;

  @Column({ type: 'text' })
  action!: string;

  @Column({ type: 'text' })
  resource!: string;

  @Column({ ...BIGINT, nullable: true })
  resource_id!: number | null;

  @Column({ type: 'jsonb', nullable: true })
  before!: object | null;

  @Column({ type: 'jsonb', nullable: true })
  after!: object | null;

  @Column({ type: 'bigint' })
  gen!: string;

  @Column({ type: 'bigint' })
  config_version!: string;
}
