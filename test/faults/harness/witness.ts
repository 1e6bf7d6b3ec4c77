/** Tables whose rows make up the configuration, in an order in which nothing refers to what comes later. */
export const CONFIGURATION = [
  'namespaces',
  'masters',
  'keys',
  'key_secrets',
  'provider_groups',
  'api_keys',
  'models',
  'bindings',
  'features',
] as const;

const REPLAYED = [...CONFIGURATION, 'sync_resource'];

/**
 * A witness inside the database: triggers note every row that any transaction writes, and which version it took. From these
 * notes each version can be played again, one by one, in tables of their own. The product knows nothing of it.
 */
export const WITNESS = `
CREATE SCHEMA witness;
CREATE TABLE witness.change (
  id bigint GENERATED ALWAYS AS IDENTITY, xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
  relation text NOT NULL, op text NOT NULL, "row" jsonb NOT NULL);
CREATE INDEX ON witness.change (xid);
CREATE TABLE witness.version (
  id bigint GENERATED ALWAYS AS IDENTITY, xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
  gen bigint NOT NULL, version bigint NOT NULL, old_gen bigint NOT NULL, old_version bigint NOT NULL);

CREATE FUNCTION witness.note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    INSERT INTO witness.change (relation, op, "row") VALUES (TG_TABLE_NAME, TG_OP, to_jsonb(OLD));
  ELSE
    INSERT INTO witness.change (relation, op, "row") VALUES (TG_TABLE_NAME, TG_OP, to_jsonb(NEW));
  END IF;
  RETURN NULL;
END $$;
CREATE FUNCTION witness.note_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO witness.version (gen, version, old_gen, old_version) VALUES (NEW.gen, NEW.version, OLD.gen, OLD.version);
  RETURN NULL;
END $$;

${CONFIGURATION.map(
  (table) => `
CREATE TRIGGER witness AFTER INSERT OR UPDATE OR DELETE ON ${table} FOR EACH ROW EXECUTE FUNCTION witness.note();`,
).join('')}
CREATE TRIGGER witness AFTER INSERT OR DELETE ON sync_resource FOR EACH ROW EXECUTE FUNCTION witness.note();
CREATE TRIGGER witness_update AFTER UPDATE ON sync_resource FOR EACH ROW
  WHEN (OLD.version <> NEW.version) EXECUTE FUNCTION witness.note();
CREATE TRIGGER witness AFTER INSERT ON operation_logs FOR EACH ROW EXECUTE FUNCTION witness.note();
CREATE TRIGGER witness AFTER UPDATE ON sync_head FOR EACH ROW
  WHEN (OLD.version <> NEW.version OR OLD.gen <> NEW.gen) EXECUTE FUNCTION witness.note_version();

CREATE SCHEMA replay;
${REPLAYED.map((table) => `CREATE TABLE replay.${table} (LIKE public.${table} INCLUDING INDEXES);`).join('\n')}
CREATE FUNCTION witness.replay(of xid8) RETURNS void LANGUAGE plpgsql AS $$
DECLARE c witness.change;
BEGIN
  FOR c IN SELECT * FROM witness.change WHERE xid = of AND relation = ANY ('{${REPLAYED.join(',')}}') ORDER BY id LOOP
    IF c.relation = 'sync_resource' THEN
      DELETE FROM replay.sync_resource WHERE kind = c."row"->>'kind' AND ref = c."row"->>'ref';
    ELSE
      EXECUTE format('DELETE FROM replay.%I WHERE id = $1', c.relation) USING (c."row"->>'id')::bigint;
    END IF;
    IF c.op <> 'DELETE' THEN
      EXECUTE format('INSERT INTO replay.%1$I SELECT * FROM jsonb_populate_record(NULL::replay.%1$I, $1)', c.relation)
        USING c."row";
    END IF;
  END LOOP;
END $$;
`;
